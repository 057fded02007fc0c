"""Who is on a static segment: paste addresses, remove, add from other pages."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from flask import redirect, request, url_for

from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.rooms.segments import queries, service
from lux.rooms.segments.forms import AddressesForm, MembersForm, PanelForm, SelectedForm
from lux.rooms.segments.pages import showing
from lux.rooms.segments.pages.overview import show
from lux.rooms.segments.pages.room import found, segments
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import is_fragment, local_path, page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@segments.post("/<uuid:public_id>/members")
@access(Right.EDIT)
@shows_again(show)
def paste(public_id: uuid.UUID) -> Response:
    """Put the contacts with the pasted addresses on a list, and say which addresses nobody has."""
    segment, form = found(public_id), read_form(AddressesForm)
    pasted = service.add_pasted(web.session(), segment, form.addresses)
    toast(_added(pasted.added), "ok" if pasted.added else "info")
    if not (pasted.unknown or pasted.invalid):
        return redirect_to("segments.show", public_id=public_id)
    return page("segments/show.html", pasted=pasted, **showing.segment(web.session(), segment))


@segments.post("/<uuid:public_id>/members/remove")
@access(Right.EDIT)
@shows_again(show)
def remove(public_id: uuid.UUID) -> Response:
    """Take the chosen contacts off a list."""
    count = service.remove_selected(web.session(), found(public_id), read_form(MembersForm).ids)
    toast(ngettext("%(num)s contact was removed.", "%(num)s contacts were removed.", count))
    return redirect_to("segments.show", public_id=public_id)


@segments.post("/choose")
@access(Right.EDIT)
def choose() -> Response:
    """Ask on which list the contacts chosen in another page are to stand; nothing is stored."""
    return page(
        "segments/choose.html",
        form=form_state({}),
        ids=request.form.getlist("ids"),
        back=local_path(request.form.get("back"), url_for("contacts.index")),
        lists=[(str(row.public_id), row.name) for row in queries.static_segments(web.session(), web.company_id())],
    )


@segments.post("/add-selected")
@access(Right.EDIT)
@shows_again(choose)
def add_selected() -> Response:
    """Put the chosen contacts on a list, or on a new one."""
    form = read_form(SelectedForm)
    segment, count = service.put_on_list(
        web.session(), web.company_id(), form.ids, target=form.segment, name=form.name, author=web.person()
    )
    toast(_added(count))
    return redirect_to("segments.show", public_id=segment.public_id)


@segments.post("/join")
@access(Right.EDIT)
def join() -> Response:
    """Put one contact on a list, from the contact's page."""
    form = read_form(PanelForm)
    if form.segment is not None:
        service.add_selected(web.session(), found(form.segment), [form.contact])
    return _back(form)


@segments.post("/leave")
@access(Right.EDIT)
def leave() -> Response:
    """Take one contact off a list, from the contact's page."""
    form = read_form(PanelForm)
    if form.segment is not None:
        service.remove_selected(web.session(), found(form.segment), [form.contact])
    return _back(form)


def _back(form: PanelForm) -> Response:
    if not is_fragment():
        return redirect(local_path(form.back, url_for("segments.index")), 303)
    contact = queries.contacts_by_public_id(web.session(), web.company_id(), [form.contact])
    context = service.panel_of(web.session(), web.company_id(), contact[0]) if contact else {}
    return page("segments/_contact_panel.html", back=form.back, can_edit=True, **context)


def _added(count: int) -> str:
    if not count:
        return _("Nobody was added: those contacts are on the list already, or unknown.")
    return ngettext("%(num)s contact was added.", "%(num)s contacts were added.", count)
