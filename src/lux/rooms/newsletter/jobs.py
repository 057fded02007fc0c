"""The newsletter's background work: forgetting who never confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lux.kit.db import ALL_COMPANIES
from lux.kit.i18n import lazy_gettext as _
from lux.kit.jobs import JobKind, Schedule
from lux.rooms.newsletter import opt_in

if TYPE_CHECKING:
    from lux.kit.jobs import JobContext


def sweep(context: JobContext, _args: dict[str, Any]) -> None:
    """Forget links that have ended."""
    with context.db.begin(ALL_COMPANIES) as session:
        opt_in.sweep(session)


KINDS = (JobKind(name="newsletter.sweep", handler=sweep, title=_("Forget who never confirmed")),)
SCHEDULES = (Schedule(name="newsletter.sweep", rule="53 3 * * *", kind="newsletter.sweep"),)
