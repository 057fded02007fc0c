"""Why a contact is in a segment or not, chosen on the segment's page or come to from the contact's."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import request

from lux.identity.access import Right
from lux.kit.errors import BrokenRule
from lux.rooms.contacts.queries import people
from lux.rooms.segments import catalogue, queries, references, service
from lux.rooms.segments.explain import About, explain
from lux.rooms.segments.pages.room import found, segments
from lux.ui import web
from lux.ui.access import access
from lux.ui.pages import page

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from lux.rooms.contacts.models import Contact
    from lux.rooms.segments.models import Segment

MATCHES = 10


@segments.get("/<uuid:public_id>/why")
@access(Right.VIEW)
def why(public_id: uuid.UUID) -> Response:
    """Find a contact, and show each condition of the segment with its answer for them."""
    segment, session = found(public_id), web.session()
    text, chosen = request.args.get("q", "").strip()[:200], request.args.get("contact", "")
    contact = people.contact_by_public_id(session, _uuid(chosen)) if chosen else None
    hits = [] if contact else queries.search(session, web.company_id(), text, MATCHES)
    context = _answer(segment, contact) if contact else {}
    return page("segments/why.html", segment=segment, contact=contact, hits=hits, q=text, **context)


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)  # nobody's


def _answer(segment: Segment, contact: Contact) -> dict[str, Any]:
    session, company_id = web.session(), web.company_id()
    shown: dict[str, Any] = {
        "name": people.display_name(contact.first_name, contact.last_name, contact.email, contact.phone)
    }
    shown["is_trashed"] = contact.trashed_at is not None
    try:
        ids = service.select_segment(session, segment)
    except BrokenRule as error:
        return shown | {"broken": error}
    shown["is_member"] = queries.contains(session, ids, contact.id)
    if not segment.is_dynamic:
        return shown
    rule = service.rule_of(segment)
    names = references.require(session, company_id, rule)
    scope = replace(service.scope_of(session, company_id, names), is_for_one=True, contact_id=contact.id)
    about = About(session=session, contact=contact, scope=scope, catalogue=catalogue.load(session, company_id))
    return shown | {"answer": explain(about, rule)}
