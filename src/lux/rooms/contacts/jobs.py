"""The contacts' background work: imports, exports, values of deleted fields, and what has had its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lux.kit.i18n import gettext as _
from lux.kit.jobs import JobKind, Schedule
from lux.net.storage import store_of
from lux.rooms.contacts.importing import run as importing
from lux.rooms.contacts.service import exports, fields, files, retention, undoing

if TYPE_CHECKING:
    from lux.kit.jobs import JobContext


def import_file(context: JobContext, args: dict[str, Any]) -> None:
    """Import a file from where it stands."""
    importing.run(context, store_of(context.settings), int(args["import_id"]))


def undo_import(context: JobContext, args: dict[str, Any]) -> None:
    """Undo an import from where its undo stands."""
    undoing.run(context, int(args["import_id"]))


def export_file(context: JobContext, args: dict[str, Any]) -> None:
    """Write an export."""
    exports.run(context, store_of(context.settings), int(args["export_id"]))


def forget_field(context: JobContext, args: dict[str, Any]) -> None:
    """Remove the values of a deleted custom field."""
    fields.forget_values(context, str(args["key"]))


def forget_files(context: JobContext, args: dict[str, Any]) -> None:
    """Remove files that may name somebody who was erased."""
    files.forget(store_of(context.settings), list(args["keys"]))


def clean_up(context: JobContext, _args: dict[str, Any]) -> None:
    """Remove expired exports, old uploads and reports."""
    retention.clean_up(context, store_of(context.settings))


KINDS = (
    JobKind(name="contacts.import", handler=import_file, title=lambda: _("Import contacts"), queue="import"),
    JobKind(name="contacts.undo_import", handler=undo_import, title=lambda: _("Undo an import"), queue="import"),
    JobKind(name="contacts.export", handler=export_file, title=lambda: _("Export contacts"), queue="import"),
    JobKind(name="contacts.forget_field", handler=forget_field, title=lambda: _("Remove a deleted field’s values")),
    JobKind(name="contacts.forget_files", handler=forget_files, title=lambda: _("Remove files of erased people")),
    JobKind(name="contacts.clean_up", handler=clean_up, title=lambda: _("Remove old imports and exports")),
)
SCHEDULES = (Schedule(name="contacts.clean_up", rule="20 3 * * *", kind="contacts.clean_up"),)
