"""Changes to all contacts of a filter or a segment: choose, confirm by number, watch, stop, take back."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

from flask import request

from lux.identity import members
from lux.identity.access import Right
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.contacts.queries import tables
from lux.rooms.contacts.queries.listing import ContactFilter
from lux.rooms.segments import bulk, queries
from lux.rooms.segments.bulk import read
from lux.rooms.segments.bulk.plan import OPEN, UNDOING
from lux.rooms.segments.forms import BulkForm, UndoForm
from lux.rooms.segments.pages.room import segments
from lux.ui import web
from lux.ui.access import access
from lux.ui.filters import number
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

FILTER = ("q", "tag", "lifecycle", "consent")


@segments.get("/bulk")
@access(Right.EDIT)
def bulk_index() -> Response:
    """List the latest changes to many contacts."""
    names = {one.user_id: one.name or one.email for one in members.listing(web.session())}
    rows = queries.bulk_actions(web.session())
    bulk.show_as_they_stand(web.session(), rows)
    return page("segments/bulk_index.html", rows=rows, kinds=bulk.KINDS, names=names)


@segments.get("/bulk/new")
@access(Right.EDIT)
def bulk_new() -> Response:
    """Choose what to do, see to how many, and type that number."""
    return page("segments/bulk_new.html", form=form_state({}), **_offer())


@segments.post("/bulk/new")
@access(Right.EDIT)
@shows_again(bulk_new)
def bulk_start() -> Response:
    """Freeze the contacts and begin."""
    form, session = read_form(BulkForm), web.session()
    plan = read.plan(session, web.company_id(), form)
    action = bulk.start(session, _scope(), plan, web.person(), confirmed=_typed(form.confirmation))
    return redirect_to("segments.bulk_show", public_id=action.public_id)


@segments.get("/bulk/<uuid:public_id>")
@access(Right.EDIT)
def bulk_show(public_id: uuid.UUID) -> Response:
    """Show how far a change is and what came of it."""
    return page("segments/bulk_show.html", block="status", form=form_state({}), **_shown(public_id))


@segments.post("/bulk/<uuid:public_id>/cancel")
@access(Right.EDIT)
def bulk_cancel(public_id: uuid.UUID) -> Response:
    """Stop a change; what is done stays until it is taken back."""
    bulk.cancel(web.session(), queries.bulk_action(web.session(), public_id))
    toast(_("It is being stopped. What is done stays, and the rest can still be taken back."))
    return redirect_to("segments.bulk_show", public_id=public_id)


@segments.post("/bulk/<uuid:public_id>/undo")
@access(Right.EDIT)
@shows_again(bulk_show)
def bulk_undo(public_id: uuid.UUID) -> Response:
    """Take a change back where it still stands."""
    action = queries.bulk_action(web.session(), public_id)
    bulk.undo(web.session(), action, web.person(), reason=_reason(action.kind, read_form(UndoForm)))
    return redirect_to("segments.bulk_show", public_id=public_id)


def _reason(kind: str, form: UndoForm) -> str:
    if kind.startswith("consent") and len(form.reason) < 3:
        raise InvalidInput(
            field="reason", message=_("The reason is missing."), fix=_("Say why; it is kept with the new statement.")
        )
    return form.reason


def _typed(text: str) -> int:
    digits = re.sub(r"[\s.,'’\u00a0\u202f]", "", text)
    if not digits.isascii() or not digits.isdecimal():
        raise InvalidInput(
            field="confirmation", message=_("This is not a number."), fix=_("Type how many contacts are meant.")
        )
    return int(digits)


def _scope() -> bulk.Scope:
    """Return whom the address, or the posted form, means."""
    said = {name: request.values.get(name, "").strip() for name in FILTER}
    said = {name: "" if value == "all" else value for name, value in said.items()}
    if public_id := request.values.get("segment", ""):
        segment = queries.segment(web.session(), web.company_id(), _uuid(public_id))
        return bulk.Scope(segment=str(segment.public_id), name=segment.name)
    wanted = ContactFilter(text=said["q"], tag=said["tag"], lifecycle=said["lifecycle"], consent=said["consent"])
    return bulk.Scope(filter=wanted.as_json(), name=_filter_name(said))


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise InvalidInput(field="segment", message=_("There is no such segment.")) from error


def _filter_name(said: dict[str, str]) -> str:
    tags = {str(tag.public_id): tag.name for tag in tables.all_tags(web.session())}
    words = [f"“{said['q']}”" if said["q"] else "", tags.get(said["tag"], ""), said["lifecycle"], said["consent"]]
    return " · ".join(word for word in words if word) or _("All contacts")


def _offer() -> dict[str, Any]:
    session, scope = web.session(), _scope()
    kind = request.values.get("kind", "")
    passed = {name: request.values.get(name, "") for name in ("segment", *FILTER)}
    kind = kind if kind in bulk.KINDS else ""
    return {
        "scope": scope,
        "passed": {name: value for name, value in passed.items() if value and value != "all"},
        "kind": kind,
        "kinds": [(key, label()) for key, label in bulk.KINDS.items()],
        "count": bulk.preview(session, scope),
        "tags": tables.all_tags(session),
        "lists": [(str(row.public_id), row.name) for row in queries.static_segments(session, web.company_id())],
        "fields": read.field_choices(session, is_clearing=kind == "field_clear"),
        "number": number,
    }


def _shown(public_id: uuid.UUID) -> dict[str, Any]:
    action = queries.bulk_action(web.session(), public_id)
    bulk.show_as_they_stand(web.session(), [action])
    return {
        "action": action,
        "title": bulk.KINDS[action.kind](),
        "is_open": action.state in OPEN,
        "is_undoing": action.state in UNDOING,
        "can_undo": bulk.can_undo(action),
        "kept_days": bulk.KEPT_DAYS,
    }
