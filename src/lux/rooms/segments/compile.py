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
from lux.rooms.segments import comparisons, happenings
from lux.rooms.segments.attributes import day_of, number_of, text_of, truth_of
from lux.rooms.segments.behaviour import ActivityCondition, FactCondition, OrderCondition, ScoreCondition
from lux.rooms.segments.conditions import (
    Condition,
    ConsentCondition,
    CustomCondition,
    FieldCondition,
    SegmentCondition,
    SuppressionCondition,
    TagCondition,
)
from lux.rooms.segments.models import SegmentMember
from lux.rooms.segments.operands import BooleanTest, ChoiceTest, DateTest, NumberTest, TextTest
from lux.rooms.segments.references import References
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
    contact_id: int | None = None  # which one, so that facts of the others are not even read

    @property
    def ledger(self) -> happenings.Ledger:
        """Return the same for what reads facts."""
        return happenings.Ledger(
            company_id=self.company_id,
            dialect=self.dialect,
            days=self.days,
            found=self.found,
            contact_id=self.contact_id,
        )


def contact_ids(rule: Rule, scope: Scope) -> Select[int]:
    """Return SELECT of the ids of all contacts that match now; those in the trash never do."""
    return everyone(scope.company_id).where(matches(rule, scope))


def matches(rule: Rule, scope: Scope) -> Bool:
    """Return SQL: the contact fits the rule, in the trash or not."""
    return _group(rule.root, scope, negated=False)


def everyone(company_id: int) -> Select[int]:
    """Return SELECT of the ids of all contacts that are not in the trash."""
    return select(Contact.id).where(Contact.company_id == company_id, Contact.trashed_at.is_(None))


def list_members(company_id: int, segment_id: int) -> Select[int]:
    """Return SELECT of the ids of the contacts on a static segment, without those in the trash."""
    return everyone(company_id).where(Contact.id.in_(listed(company_id, segment_id)))


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
        case ActivityCondition() | FactCondition() | OrderCondition() | ScoreCondition():
            return _happened(condition, scope, negated=negated)
        case ConsentCondition():
            found = _consent(condition, scope)
        case SuppressionCondition(op=op, channel=channel):
            found = suppression_exists(_company(), _address(channel), channel)
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
    named = scope.found.segments[condition.segment]
    if named.rule is not None:
        return _group(named.rule.root, scope, negated=not wanted)
    rows = (
        SegmentMember.company_id == scope.company_id,
        SegmentMember.segment_id == named.id,
    )
    return _among(scope, SegmentMember.contact_id, rows, wanted=wanted)


def _happened(
    condition: ActivityCondition | FactCondition | OrderCondition | ScoreCondition, scope: Scope, *, negated: bool
) -> Bool:
    match condition:
        case ActivityCondition(op=op):
            return _asked(happenings.activity(condition, scope.ledger), scope, wanted=(op == "did") != negated)
        case FactCondition(op=op):
            return _asked(happenings.fact(condition, scope.ledger), scope, wanted=(op == "did") != negated)
        case OrderCondition():
            return _asked(happenings.orders(condition, scope.ledger), scope, wanted=not negated)
        case ScoreCondition():
            return _asked(happenings.score(condition, scope.ledger), scope, wanted=not negated)


def _asked(asked: happenings.Asked, scope: Scope, *, wanted: bool) -> Bool:
    """Return SQL: the facts say so (or do not)."""
    wanted = wanted == asked.is_among
    if asked.ids is None and asked.having is None:
        return _among(scope, Fact.contact_id, asked.rows, wanted=wanted)
    ids: Any = asked.ids
    if ids is None:  # counted once for everybody; a hashed list on every database
        ids = select(Fact.contact_id).where(*asked.rows).group_by(Fact.contact_id).having(asked.having)  # type: ignore[arg-type]
    return Contact.id.in_(ids) if wanted else Contact.id.not_in(ids)


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


def _consent(condition: ConsentCondition, scope: Scope) -> Bool:
    def further(at: Any, source: Any) -> list[Bool]:  # noqa: ANN401 - mapped columns
        found = comparisons.within(at, condition.when, scope.days) if condition.when else []
        return [*found, comparisons.text(source, condition.source)] if condition.source else found

    channel = condition.channel
    state = None if condition.state == "none" else ConsentState(condition.state)
    who: Any = {"contact_id": Contact.id} if channel == "social" else {}
    found = consent_exists(_company(), _address(channel), channel, state, further=further, **who)
    found = not_(found) if state is None else found
    return found if condition.op == "is" else not_(found)


def listed(company_id: int, segment_id: int) -> Select[int]:
    """Return SELECT of the ids of the contacts on a static segment, with those in the trash."""
    return select(SegmentMember.contact_id).where(
        SegmentMember.company_id == company_id, SegmentMember.segment_id == segment_id
    )


def _company() -> Any:  # noqa: ANN401 - a mapped column
    return Contact.company_id


def _address(channel: str) -> Any:  # noqa: ANN401 - a mapped column
    return Contact.phone if channel == "sms" else Contact.email_key
