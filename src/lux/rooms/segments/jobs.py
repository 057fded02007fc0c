"""The segments' background work: what is done to many contacts, taking it back, and old journals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lux.kit.i18n import gettext as _
from lux.kit.jobs import JobKind, Schedule
from lux.rooms.segments.bulk import run

if TYPE_CHECKING:
    from lux.kit.jobs import JobContext


def bulk(context: JobContext, args: dict[str, Any]) -> None:
    """Do something to many contacts."""
    run.run(context, int(args["action_id"]))


def bulk_undo(context: JobContext, args: dict[str, Any]) -> None:
    """Take it back."""
    run.take_back(context, int(args["action_id"]))


def bulk_forget(context: JobContext, _args: dict[str, Any]) -> None:
    """Remove journals that have had their time."""
    run.forget(context)


KINDS = (
    JobKind(name="segments.bulk", handler=bulk, title=lambda: _("Change many contacts"), queue="import"),
    JobKind(name="segments.bulk_undo", handler=bulk_undo, title=lambda: _("Take a change back"), queue="import"),
    JobKind(name="segments.bulk_forget", handler=bulk_forget, title=lambda: _("Remove old journals of changes")),
)
SCHEDULES = (Schedule(name="segments.bulk_forget", rule="50 3 * * *", kind="segments.bulk_forget"),)
