"""Undoing an import, and the mappings that are kept: their pages."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import url_for

from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.contacts.forms.small import ConfirmForm, TagForm
from lux.rooms.contacts.models import ContactImport
from lux.rooms.contacts.pages.blueprint import contacts
from lux.rooms.contacts.queries import tables
from lux.rooms.contacts.queries import undo as queries
from lux.rooms.contacts.service import mappings, reports, undo
from lux.ui import files, web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

SHOWN_KEPT = 50


def undo_context(entry: ContactImport) -> dict[str, Any]:
    """Return what an import's own page says of its undo."""
    session, stored = web.session(), entry.undo or {}
    state = undo.undo_state(session, entry)
    return {
        "undo_state": state,
        "undone": stored.get("counts", {}),
        "why_kept": reports.why_kept(),
        "undo_total": stored.get("total", 0),
        "kept": queries.kept(session, entry.id, limit=SHOWN_KEPT) if state else [],
        "can_undo": undo.why_not(session, entry) is None,
    }


@contacts.get("/imports/<uuid:public_id>/undo")
@access(Right.EDIT)
def import_undo(public_id: uuid.UUID) -> Response:
    """Show what undoing the import would do."""
    entry = tables.import_by_public_id(web.session(), public_id)
    plan = undo.plan(web.session(), entry)
    return page("contacts/import_undo.html", entry=entry, plan=plan, form=form_state({}))


@contacts.post("/imports/<uuid:public_id>/undo")
@access(Right.EDIT)
@shows_again(import_undo)
def import_undo_start(public_id: uuid.UUID) -> Response:
    """Put the undo into the queue, after the number was typed."""
    entry = tables.import_by_public_id(web.session(), public_id)
    undo.ask(web.session(), entry, web.person(), confirmation=read_form(ConfirmForm).confirmation)
    return redirect_to("contacts.import_show", public_id=public_id)


@contacts.get("/imports/<uuid:public_id>/undo/left.csv")
@access(Right.EDIT)
def import_undo_left(public_id: uuid.UUID) -> Response:
    """Send each contact that the undo left, with the reason; the audit chain notes who took it."""
    with web.database().begin(web.company_id()) as session:
        entry = reports.take_kept(session, public_id, web.person())
    parts = reports.kept_csv(web.database(), entry, _address_of_anybody())
    return files.attachment(f"import-undo-left-{public_id}.csv", parts, "text/csv")


def _address_of_anybody() -> Callable[[uuid.UUID], str]:
    """Return what makes a contact's address also after the request has ended, as a file is being sent."""
    nobody = uuid.UUID(int=0)
    address = web.settings().base_url + url_for("contacts.show", public_id=nobody)
    return lambda public_id: address.replace(str(nobody), str(public_id))


@contacts.get("/imports/mappings")
@access(Right.EDIT)
def import_mappings(public_id: uuid.UUID | None = None) -> Response:
    """Show the mappings that are kept; after a refusal with the form of the one it was about."""
    rows = mappings.all_kept(web.session())
    return page("contacts/import_mappings.html", rows=rows, form=form_state({}), refused=public_id)


@contacts.post("/imports/mappings/<uuid:public_id>/rename")
@access(Right.EDIT)
@shows_again(import_mappings)
def import_mapping_rename(public_id: uuid.UUID) -> Response:
    """Give a mapping a name."""
    mappings.rename(web.session(), mappings.by_public_id(web.session(), public_id), read_form(TagForm).name)
    toast(_("The mapping is kept under this name."))
    return redirect_to("contacts.import_mappings")


@contacts.post("/imports/mappings/<uuid:public_id>/delete")
@access(Right.EDIT)
def import_mapping_delete(public_id: uuid.UUID) -> Response:
    """Forget a mapping."""
    mappings.delete(web.session(), mappings.by_public_id(web.session(), public_id))
    toast(_("The mapping is deleted. Imports that used it stay as they are."))
    return redirect_to("contacts.import_mappings")
