"""What a company's settings say about UTM parameters: whether new campaigns add them, and the names in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.identity import companies

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

OWN = {"source": "", "medium": "", "campaign": ""}  # of a campaign that names nothing of its own


def names(session: Session) -> dict[str, str]:
    """Return the company's source and medium, for campaigns that name none of their own."""
    company = companies.current(session)
    said = company.utm or {}
    return {"source": said.get("source") or company.slug, "medium": said.get("medium") or "email"}


def is_on(session: Session) -> bool:
    """Say whether the company's new campaigns add UTM parameters."""
    return bool((companies.current(session).utm or {}).get("is_on"))
