"""The clock that empties the trash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lux.kit.i18n import gettext as _
from lux.kit.jobs import JobKind, Schedule
from lux.rooms.trash import service

if TYPE_CHECKING:
    from lux.kit.jobs import JobContext


def empty(context: JobContext, _args: dict[str, Any]) -> None:
    """Remove for good what has lain in the trash for longer than is set."""
    service.empty_overdue(context)


KINDS = (JobKind(name="trash.empty", handler=empty, title=lambda: _("Empty the trash")),)
SCHEDULES = (Schedule(name="trash.empty", rule="10 4 * * *", kind="trash.empty"),)
