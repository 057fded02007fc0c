"""Unsubscribing by the link in a mail, and taking that back: the link's token is the only proof needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lux.gate import engagement
from lux.identity import companies
from lux.kit import i18n
from lux.kit.errors import NotFound
from lux.render.tokens import UNSUBSCRIBE
from lux.rooms.email import tracking
from lux.rooms.newsletter import queries

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.db import Database
    from lux.kit.settings import Settings

SOURCE_PAGE = "unsubscribe page"
SOURCE_ONE_CLICK = "one-click (RFC 8058)"
SOURCE_UNDO = "unsubscribe page: changed my mind"


@dataclass(frozen=True, kw_only=True)
class Subscriber:
    """Whom an unsubscribe link belongs to, with no more than the page shows."""

    delivery_id: int
    masked_address: str
    company_name: str
    language: str  # "" = not known
    is_unsubscribed: bool
    may_return: bool  # nothing but their own word keeps mail from them


def company_of(db: Database, settings: Settings, token: str, *, purpose: str = UNSUBSCRIBE) -> tuple[int, int] | None:
    """Return (company id, delivery id) of a token for a purpose, or None when it is not ours or its mail is gone."""
    delivery_id = tracking.delivery_of(settings, purpose, token)
    if delivery_id is None:
        return None
    company_id = engagement.delivery_company(db, delivery_id)
    return (company_id, delivery_id) if company_id is not None else None


def subscriber(session: Session, delivery_id: int) -> Subscriber:
    """Return whom a delivery went to; raises NotFound, also for a person who was erased."""
    found = engagement.recipient(session, delivery_id)
    if not found.address:
        raise NotFound
    company = companies.current(session)
    language = queries.language(session, found.contact_id) if found.contact_id else ""
    return Subscriber(
        delivery_id=delivery_id,
        masked_address=masked(found.address),
        company_name=company.name,
        language=best_locale(language),
        is_unsubscribed=found.is_unsubscribed,
        may_return=found.may_return,
    )


def unsubscribe(session: Session, delivery_id: int, *, is_one_click: bool, proof: Mapping[str, str]) -> bool:
    """Take consent back and suppress the address; False when that was so already."""
    source = SOURCE_ONE_CLICK if is_one_click else SOURCE_PAGE
    return engagement.unsubscribe(session, delivery_id, source=source, proof=proof)


def resubscribe(session: Session, delivery_id: int, *, wording: str, proof: Mapping[str, str]) -> bool:
    """Give consent anew with what the page said as proof; False when there was nothing to take back."""
    return engagement.resubscribe(session, delivery_id, source=SOURCE_UNDO, wording=wording, proof=proof)


def masked(address: str) -> str:
    """Return an address its owner recognises and nobody else learns: a•••@example.com."""
    local, _sign, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def best_locale(language: str) -> str:
    """Return the locale of ours that fits a language tag ("de-AT" → "de"), or nothing."""
    known = i18n.available_locales()
    wanted = language.replace("-", "_")
    for name in (wanted, wanted.partition("_")[0]):
        if name in known:
            return name
    return ""
