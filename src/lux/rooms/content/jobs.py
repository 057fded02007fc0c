"""Content's background work: files of deleted pictures, and those that nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lux.kit.i18n import gettext as _
from lux.kit.jobs import JobKind, Schedule
from lux.net.storage import store_of
from lux.rooms.content.service import strays

if TYPE_CHECKING:
    from lux.kit.jobs import JobContext


def forget_files(context: JobContext, args: dict[str, Any]) -> None:
    """Remove files; running twice does no harm."""
    store = store_of(context.settings)
    for key in args["keys"]:
        store.delete(str(key))


def drop_strays(context: JobContext, _args: dict[str, Any]) -> None:
    """Remove files that no picture has."""
    strays.drop(context, store_of(context.settings))


KINDS = (
    JobKind(name="content.forget_files", handler=forget_files, title=lambda: _("Remove deleted pictures")),
    JobKind(name="content.drop_strays", handler=drop_strays, title=lambda: _("Remove files that no picture has")),
)
SCHEDULES = (Schedule(name="content.drop_strays", rule="35 3 * * *", kind="content.drop_strays"),)
