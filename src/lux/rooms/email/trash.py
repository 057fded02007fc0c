"""Campaigns in the trash, for the house's overview and for the clock."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lux.kit.db import trash
from lux.kit.i18n import gettext as _
from lux.ports.trash import Rows, TrashedThing
from lux.rooms.content.service import versions
from lux.rooms.email import service
from lux.rooms.email.models import Campaign

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from lux.identity.access import Person


class CampaignBin(Rows):
    """Only drafts go for good: what was submitted is named by decisions, figures and contacts' pages."""

    key, icon, order = "campaigns", "send", 20
    model = Campaign

    def heading(self) -> str:
        """Return what they are called together."""
        return _("Campaigns")

    def restore(self, session: Session, public_ids: Sequence[uuid.UUID], by: Person | None) -> int:  # noqa: ARG002 - the protocol's shape
        """Bring campaigns back; returns how many."""
        rows = trash.lying(session, Campaign, public_ids)
        for row in rows:
            service.restore(session, row)
        return len(rows)

    def remove(self, session: Session, public_ids: Sequence[uuid.UUID], by: Person | None) -> int:  # noqa: ARG002 - the protocol's shape
        """Delete drafts with their versions; returns how many."""
        rows = [row for row in trash.lying(session, Campaign, public_ids) if row.outbound_id is None]
        for row in rows:
            versions.forget(session, service.subject_of(row))
            session.delete(row)
        session.flush()
        return len(rows)

    def may_go(self) -> Sequence[ColumnElement[bool]]:
        """Return that only drafts go: those that were sent stay for good, and are not read for nothing every night."""
        return (Campaign.outbound_id.is_(None),)

    def described(self, session: Session, rows: Sequence[Any]) -> list[TrashedThing]:  # noqa: ARG002 - the protocol's shape
        """Return campaigns as people see them in the trash."""
        return [
            TrashedThing(
                id=row.id,
                public_id=row.public_id,
                label=row.name,
                detail=row.subject[:100],
                url=f"/campaigns/{row.public_id}",
                trashed_at=row.trashed_at,
                trashed_by=row.trashed_by or "",
                kept_because=_("It was submitted: decisions and figures name it.") if row.outbound_id else "",
            )
            for row in rows
        ]
