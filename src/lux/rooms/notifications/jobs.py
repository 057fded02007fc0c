"""Old notices go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lux.kit.db import ALL_COMPANIES
from lux.kit.i18n import lazy_gettext as _
from lux.kit.jobs import JobKind, Schedule
from lux.rooms.notifications import service

if TYPE_CHECKING:
    from lux.kit.jobs import JobContext


def sweep(context: JobContext, _args: dict[str, Any]) -> None:
    """Delete notices older than half a year."""
    with context.db.begin(ALL_COMPANIES) as session:
        service.sweep(session)


KINDS = (JobKind(name="notifications.sweep", handler=sweep, title=_("Remove old notices")),)
SCHEDULES = (Schedule(name="notifications.sweep", rule="37 3 * * *", kind="notifications.sweep"),)
