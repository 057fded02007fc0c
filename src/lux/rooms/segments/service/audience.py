"""Turn segments and rules into SQL, and say who is in them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from lux.kit.db.session import dialect_of
from lux.kit.errors import BrokenRule
from lux.kit.i18n import gettext as _
from lux.rooms.segments import compile as sql
from lux.rooms.segments import queries, references
from lux.rooms.segments.comparisons import Days
from lux.rooms.segments.models import Segment
from lux.rooms.segments.references import Missing, References
from lux.rooms.segments.rules import Rule

SAMPLE = 10


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Who a rule matches now: how many, and the latest of them."""

    size: queries.Size
    sample: Sequence[queries.Person]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One segment, seen from one contact."""

    segment: Segment
    is_member: bool | None  # None = the rule is broken, nobody can say
    missing: Sequence[Missing] = ()


def scope_of(session: Session, company_id: int, found: References) -> sql.Scope:
    """Return what a rule is compiled for, at this moment."""
    return sql.Scope(
        company_id=company_id,
        dialect=dialect_of(session),
        days=Days.of(queries.zone(session, company_id)),
        found=found,
    )


def select_rule(session: Session, company_id: int, rule: Rule) -> Select[int]:
    """Return SELECT of the contacts a rule matches; raises BrokenRule naming what is missing."""
    found = references.require(session, company_id, rule)
    return sql.contact_ids(rule, scope_of(session, company_id, found))


def select_segment(session: Session, segment: Segment) -> Select[int]:
    """Return SELECT of a segment's contacts; raises BrokenRule, also for a segment in the trash."""
    if segment.trashed_at is not None:
        raise BrokenRule(
            _("The segment “%(name)s” is in the trash.", name=segment.name),
            fix=_("Restore it, or choose another one."),
        )
    if not segment.is_dynamic:
        return sql.list_members(segment.company_id, segment.id)
    return select_rule(session, segment.company_id, rule_of(segment))


def frozen_rule(session: Session, segment: Segment) -> dict[str, Any]:
    """Return the rule as it stands with those of all segments it asks for: what is approved may not change later.

    A list has no rule: its members are what is frozen. A broken rule stays as it is; selecting by it is refused.
    """
    if not segment.is_dynamic:
        return {}
    found, missing = references.resolve(session, segment.company_id, rule_of(segment))
    if missing:
        return dict(segment.rule)
    return {**segment.rule, "root": _inlined(segment.rule["root"], found)}


def _inlined(node: Mapping[str, Any], found: References) -> dict[str, Any]:
    if node["kind"] == "group":
        return {**node, "rules": [_inlined(child, found) for child in node["rules"]]}
    named = found.segments[uuid.UUID(node["segment"])] if node["kind"] == "segment" else None
    if named is None or named.rule is None:
        return dict(node)
    match = "all" if node["op"] == "in" else "none"
    inside = _inlined(named.rule.stored()["root"], found)
    return {"kind": "group", "match": match, "segment": node["segment"], "name": named.name, "rules": [inside]}


def rule_of(segment: Segment) -> Rule:
    """Return a dynamic segment's rule; it was checked when it was saved."""
    return Rule.model_validate(segment.rule)


def gaps(session: Session, segment: Segment) -> Sequence[Missing]:
    """Return what a segment's rule names that is gone; empty = the rule is whole."""
    return gaps_by_id(session, segment.company_id, [segment])[segment.id]


def gaps_by_id(session: Session, company_id: int, rows: Sequence[Segment]) -> dict[int, Sequence[Missing]]:
    """Return segment id → what its rule names that is gone, for a whole list at once."""
    rules = {row.id: rule_of(row) for row in rows if row.is_dynamic}
    found = references.look_up(session, company_id, rules.values())
    return {
        row.id: references.gaps_of(rules[row.id], found, own=(row.public_id, row.name)) if row.id in rules else []
        for row in rows
    }


def preview(session: Session, ids: Select[int]) -> Preview:
    """Count an audience and show its latest contacts."""
    return Preview(size=queries.size(session, ids), sample=queries.people(session, ids, limit=SAMPLE))


def memberships(session: Session, company_id: int, contact_id: int) -> list[Standing]:
    """Return every segment with whether the contact is in it now."""
    rows = queries.segments(session, company_id)
    rules = {row.id: rule_of(row) for row in rows if row.is_dynamic}
    names = references.look_up(session, company_id, rules.values())
    scope = replace(scope_of(session, company_id, names), is_for_one=True, contact_id=contact_id)
    on_lists = queries.static_ids_of(session, company_id, contact_id)
    found = []
    for row in rows:
        if row.id not in rules:
            found.append(Standing(segment=row, is_member=row.id in on_lists))
        elif missing := references.gaps_of(rules[row.id], names, own=(row.public_id, row.name)):
            found.append(Standing(segment=row, is_member=None, missing=missing))
        else:
            ids = sql.contact_ids(rules[row.id], scope)
            found.append(Standing(segment=row, is_member=queries.contains(session, ids, contact_id)))
    return found


def panel_of(session: Session, company_id: int, contact_id: int) -> dict[str, Any]:
    """Return what the block on a contact's page shows."""
    found = memberships(session, company_id, contact_id)
    return {
        "contact_public_id": queries.contact_public_id(session, company_id, contact_id),
        "inside": [standing for standing in found if standing.is_member],
        "broken": [standing for standing in found if standing.is_member is None],
        "outside": [standing for standing in found if standing.is_member is False and standing.segment.is_dynamic],
        "lists": [
            (str(standing.segment.public_id), standing.segment.name)
            for standing in found
            if standing.is_member is False and not standing.segment.is_dynamic
        ],
        "has_segments": bool(found),
    }
