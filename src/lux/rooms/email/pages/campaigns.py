"""Campaigns: the list, a new one, its page, the editor, the trash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, request, url_for
from werkzeug.datastructures import MultiDict

from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.email import audience, drafts, queries, report, service, show, starts
from lux.rooms.email.forms import CampaignForm, NewCampaignForm
from lux.rooms.email.queries import CampaignRow
from lux.rooms.email.states import CampaignState, label
from lux.ui import lists, web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import is_fragment, page, redirect_to, toast
from lux.ui.paging import Slice

if TYPE_CHECKING:
    import uuid

    from werkzeug.wrappers import Response


email = Blueprint("email", __name__, template_folder="../templates", url_prefix="/campaigns")
TRASH = "trash"


@email.get("/")
@access(Right.VIEW)
def index() -> Response:
    """List campaigns, newest first."""
    chosen, text = request.args.get("state", ""), request.args.get("q", "").strip()
    found = _found(chosen, text)
    return page("email/index.html", block="rows", **_listed(found, chosen, text))


@email.get("/new")
@access(Right.EDIT)
def new() -> Response:
    """Ask for a name and what to start from."""
    initial = {"name": "", "start": request.args.get("start") or starts.FIRST}
    return page("email/new.html", form=form_state(initial), starts=starts.choices(web.session()))


@email.post("/new")
@access(Right.EDIT)
@shows_again(new)
def create() -> Response:
    """Make a draft and open its editor."""
    form = read_form(NewCampaignForm)
    content = starts.content_of(web.session(), form.start)
    made = service.create(web.session(), name=form.name, content=content, author=web.person())
    return redirect_to("email.edit", public_id=made.public_id)


@email.get("/<uuid:public_id>")
@access(Right.VIEW)
def overview(public_id: uuid.UUID) -> Response:
    """Show a campaign: its state, what the checks say, what can be done next."""
    campaign = queries.by_public_id(web.session(), public_id)
    is_counted = "count" in request.args
    return page("email/overview.html", **show.overview(web.session(), campaign, web.person(), is_counted=is_counted))


@email.get("/<uuid:public_id>/edit")
@access(Right.EDIT)
def edit(public_id: uuid.UUID) -> Response:
    """Show the editor."""
    campaign = queries.by_public_id(web.session(), public_id)
    service.refuse_unless_editable(campaign, queries.outbound_of(web.session(), campaign))
    form = form_state(drafts.values_of(web.session(), campaign))
    return page("email/edit.html", **show.editor(web.session(), campaign, form))


@email.post("/<uuid:public_id>/edit")
@access(Right.EDIT)
@shows_again(edit)
def save(public_id: uuid.UUID) -> Response:
    """Store the draft; what was submitted goes back to wait for a new yes."""
    campaign = queries.by_public_id(web.session(), public_id)
    form, stays = read_form(CampaignForm, _without_preview()), "stay" in request.form
    is_waiting_again = drafts.save(web.session(), campaign, form, editor=web.person())
    toast(_("Saved. It waits for a new yes.") if is_waiting_again else _("Saved."))
    return redirect_to("email.edit" if stays else "email.overview", public_id=public_id)


@email.get("/<uuid:public_id>/size")
@access(Right.VIEW)
def size(public_id: uuid.UUID) -> Response:
    """Count a campaign's audience for its page, which in a large company does not wait for it."""
    campaign = queries.by_public_id(web.session(), public_id)
    if not is_fragment():
        return redirect_to("email.overview", public_id=public_id, count=1)
    counted = audience.counted(web.session(), audience.value_of(campaign))
    return page("email/_audience_tile.html", counted=counted)


@email.get("/<uuid:public_id>/audience")
@access(Right.EDIT)
def audience_count(public_id: uuid.UUID) -> Response:
    """Count the audience chosen in the editor, split by who may be written to."""
    queries.by_public_id(web.session(), public_id)
    counted = audience.counted(web.session(), request.args.get("audience", ""))
    return page("email/_audience.html", counted=counted)


@email.post("/<uuid:public_id>/duplicate")
@access(Right.EDIT)
def duplicate(public_id: uuid.UUID) -> Response:
    """Make a draft with the same content."""
    campaign = queries.by_public_id(web.session(), public_id)
    copy = service.duplicate(web.session(), campaign, author=web.person())
    toast(_("This is the copy. The original is unchanged."))
    return redirect_to("email.edit", public_id=copy.public_id)


@email.post("/<uuid:public_id>/trash")
@access(Right.EDIT)
def trash(public_id: uuid.UUID) -> Response:
    """Put a campaign into the trash."""
    campaign = queries.by_public_id(web.session(), public_id)
    service.trash(web.session(), campaign, web.person())
    toast(_("“%(name)s” is in the trash. You can bring it back from there.", name=campaign.name))
    return redirect_to("email.index", state=TRASH)


@email.post("/<uuid:public_id>/restore")
@access(Right.EDIT)
def restore(public_id: uuid.UUID) -> Response:
    """Take a campaign out of the trash."""
    service.restore(web.session(), queries.by_public_id(web.session(), public_id))
    toast(_("It is back."))
    return redirect_to("email.overview", public_id=public_id)


def _without_preview() -> MultiDict[str, str]:
    """Return the posted form without what only the preview beside it needs."""
    kept = MultiDict(request.form)
    for name in ("preview_contact", "preview_part", "preview_q", "stay"):
        kept.poplist(name)
    return kept


def _found(chosen: str, text: str) -> Slice[CampaignRow]:
    known, none = {state.value: state for state in CampaignState}, Slice[CampaignRow](rows=())
    cursor, in_trash = request.args.get("cursor", ""), chosen == TRASH

    def ask() -> Slice[CampaignRow]:
        return queries.listing(web.session(), state=known.get(chosen), text=text, in_trash=in_trash, cursor=cursor)

    return lists.load("campaign-rows", ask, none)


def _listed(found: Slice[CampaignRow], chosen: str, text: str) -> dict[str, Any]:
    def at(cursor: str | None) -> str | None:
        return url_for("email.index", state=chosen or None, q=text or None, cursor=cursor) if cursor else None

    campaigns = [row.campaign for row in found.rows]
    return {
        "slice": found,
        "q": text,
        "state": "" if chosen == TRASH else chosen,
        "in_trash": chosen == TRASH,
        "state_options": [("", _("All")), *((s.value, label(s)) for s in CampaignState), (TRASH, _("Trash"))],
        "human_words": report.human_words(),
        "audiences": audience.labels(web.session(), campaigns),
        "next_url": at(found.next_cursor),
        "previous_url": at(found.previous_cursor),
    }
