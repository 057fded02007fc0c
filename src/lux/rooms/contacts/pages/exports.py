"""The pages of exports: ask for one, take the file."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from lux.identity import kept_files
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.net.storage import store_of
from lux.rooms.contacts.pages.blueprint import contacts
from lux.rooms.contacts.pages.lists import present_filter
from lux.rooms.contacts.queries import tables
from lux.rooms.contacts.service import exports
from lux.rooms.contacts.service.origin import calling_code_of_company
from lux.ui import files, web
from lux.ui.access import access
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@contacts.get("/exports")
@access(Right.EDIT)
def exports_index() -> Response:
    """Show the latest exports."""
    rows = [kept_files.shown(web.session(), one) for one in tables.exports(web.session())]
    return page("contacts/exports.html", block="rows", rows=rows, words=kept_files.words())


@contacts.post("/exports")
@access(Right.EDIT)
def export_request() -> Response:
    """Export what the list shows, by the filter in the address."""
    code = calling_code_of_company(web.session())
    exports.request(web.session(), present_filter(is_trash=False), web.person(), calling_code=code)
    toast(_("The export is on its way."))
    return redirect_to("contacts.exports_index")


@contacts.get("/exports/<uuid:public_id>/contacts.csv")
@access(Right.EDIT)
def export_download(public_id: uuid.UUID) -> Response:
    """Send the file; the audit chain notes who took it."""
    with web.database().begin(web.company_id()) as session:
        entry = tables.export_by_public_id(session, public_id)
        blocks = exports.download(session, store_of(web.settings()), entry, web.person())
    return files.attachment(entry.file_name, blocks, "text/csv")
