"""Turns a rule into one SELECT of contact ids: set-based, two-valued, the same on every database.

Each condition is true or false for every contact, never NULL, so that "not" means the opposite.
Negations are pushed down to the conditions; what lies outside the contact's row becomes a
sub-select: `EXISTS` or `NOT EXISTS`, which stays fast also below an OR; on SQLite `IN` or `NOT IN`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_never

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select

from lux.gate.consent import ConsentState, consent_exists, suppression_exists
from lux.ledger.models import Fact
from lux.rooms.contacts.models import Contact, ContactTag
from lux.rooms.segments import comparisons
from lux.rooms.segments.attributes import day_of, number_of, text_of, truth_of
from lux.rooms.segments.conditions import (
    ActivityCondition,
    BooleanTest,
    ChoiceTest,
    Condition,
    ConsentCondition,
    CustomCondition,
    DateTest,
    FieldCondition,
    NumberTest,
    SegmentCondition,
    SuppressionCondition,
    TagCondition,
    TextTest,
)
from lux.rooms.segments.models import SegmentMember
from lux.rooms.segments.references import CAMPAIGN, References
from lux.rooms.segments.rules import Group, Match, Rule

Bool = ColumnElement[bool]


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a rule is compiled for: company, database, calendar, and what its names stand for."""

    company_id: int
    dialect: str
    days: comparisons.Days
    found: References
    is_for_one: bool = False  # the caller narrows the SELECT to one contact


def contact_ids(rule: Rule, scope: Scope) -> Select[int]:
    """Return SELECT of the ids of all contacts that match now; those in the trash never do."""
    return everyone(scope.company_id).where(_group(rule.root, scope, negated=False))


def everyone(company_id: int) -> Select[int]:
    """Return SELECT of the ids of all contacts that are not in the trash."""
    return select(Contact.id).where(Contact.company_id == company_id, Contact.trashed_at.is_(None))


def list_members(company_id: int, segment_id: int) -> Select[int]:
    """Return SELECT of the ids of the contacts on a static segment, without those in the trash."""
    return everyone(company_id).where(Contact.id.in_(_list(company_id, segment_id)))


def _group(group: Group, scope: Scope, *, negated: bool) -> Bool:
    inside_negated = negated != (group.match in {Match.NONE, Match.NOT_ALL})
    parts = [
        _group(node, scope, negated=inside_negated)
        if isinstance(node, Group)
        else _condition(node, scope, negated=inside_negated)
        for node in group.rules
    ]
    joins_by_and = (group.match in {Match.ALL, Match.NOT_ALL}) != inside_negated
    return and_(*parts) if joins_by_and else or_(*parts)


def _condition(condition: Condition, scope: Scope, *, negated: bool) -> Bool:
    match condition:
        case FieldCondition():
            found = _field(condition, scope)
        case CustomCondition():
            found = _custom(condition, scope)
        case TagCondition(op=op):
            return _tag(condition, scope, wanted=(op == "has") != negated)
        case SegmentCondition(op=op):
            return _segment(condition, scope, wanted=(op == "in") != negated)
        case ActivityCondition(op=op):
            return _activity(condition, scope, wanted=(op == "did") != negated)
        case ConsentCondition():
            found = _consent(condition)
        case SuppressionCondition(op=op, channel=channel):
            found = suppression_exists(_company(), _address(), channel)
            found = found if op == "is" else not_(found)
        case _:
            assert_never(condition)
    return not_(found) if negated else found


def _field(condition: FieldCondition, scope: Scope) -> Bool:
    column: Any = getattr(Contact, condition.field)
    test = condition.test
    if condition.field == "email" and isinstance(test, TextTest):
        return comparisons.email(Contact.email, Contact.email_key, test)
    if condition.field == "lifecycle" and isinstance(test, ChoiceTest):
        return comparisons.lifecycle(column, test)
    if isinstance(test, TextTest):
        return comparisons.text(func.coalesce(column, ""), test)
    if isinstance(test, ChoiceTest):
        return comparisons.choice(func.coalesce(column, ""), test)
    if isinstance(test, DateTest):
        return comparisons.moment(column, test, scope.days)
    raise TypeError(f"no contact field is compared by {type(test).__name__}")


def _custom(condition: CustomCondition, scope: Scope) -> Bool:
    dialect, key, test = scope.dialect, condition.key, condition.test
    match test:
        case TextTest():
            return comparisons.text(func.coalesce(text_of(dialect, key), ""), test)
        case ChoiceTest():
            return comparisons.choice(func.coalesce(text_of(dialect, key), ""), test)
        case NumberTest():
            return comparisons.number(number_of(dialect, key), test)
        case DateTest():
            return comparisons.date(day_of(dialect, key), test, scope.days)
        case BooleanTest():
            return comparisons.boolean(truth_of(dialect, key), test)
        case _:
            assert_never(test)


def _tag(condition: TagCondition, scope: Scope, *, wanted: bool) -> Bool:
    tag_id = scope.found.tags[condition.tag].id
    rows = (ContactTag.company_id == scope.company_id, ContactTag.tag_id == tag_id)
    return _among(scope, ContactTag.contact_id, rows, wanted=wanted)


def _segment(condition: SegmentCondition, scope: Scope, *, wanted: bool) -> Bool:
    segment_id = scope.found.segments[condition.segment].id
    rows = (
        SegmentMember.company_id == scope.company_id,
        SegmentMember.segment_id == segment_id,
    )
    return _among(scope, SegmentMember.contact_id, rows, wanted=wanted)


def _activity(condition: ActivityCondition, scope: Scope, *, wanted: bool) -> Bool:
    rows: list[Bool] = [
        Fact.company_id == scope.company_id,
        Fact.kind == f"email.{condition.event}",
        Fact.contact_id.is_not(None),
    ]
    if condition.event != "sent":
        rows.append(Fact.human != "machine")
    if condition.campaign is not None:
        campaign_id = scope.found.campaigns[condition.campaign].id
        rows += [Fact.subject_type == CAMPAIGN, Fact.subject_id == campaign_id]
    if condition.days is not None:
        rows.append(Fact.at >= scope.days.start(-condition.days))
    return _among(scope, Fact.contact_id, tuple(rows), wanted=wanted)


def _among(
    scope: Scope,
    contact_id: Any,  # noqa: ANN401 - a mapped column
    rows: tuple[Bool, ...],
    *,
    wanted: bool,
) -> Bool:
    """Return SQL: the contact is (or is not) among rows of another table."""
    if scope.dialect == "sqlite" and not scope.is_for_one:  # builds the list once; EXISTS would look up each contact
        chosen = select(contact_id).where(*rows)
        return Contact.id.in_(chosen) if wanted else Contact.id.not_in(chosen)
    found = exists(select(contact_id).where(*rows, contact_id == Contact.id))
    return found if wanted else not_(found)


def _consent(condition: ConsentCondition) -> Bool:
    if condition.state == "none":
        found = not_(consent_exists(_company(), _address(), condition.channel, None))
    else:
        state = ConsentState(condition.state)
        found = consent_exists(_company(), _address(), condition.channel, state)
    return found if condition.op == "is" else not_(found)


def _list(company_id: int, segment_id: int) -> Select[int]:
    return select(SegmentMember.contact_id).where(
        SegmentMember.company_id == company_id, SegmentMember.segment_id == segment_id
    )


def _company() -> Any:  # noqa: ANN401 - a mapped column
    return Contact.company_id


def _address() -> Any:  # noqa: ANN401 - a mapped column
    return Contact.email_key
