"""Create, change, copy, throw away and restore segments."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from lux.identity.access import Person, mark_of
from lux.kit import clock
from lux.kit.errors import Conflict, InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.segments import queries, references
from lux.rooms.segments.behaviour import ActivityCondition
from lux.rooms.segments.conditions import CustomCondition, SegmentCondition, TagCondition
from lux.rooms.segments.models import Segment
from lux.rooms.segments.references import References
from lux.rooms.segments.rules import Group, Rule
from lux.rooms.segments.service.audience import rule_of
from lux.rooms.segments.service.members import copy_members, drop_members

MAX_NAME = 64


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What people enter for a segment; a rule makes it dynamic."""

    name: str
    description: str = ""
    rule: Rule | None = field(default=None)


def create(session: Session, company_id: int, draft: Draft, *, author: Person) -> Segment:
    """Create a segment; raises InvalidInput for a taken name or a rule that names what is gone."""
    segment = Segment(
        company_id=company_id,
        is_dynamic=draft.rule is not None,
        created_by=author.user_id,
        name="",
        name_key="",
    )
    _fill(session, segment, draft)
    session.add(segment)
    session.flush()
    return segment


def change(session: Session, segment: Segment, draft: Draft, *, version: int) -> None:
    """Change a segment; raises Conflict when somebody changed it since `version`."""
    if segment.version != version:
        raise Conflict(
            _("Somebody changed this segment in the meantime."),
            fix=_("Load the page again and repeat your change."),
        )
    _fill(session, segment, draft)
    _touch(segment)
    session.flush()


def duplicate(session: Session, segment: Segment, *, author: Person) -> Segment:
    """Return a copy under a free name; the copy of a list has the same members."""
    twin = Segment(
        company_id=segment.company_id,
        description=segment.description,
        is_dynamic=segment.is_dynamic,
        rule=segment.rule,
        created_by=author.user_id,
        name="",
        name_key="",
    )
    twin.name = free_name(session, segment.company_id, segment.name)
    twin.name_key = twin.name.casefold()
    session.add(twin)
    session.flush()
    if not segment.is_dynamic:
        copy_members(session, segment, twin)
    return twin


def trash(session: Session, segment: Segment, by: Person | None = None) -> None:
    """Put a segment into the trash; rules that ask for it are broken until it is restored."""
    if segment.trashed_at is None:
        segment.trashed_at, segment.trashed_by = clock.now(), mark_of(by)
        _touch(segment)
        session.flush()


def restore(session: Session, segment: Segment) -> None:
    """Take a segment out of the trash."""
    if segment.trashed_at is not None:
        segment.trashed_at = segment.trashed_by = None
        _touch(segment)
        session.flush()


def delete(session: Session, segment: Segment) -> None:
    """Delete a segment for good, with its memberships; rules that ask for it are broken, and name it."""
    drop_members(session, segment)
    session.delete(segment)
    session.flush()


def used_by(session: Session, segment: Segment) -> Sequence[Segment]:
    """Return the dynamic segments whose rules ask for this one."""
    wanted: uuid.UUID = segment.public_id
    return [
        other
        for other in queries.segments(session, segment.company_id)
        if other.is_dynamic
        and any(
            isinstance(condition, SegmentCondition) and condition.segment == wanted
            for condition in rule_of(other).conditions()
        )
    ]


def free_name(session: Session, company_id: int, name: str) -> str:
    """Return “name (copy)”, numbered until nobody has it."""
    number = 1
    while True:
        tail = _(" (copy)") if number == 1 else _(" (copy %(n)s)", n=number)
        found = name[: MAX_NAME - len(tail)] + tail
        if queries.segment_by_name(session, company_id, found.casefold()) is None:
            return found
        number += 1


def _fill(session: Session, segment: Segment, draft: Draft) -> None:
    other = queries.segment_by_name(session, segment.company_id, draft.name.casefold())
    if other is not None and other is not segment:
        raise _taken(other)
    if (draft.rule is not None) != segment.is_dynamic:
        raise InvalidInput(field="rule", message=_("A list can't become a rule, nor a rule a list."))
    segment.name, segment.name_key = draft.name, draft.name.casefold()
    segment.description = draft.description
    if draft.rule is not None:
        segment.rule = _with_names(session, segment, draft)


def _taken(other: Segment) -> InvalidInput:
    if other.trashed_at is not None:
        return InvalidInput(
            field="name",
            message=_("A segment in the trash has this name."),
            fix=_("Restore that one, or choose another name."),
        )
    return InvalidInput(
        field="name",
        message=_("Another segment has this name."),
        fix=_("Choose a different one."),
    )


def _with_names(session: Session, segment: Segment, draft: Draft) -> dict[str, Any]:
    """Return the rule as stored, with the present names, so that what goes missing can be named."""
    rule = draft.rule
    assert rule is not None  # noqa: S101 - the caller looked
    found = references.look_up(session, segment.company_id, [rule])
    own = (segment.public_id, draft.name) if segment in session else None  # a new one can't be asked for yet
    if missing := references.gaps_of(rule, found, own=own):
        error = references.broken(missing)
        raise InvalidInput(field="rule", message=error.message, fix=error.fix)
    return Rule(root=_named(rule.root, found)).stored()


def _named(group: Group, found: References) -> Group:
    rules: list[Any] = []
    for node in group.rules:
        match node:
            case Group():
                rules.append(_named(node, found))
            case TagCondition():
                rules.append(_renamed(node, found.tags[node.tag].name))
            case SegmentCondition():
                rules.append(_renamed(node, found.segments[node.segment].name))
            case CustomCondition():
                rules.append(_renamed(node, found.fields[node.key].name))
            case ActivityCondition() if node.campaign:
                rules.append(_renamed(node, found.campaigns[node.campaign].name))
            case _:
                rules.append(node)
    return group.model_copy(update={"rules": tuple(rules)})


def _renamed(node: Any, name: str) -> Any:  # noqa: ANN401 - any condition with a name
    return node.model_copy(update={"name": name[:200]})


def _touch(segment: Segment) -> None:
    segment.updated_at = clock.now()
    segment.version += 1
