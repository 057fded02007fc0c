"""Campaigns as places in which pictures and blocks of the content room stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lux.kit.i18n import gettext as _
from lux.ports.finding import SearchHit
from lux.rooms.email import queries

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class CampaignTexts:
    """What campaigns say, also those in the trash and those that were sent."""

    def texts(self, session: Session, _company_id: int, fragment: str, limit: int) -> Sequence[tuple[SearchHit, str]]:
        """Return campaigns whose source or text holds the fragment."""
        return [
            (
                SearchHit(label=row.name, kind=_("Campaign"), url=f"/campaigns/{row.public_id}"),
                f"{row.source}\n{row.text}",
            )
            for row in queries.with_text(session, fragment, limit)
        ]
