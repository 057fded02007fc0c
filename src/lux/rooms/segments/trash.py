"""Segments in the trash, for the house's overview and for the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.kit.i18n import gettext as _
from lux.ports.trash import Rows
from lux.rooms.segments import service
from lux.rooms.segments.models import Segment

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class SegmentBin(Rows):
    """Removing a list for good takes its memberships with it, never its contacts."""

    key, icon, order = "segments", "filter", 30
    model, path = Segment, "/segments/"

    def heading(self) -> str:
        """Return what they are called together."""
        return _("Segments")

    def detail(self, row: Segment) -> str:
        """Return which kind it is."""
        return _("Rule") if row.is_dynamic else _("List")

    def bring_back(self, session: Session, row: Segment) -> None:
        """Take a segment out of the trash."""
        service.restore(session, row)

    def delete(self, session: Session, row: Segment) -> None:
        """Delete a segment. Rules that ask for it stay broken, and name it."""
        service.delete(session, row)
