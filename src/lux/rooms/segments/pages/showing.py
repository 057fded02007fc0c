"""Puts together what the pages of one segment show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import url_for

from lux.identity.access import Right
from lux.kit.errors import BrokenRule
from lux.rooms.contacts import queries as contacts
from lux.rooms.segments import builder, catalogue, queries, service
from lux.rooms.segments.describe import describe
from lux.ui import web

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.rooms.segments.models import Segment
    from lux.rooms.segments.tree import Node

PAGE = 50


def segment(session: Session, row: Segment, *, before: int | None = None, is_counted: bool = False) -> dict[str, Any]:
    """Return everything the page of a segment shows; a broken rule leaves size and members out.

    In a large company the size follows in a request of its own, unless `is_counted`.
    """
    missing = service.gaps(session, row)
    shown: dict[str, Any] = {
        "segment": row,
        "missing": missing,
        "missing_words": " ".join(dict.fromkeys(gap.sentence() for gap in missing)),
        "used_by": service.used_by(session, row) if not row.is_dynamic else [],
        "can_edit": web.person().has(Right.EDIT),
        "before": before,
    }
    if row.is_dynamic:
        shown["rule"] = describe(service.rule_of(row), catalogue.load(session, row.company_id))
    if row.trashed_at is None and not missing:
        shown.update(_inside(session, row, before, is_counted=is_counted or not contacts.is_large(session)))
    return shown


def _inside(session: Session, row: Segment, before: int | None, *, is_counted: bool) -> dict[str, Any]:
    ids = service.select_segment(session, row)
    people = list(queries.people(session, ids, limit=PAGE + 1, before=before))
    has_more, people = len(people) > PAGE, people[:PAGE]
    return {
        "size": queries.size(session, ids) if is_counted else None,
        "people": people,
        "next_url": url_for("segments.show", public_id=row.public_id, before=people[-1].id) if has_more else None,
        "first_url": url_for("segments.show", public_id=row.public_id) if before else None,
    }


def live(session: Session, company_id: int, tree: Node, *, is_counted: bool = True) -> dict[str, Any]:
    """Return whom an unfinished or finished rule matches now, for the panel beside the builder."""
    if builder.problems(tree):
        return {"live_state": "unfinished"}
    if not is_counted:
        return {"live_state": "waiting"}
    try:
        ids = service.select_rule(session, company_id, builder.build(tree))
    except BrokenRule as error:
        return {"live_state": "broken", "live_problem": error}
    return {"live_state": "ready", "live": service.preview(session, ids)}
