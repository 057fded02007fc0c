"""What is left to do when a company was removed, and companies on their way to and from other installations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lux.gate import captured
from lux.kit.i18n import lazy_gettext as _
from lux.kit.jobs import JobKind, Schedule
from lux.net.storage import store_of

if TYPE_CHECKING:
    from lux.kit.jobs import JobContext


def forget_mail(context: JobContext, args: dict[str, Any]) -> None:
    """Delete what the built-in mailbox and the file store kept for a company that is gone."""
    captured.forget_company(context.settings, int(args["company_id"]))
    store = store_of(context.settings)
    for key in args.get("keys", ()):
        store.delete(key)


def export_company(context: JobContext, args: dict[str, Any]) -> None:
    """Write a file with everything of a company."""
    from lux.rooms.company.transfer import exports

    exports.run(context, store_of(context.settings), int(args["export_id"]))


def import_company(context: JobContext, args: dict[str, Any]) -> None:
    """Make a company of an archive."""
    from lux.rooms.company.transfer import uploads

    asked_in = args.get("asked_in")
    uploads.run(context, store_of(context.settings), int(args["import_id"]), asked_in=asked_in)


def tidy(context: JobContext, _args: dict[str, Any]) -> None:
    """Remove files of companies that have had their time, and what broken imports left."""
    from lux.rooms.company.transfer import retention

    retention.clean_up(context, store_of(context.settings))


KINDS = (
    JobKind(name="company.export", handler=export_company, title=_("Export a company"), queue="import"),
    JobKind(name="company.import", handler=import_company, title=_("Import a company"), queue="import"),
    JobKind(name="company.tidy", handler=tidy, title=_("Remove old files of companies")),
    JobKind(name="company.forget_mail", handler=forget_mail, title=_("Delete mail and files of a removed company")),
)
SCHEDULES = (Schedule(name="company.tidy", rule="50 * * * *", kind="company.tidy"),)
