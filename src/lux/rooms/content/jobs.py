"""Content's background work: files of deleted pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lux.kit.i18n import gettext as _
from lux.kit.jobs import JobKind
from lux.net.storage import store_of

if TYPE_CHECKING:
    from lux.kit.jobs import JobContext


def forget_files(context: JobContext, args: dict[str, Any]) -> None:
    """Remove files; running twice does no harm."""
    store = store_of(context.settings)
    for key in args["keys"]:
        store.delete(str(key))


KINDS = (JobKind(name="content.forget_files", handler=forget_files, title=lambda: _("Remove deleted pictures")),)
