"""The pages of imports: upload, mapping, progress, report."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from flask import request

from lux.identity.access import Right
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.net.storage import store_of
from lux.rooms.contacts.forms.transfer import DELIMITER_NAMES, DialectForm, ImportForm
from lux.rooms.contacts.importing import guess
from lux.rooms.contacts.importing.dialect import ENCODINGS
from lux.rooms.contacts.importing.receive import size_words
from lux.rooms.contacts.models import ContactImport
from lux.rooms.contacts.pages import words
from lux.rooms.contacts.pages.blueprint import contacts
from lux.rooms.contacts.pages.undo import undo_context
from lux.rooms.contacts.queries import tables
from lux.rooms.contacts.service import reports, uploads
from lux.rooms.contacts.values import country_choices
from lux.ui import files, web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast
from lux.ui.parsing import parse

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

SHOWN_REJECTIONS = 20


@contacts.get("/imports")
@access(Right.VIEW)
def imports_index() -> Response:
    """Show the latest imports."""
    rows = [(one, tables.state_of(web.session(), one)[0]) for one in tables.imports(web.session())]
    return page("contacts/imports.html", rows=rows, words=words, can_edit=web.person().has(Right.EDIT))


@contacts.get("/imports/new")
@access(Right.EDIT)
def import_new() -> Response:
    """Show the form that takes a file."""
    return page("contacts/import_new.html", form=form_state({}), most=size_words(web.settings().max_upload_mb * 2**20))


@contacts.post("/imports/new")
@access(Right.EDIT)
@shows_again(import_new)
def upload() -> Response:
    """Take a file and go on to its mapping."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise InvalidInput(field="file", message=_("Choose a file."))
    limit, store = web.settings().max_upload_mb * 2**20, store_of(web.settings())
    entry = uploads.upload(web.session(), store, file.stream, file.filename, web.person(), limit=limit)  # type: ignore[arg-type]
    return redirect_to("contacts.import_map", public_id=entry.public_id)


@contacts.get("/imports/<uuid:public_id>/map")
@access(Right.EDIT)
def import_map(public_id: uuid.UUID) -> Response:
    """Show how the file is read, what its columns are, and what is to happen with its rows."""
    entry = tables.import_by_public_id(web.session(), public_id)
    if entry.state != "uploaded":
        return redirect_to("contacts.import_show", public_id=public_id)
    return page("contacts/import_map.html", block="mapping", **_mapping(entry))


@contacts.post("/imports/<uuid:public_id>/map")
@access(Right.EDIT)
@shows_again(import_map)
def import_start(public_id: uuid.UUID) -> Response:
    """Put the import into the queue."""
    entry = tables.import_by_public_id(web.session(), public_id)
    uploads.start(web.session(), store_of(web.settings()), entry, read_form(ImportForm), web.person())
    return redirect_to("contacts.import_show", public_id=public_id)


@contacts.get("/imports/<uuid:public_id>")
@access(Right.VIEW)
def import_show(public_id: uuid.UUID) -> Response:
    """Show how far an import is and what came of it."""
    entry = tables.import_by_public_id(web.session(), public_id)
    state, error = tables.state_of(web.session(), entry)
    refused = tables.rejections(web.session(), entry.id, limit=SHOWN_REJECTIONS)
    can_edit = web.person().has(Right.EDIT)
    context: dict[str, Any] = {"entry": entry, "state": state, "error": error, "refused": refused, "words": words}
    context |= undo_context(entry)
    return page("contacts/import_show.html", block="status", can_edit=can_edit, **context)


@contacts.post("/imports/<uuid:public_id>/cancel")
@access(Right.EDIT)
def import_cancel(public_id: uuid.UUID) -> Response:
    """Stop an import; what is in stays in."""
    uploads.cancel(web.session(), tables.import_by_public_id(web.session(), public_id))
    toast(_("The import is being stopped. What is in stays in."))
    return redirect_to("contacts.import_show", public_id=public_id)


@contacts.post("/imports/<uuid:public_id>/go-on")
@access(Right.EDIT)
def import_go_on(public_id: uuid.UUID) -> Response:
    """Start a stopped import again where it stands."""
    entry = tables.import_by_public_id(web.session(), public_id)
    uploads.go_on(web.session(), store_of(web.settings()), entry, web.person())
    return redirect_to("contacts.import_show", public_id=public_id)


@contacts.get("/imports/<uuid:public_id>/report.csv")
@access(Right.EDIT)
def import_report(public_id: uuid.UUID) -> Response:
    """Send each refused row with its reason; the audit chain notes who took it."""
    with web.database().begin(web.company_id()) as session:
        entry = reports.take_report(session, public_id, web.person())
    return files.attachment(f"import-report-{public_id}.csv", reports.report_csv(web.database(), entry), "text/csv")


def _mapping(entry: ContactImport) -> dict[str, Any]:
    session = web.session()
    asked = {name: request.values.get(name, "") for name in DialectForm.model_fields}
    preview = uploads.preview(session, store_of(web.settings()), entry, parse(DialectForm, asked))
    form = form_state(uploads.defaults(session, preview))
    chosen = request.form.getlist("columns")
    names = {sign: name for name, sign in DELIMITER_NAMES.items()}
    return {
        "entry": entry,
        "form": form,
        "preview": preview,
        "offer": preview.offer,
        "targets": chosen if len(chosen) == len(preview.columns) else preview.offer.targets,
        "sheets": [
            (name, _("%(name)s (hidden)", name=name) if hide else name) for name, hide in preview.dialect.sheets
        ],
        "choices": guess.target_choices(tables.custom_fields(session)),
        "encodings": [(one, one.upper()) for one in ENCODINGS],
        "delimiters": [("comma", _("Comma")), ("semicolon", _("Semicolon")), ("tab", _("Tab")), ("bar", _("Bar"))],
        "delimiter": names.get(preview.dialect.delimiter, ""),
        "countries": country_choices(),
        "tags": [(tag.name, tag.name) for tag in tables.all_tags(session)],
        "words": words,
    }
