"""Make and change segments: name, description, and the rule by its builder."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from flask import request
from werkzeug.datastructures import MultiDict

from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.contacts import queries as contacts
from lux.rooms.segments import builder, catalogue, describe, queries, service
from lux.rooms.segments.forms import SegmentForm
from lux.rooms.segments.pages import showing
from lux.rooms.segments.pages.room import found, segments
from lux.rooms.segments.tree import Node
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import FormState, form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from werkzeug.wrappers import Response

    from lux.rooms.segments.models import Segment

STATIC = "static"
COUNT = "count"  # the button of those without scripts


@segments.get("/new")
@access(Right.EDIT)
def new() -> Response:
    """Show the form of a new segment: by a rule, or a list kept by hand."""
    is_dynamic = request.values.get("kind") != STATIC
    return page("segments/edit.html", form=form_state({}), **_context(web.session(), is_dynamic=is_dynamic))


@segments.post("/new")
@access(Right.EDIT)
@shows_again(new)
def create() -> Response:
    """Create a segment."""
    draft = _draft(is_dynamic=request.form.get("kind") != STATIC)
    made = service.create(web.session(), web.company_id(), draft, author=web.person())
    toast(_("Saved."))
    return redirect_to("segments.show", public_id=made.public_id)


@segments.get("/<uuid:public_id>/edit")
@access(Right.EDIT)
def edit(public_id: uuid.UUID) -> Response:
    """Show the form of a segment."""
    segment = found(public_id)
    initial = {"name": segment.name, "description": segment.description, "version": segment.version}
    return page("segments/edit.html", form=form_state(initial), **_context(web.session(), segment=segment))


@segments.post("/<uuid:public_id>/edit")
@access(Right.EDIT)
@shows_again(edit)
def save(public_id: uuid.UUID) -> Response:
    """Store a segment."""
    segment, form = found(public_id), _plain()
    service.change(web.session(), segment, _draft(is_dynamic=segment.is_dynamic), version=form.version)
    toast(_("Saved."))
    return redirect_to("segments.show", public_id=public_id)


@segments.post("/builder")
@access(Right.EDIT)
def rebuild() -> Response:
    """Do what a button of the builder says and show the rule again; nothing is stored."""
    with web.database().read(web.company_id()) as session:
        segment = _posted_segment(session)
        context = _context(session, segment=segment, is_dynamic=True, command=request.form.get("do", ""))
    return page("segments/edit.html", block="builder", form=FormState(values=request.form), **context)


@segments.post("/preview")
@access(Right.EDIT)
def preview() -> Response:
    """Count whom the rule in the form matches now, and show some of them; nothing is stored."""
    with web.database().read(web.company_id()) as session:
        tree = builder.from_form(request.form, catalogue.load(session, web.company_id()))
        return page("segments/_live.html", **showing.live(session, web.company_id(), tree))


def _draft(*, is_dynamic: bool) -> service.Draft:
    form = _plain()
    rule = None
    if is_dynamic:
        offered = catalogue.load(web.session(), web.company_id())
        rule = builder.build(builder.from_form(request.form, offered))
    return service.Draft(name=form.name, description=form.description, rule=rule)


def _plain() -> SegmentForm:
    """Read the fields beside the rule."""
    own = [(key, value) for key, value in request.form.items(multi=True) if key in SegmentForm.model_fields]
    return read_form(SegmentForm, MultiDict(own))


def _context(
    session: Session, *, segment: Segment | None = None, is_dynamic: bool = True, command: str = ""
) -> dict[str, Any]:
    is_dynamic = segment.is_dynamic if segment else is_dynamic
    shown: dict[str, Any] = {"segment": segment, "is_dynamic": is_dynamic}
    if is_dynamic:
        offered = catalogue.load(session, web.company_id())
        tree = _tree(segment, offered)
        builder.apply(tree, command)
        if request.method == "POST" and request.endpoint != "segments.rebuild":
            builder.mark(tree)  # the form was refused: say where
        shown |= {"catalogue": offered, "tree": tree, "matches": describe.match_choices()}
        is_counted = command == COUNT or not contacts.is_large(session)
        shown |= showing.live(session, web.company_id(), tree, is_counted=is_counted)
    return shown


def _tree(segment: Segment | None, offered: catalogue.Catalogue) -> Node:
    if request.method == "POST":
        return builder.from_form(request.form, offered)
    return builder.from_rule(service.rule_of(segment), offered) if segment else builder.empty_tree()


def _posted_segment(session: Session) -> Segment | None:
    text = request.form.get("segment", "")
    try:
        return queries.segment(session, web.company_id(), uuid.UUID(text)) if text else None
    except ValueError:
        return None
