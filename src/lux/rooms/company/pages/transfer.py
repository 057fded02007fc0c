"""The company as a file: owners ask for it and take it; owners and operators make a company of one."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from flask import request

from lux.identity import companies, kept_files
from lux.identity.access import Right
from lux.identity.models import Company
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.net.storage import store_of
from lux.rooms.company import queries
from lux.rooms.company.forms import ArchiveForm, ConfirmationForm
from lux.rooms.company.models import CompanyImport
from lux.rooms.company.pages.blueprint import company
from lux.rooms.company.transfer import exports, report, uploads
from lux.ui import files, web
from lux.ui.access import access, signed_in
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@company.get("/settings/export")
@access(Right.OWN)
def export_list() -> Response:
    """Show the files with this company, and the form that asks for one."""
    session = web.session()
    rows = [kept_files.shown(session, one) for one in queries.exports(session)]
    known: dict[str, Any] = {"words": kept_files.words(), "row": companies.current(session), "days": exports.KEPT.days}
    return page("company/export.html", block="files", rows=rows, form=form_state(), **known)


@company.post("/settings/export")
@access(Right.OWN)
@shows_again(export_list)
def export_ask() -> Response:
    """Ask for a file with everything."""
    exports.request(web.session(), web.person(), typed_name=read_form(ConfirmationForm).confirmation)
    toast(_("The export is on its way."))
    return redirect_to("company.export_list")


@company.get("/settings/export/<uuid:public_id>/company.zip")
@access(Right.OWN)
def export_file(public_id: uuid.UUID) -> Response:
    """Send the file; the audit chain notes who took it."""
    with web.database().begin(web.company_id()) as session:
        name, blocks = exports.download(session, store_of(web.settings()), public_id, web.person())
    return files.attachment(name, blocks, "application/zip")


@company.get("/companies/import")
@signed_in()
def import_list() -> Response:
    """Show the form that takes an archive, and the person's imports."""
    companies.check_may_create(web.session(), web.person())
    rows = [(one, _standing(one.state, one.job_id)[0]) for one in queries.imports(web.session(), web.person().user_id)]
    most, words = web.settings().max_upload_mb, kept_files.words()
    return page("company/import.html", rows=rows, form=form_state({}), most=most, words=words)


@company.post("/companies/import")
@signed_in()
@shows_again(import_list)
def import_take() -> Response:
    """Take an archive and put its import into the queue."""
    form, file = read_form(ArchiveForm), request.files.get("file")
    if file is None or not file.filename:
        raise InvalidInput(field="file", message=_("Choose a file."))
    store, limit = store_of(web.settings()), web.settings().max_upload_mb * 2**20
    names: dict[str, Any] = {"file_name": file.filename, "limit": limit}
    entry = uploads.take(web.database(), store, file.stream, web.person(), form, **names)  # type: ignore[arg-type]
    return redirect_to("company.import_show", public_id=entry.public_id)


@company.get("/companies/import/<uuid:public_id>")
@signed_in()
def import_show(public_id: uuid.UUID) -> Response:
    """Show how far an import is, and what is to be done when it is over."""
    entry = queries.import_by_public_id(web.session(), public_id, web.person().user_id)
    state, share = _standing(entry.state, entry.job_id)
    points = report.points(entry.report) if entry.report else []
    return page("company/import_show.html", block="status", entry=entry, state=state, share=share, points=points,
                made=_made(entry), words=kept_files.words())  # fmt: skip


def _standing(state: str, job_id: int | None) -> tuple[str, tuple[int, int | None]]:
    """Return the state, which is "failed" when the job has ended without it, and how far it is."""
    session = web.session()
    is_left = state in queries.UNFINISHED and job_id is not None and not queries.has_live_job(session, job_id)
    return "failed" if is_left else state, queries.progress_of(session, job_id)


def _made(entry: CompanyImport) -> Company | None:
    """Return the company that came of an import, as long as it is there."""
    return web.session().get(Company, entry.target_id) if entry.state == "done" and entry.target_id else None
