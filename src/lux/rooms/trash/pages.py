"""The trash: an overview of all rooms, one room's bin, bring back, remove for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, request, url_for

from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.rooms.trash import service
from lux.rooms.trash.forms import ChosenForm, RemoveForm
from lux.ui import confirmation, lists, web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast
from lux.ui.paging import as_moment, as_row_number, decode_cursor, encode_cursor

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from werkzeug.wrappers import Response

    from lux.ports.trash import TrashedThing
    from lux.rooms.trash.service import Pile

trash = Blueprint("trash", __name__, template_folder="templates", url_prefix="/trash")
blueprints = (trash,)


@trash.get("/")
@access(Right.VIEW)
def index() -> Response:
    """Show what was thrown away last, of every kind."""
    piles = service.overview(web.session())
    things = [thing for pile in piles for thing in pile.things]
    return page("trash/index.html", piles=piles, **_shown(things))


@trash.get("/<bin_key>")
@access(Right.VIEW)
def show(bin_key: str) -> Response:
    """Show one bin."""
    one, before = service.bin_named(bin_key), _place()
    nothing = service.Pile(bin=one, count=0, things=())
    pile = lists.load("trashed", lambda: service.pile(web.session(), one, before=before), nothing)
    return page("trash/show.html", block="rows", pile=pile, form=form_state(), **_paged(pile), **_shown(pile.things))


@trash.post("/<bin_key>/restore")
@access(Right.EDIT)
@shows_again(show)
def restore(bin_key: str) -> Response:
    """Bring the chosen ones back."""
    count = service.restore(web.session(), service.bin_named(bin_key), read_form(ChosenForm).ids, web.person())
    toast(ngettext("One is back.", "%(num)s are back.", count))
    return redirect_to("trash.show", bin_key=bin_key)


@trash.post("/<bin_key>/ask")
@access(Right.MANAGE)
@shows_again(show)
def ask(bin_key: str) -> Response:
    """Ask for the typed number before the chosen ones are removed for good."""
    return _ask(bin_key, read_form(ChosenForm).ids)


@trash.post("/<bin_key>/remove")
@access(Right.MANAGE)
@shows_again(show)
def remove(bin_key: str) -> Response:
    """Remove the chosen ones for good, after their number was typed."""
    form, one = read_form(RemoveForm), service.bin_named(bin_key)
    may_go = [thing.public_id for thing in one.named(web.session(), form.ids) if not thing.kept_because]
    if not confirmation.matches(form.confirmation, len(may_go)):
        return _ask(bin_key, form.ids, is_wrong=True)
    count = service.remove(web.session(), one, may_go, web.person())
    toast(ngettext("One is removed for good.", "%(num)s are removed for good.", count))
    return redirect_to("trash.show", bin_key=bin_key)


def _ask(bin_key: str, ids: Sequence[Any], *, is_wrong: bool = False) -> Response:
    one = service.bin_named(bin_key)
    things = one.named(web.session(), ids)
    may_go = [thing for thing in things if not thing.kept_because]
    kept = [thing for thing in things if thing.kept_because]
    error = _("This is not the number.") if is_wrong else None
    status = 422 if is_wrong else 200
    return page("trash/remove.html", status=status, bin=one, may_go=may_go, kept=kept, error=error)


def _place() -> tuple[dt.datetime, int] | None:
    cursor = request.args.get("cursor")
    if not cursor:
        return None
    moment, number = decode_cursor(cursor, 2)
    return as_moment(moment), as_row_number(number)


def _paged(pile: Pile) -> dict[str, Any]:
    bin_key = pile.bin.key
    cursor = encode_cursor(pile.place[0].isoformat(), pile.place[1]) if pile.place else None
    return {
        "next_url": url_for("trash.show", bin_key=bin_key, cursor=cursor) if cursor else None,
        "first_url": url_for("trash.show", bin_key=bin_key) if request.args.get("cursor") else None,
    }


def _shown(things: Sequence[TrashedThing]) -> dict[str, Any]:
    person, session = web.person(), web.session()
    return {
        "names": service.names(session, things),
        "leaves": {thing.public_id: service.leaves_at(session, thing) for thing in things},
        "days": web.settings().trash_days,
        "can_edit": person.has(Right.EDIT),
        "can_remove": person.has(Right.MANAGE),
    }
