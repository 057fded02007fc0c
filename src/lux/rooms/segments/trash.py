"""Segments in the trash, for the house's overview and for the clock."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lux.kit.db import trash
from lux.kit.i18n import gettext as _
from lux.ports.trash import Rows, TrashedThing
from lux.rooms.segments import service
from lux.rooms.segments.models import Segment

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person


class SegmentBin(Rows):
    """Removing a list for good takes its memberships with it, never its contacts."""

    key, icon, order = "segments", "filter", 30
    model = Segment

    def heading(self) -> str:
        """Return what they are called together."""
        return _("Segments")

    def restore(self, session: Session, public_ids: Sequence[uuid.UUID], by: Person | None) -> int:  # noqa: ARG002 - the protocol's shape
        """Bring segments back; returns how many."""
        rows = trash.lying(session, Segment, public_ids)
        for row in rows:
            service.restore(session, row)
        return len(rows)

    def remove(self, session: Session, public_ids: Sequence[uuid.UUID], by: Person | None) -> int:  # noqa: ARG002 - the protocol's shape
        """Delete segments; returns how many. Rules that ask for one stay broken, and name it."""
        rows = trash.lying(session, Segment, public_ids)
        for row in rows:
            service.delete(session, row)
        return len(rows)

    def described(self, session: Session, rows: Sequence[Any]) -> list[TrashedThing]:  # noqa: ARG002 - the protocol's shape
        """Return segments as people see them in the trash."""
        return [
            TrashedThing(
                id=row.id,
                public_id=row.public_id,
                label=row.name,
                detail=_("Rule") if row.is_dynamic else _("List"),
                url=f"/segments/{row.public_id}",
                trashed_at=row.trashed_at,
                trashed_by=row.trashed_by or "",
            )
            for row in rows
        ]
