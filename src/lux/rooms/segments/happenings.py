"""SQL of the conditions over facts: each becomes one SELECT of contact ids, asked with `in` or `not in`."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, assert_never

from sqlalchemy import ColumnElement, Select, and_, case, func, not_, select

from lux.kit import money
from lux.ledger.facts import not_by_machines
from lux.ledger.models import Fact
from lux.rooms.segments import attributes, comparisons
from lux.rooms.segments.behaviour import (
    ActivityCondition,
    FactCondition,
    Happening,
    ListTest,
    OrderCondition,
    Property,
    ScoreCondition,
    takes_absence,
)
from lux.rooms.segments.operands import BooleanTest, DateTest, NumberOp, NumberTest, TextTest
from lux.rooms.segments.references import CAMPAIGN, References

Bool = ColumnElement[bool]
BY_MACHINES: Final = ("opened", "clicked")  # what scanners and mail programs do as well
_INVERSE: Final = {
    NumberOp.IS_EMPTY: NumberOp.IS_SET,
    NumberOp.NOT_EQUALS: NumberOp.EQUALS,
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Rows of facts that decide a condition, and whether a contact has to be among them or not."""

    rows: tuple[Bool, ...]  # of facts
    having: Bool | None = None  # over all of a contact's rows
    ids: Select[int] | None = None  # where rows and having do not say it
    is_among: bool = True


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """What facts are read for."""

    company_id: int
    dialect: str
    days: comparisons.Days
    found: References
    contact_id: int | None = None  # of one contact only


def activity(condition: ActivityCondition, ledger: Ledger) -> Asked:
    """Return what a condition over mails asks."""
    return _happening(condition, condition.window, activity_rows(condition, ledger), ledger)


def activity_rows(condition: ActivityCondition, ledger: Ledger) -> list[Bool]:
    """Return which facts such a condition looks at, whenever they were."""
    rows = of_kinds(ledger, f"email.{condition.event}")
    if condition.event in BY_MACHINES:
        rows.append(not_by_machines())
    if condition.campaign is not None:
        campaign_id = ledger.found.campaigns[condition.campaign].id
        rows += [Fact.subject_type == CAMPAIGN, Fact.subject_id == campaign_id]
    return rows


def fact(condition: FactCondition, ledger: Ledger) -> Asked:
    """Return what a condition over other facts asks."""
    return _happening(condition, condition.when, fact_rows(condition, ledger), ledger)


def fact_rows(condition: FactCondition, ledger: Ledger) -> list[Bool]:
    """Return which facts such a condition looks at, whenever they were."""
    rows = of_kinds(ledger, condition.event)
    if condition.event.removeprefix("email.") in BY_MACHINES:
        rows.append(not_by_machines())
    if condition.property is not None:
        rows.append(_property(condition.property, ledger))
    return rows


def orders(condition: OrderCondition, ledger: Ledger) -> Asked:
    """Return what a condition over purchases asks."""
    test = condition.test
    is_absent_in = takes_absence(test, None if condition.measure == "average" else 0)
    # The others are looked for where a test is true of those without any order: they have no facts to be found by.
    having = _measured(condition, test)
    return Asked(
        rows=tuple(order_rows(condition, ledger)),
        having=not_(having) if is_absent_in else having,
        is_among=not is_absent_in,
    )


def order_rows(condition: OrderCondition, ledger: Ledger) -> list[Bool]:
    """Return which facts a condition over purchases looks at."""
    kinds = {"count": ("order.placed",), "average": ("order.paid",), "total": ("order.paid", "order.refunded")}
    rows = of_kinds(ledger, *kinds[condition.measure])
    if condition.measure != "count":
        rows += [Fact.currency == condition.currency, Fact.value_minor.is_not(None)]
    return [*rows, *_window(condition.when, ledger)]


def score(condition: ScoreCondition, ledger: Ledger) -> Asked:
    """Return what a condition over a score asks: of each contact only the latest fact counts."""
    test = condition.test
    is_absent_in = takes_absence(test, None)
    if is_absent_in:
        test = NumberTest(op=_INVERSE[test.op], value=test.value)
    place = func.row_number().over(partition_by=Fact.contact_id, order_by=[Fact.at.desc(), Fact.id.desc()])
    value = attributes.number_of(ledger.dialect, "value", Fact.properties)
    latest = (
        select(Fact.contact_id, value.label("value"), place.label("place"))
        .where(*score_rows(condition, ledger))
        .subquery()
    )
    ids: Select[Any] = select(latest.c.contact_id).where(latest.c.place == 1, comparisons.number(latest.c.value, test))
    return Asked(rows=(), ids=ids, is_among=not is_absent_in)


def score_rows(condition: ScoreCondition, ledger: Ledger) -> list[Bool]:
    """Return the facts of one score."""
    name = attributes.text_of(ledger.dialect, "score", Fact.properties)
    return [*of_kinds(ledger, "score.changed"), func.coalesce(name, "") == condition.score]


def signed_total() -> Any:  # noqa: ANN401 - SQL of a sum
    """Return SQL: what orders come to in minor units, refunds taken off."""
    return func.sum(case((Fact.kind == "order.refunded", -Fact.value_minor), else_=Fact.value_minor))


def main_unit(minor: float, currency: str) -> float:
    """Return an amount in the currency's main unit, rounded to its places."""
    places = money.exponent(currency)
    return round(minor / float(10**places), places)


def of_kinds(ledger: Ledger, *kinds: str) -> list[Bool]:
    """Return: facts of these kinds about some contact of the company."""
    rows: list[Bool] = [Fact.company_id == ledger.company_id]
    rows.append(Fact.kind == kinds[0] if len(kinds) == 1 else Fact.kind.in_(kinds))
    who = Fact.contact_id.is_not(None) if ledger.contact_id is None else Fact.contact_id == ledger.contact_id
    return [*rows, who]


def _happening(condition: Happening, when: DateTest | None, rows: list[Bool], ledger: Ledger) -> Asked:
    if condition.which != "any" and when is not None:
        end: Any = (func.min if condition.which == "first" else func.max)(Fact.at)
        return Asked(rows=tuple(rows), having=and_(*comparisons.within(end, when, ledger.days)))
    asked = (*rows, *_window(when, ledger))
    times = condition.times
    if times is None or (times.op, times.count) == ("at_least", 1):
        return Asked(rows=asked)
    compare: dict[str, Callable[[Any, Any], bool]] = {
        "at_least": operator.ge, "exactly": operator.eq, "at_most": operator.le,
    }  # fmt: skip
    having: Any = compare[times.op](func.count(), times.count)
    is_none_enough = compare[times.op](0, times.count)  # then those are looked for whom it does not fit
    return Asked(rows=asked, having=not_(having) if is_none_enough else having, is_among=not is_none_enough)


def _window(when: DateTest | None, ledger: Ledger) -> list[Bool]:
    column: Any = Fact.at
    return [] if when is None else comparisons.within(column, when, ledger.days)


def _measured(condition: OrderCondition, test: NumberTest) -> Bool:
    """Return SQL over all of a contact's orders; amounts stay whole minor units, an average is multiplied instead."""
    if test.op in {NumberOp.IS_SET, NumberOp.IS_EMPTY}:
        return comparisons.number(func.count(), test)
    places = 0 if condition.measure == "count" else money.exponent(condition.currency)
    bounds = [None if end is None else _minor(end, places) for end in (test.value, test.upper)]
    if condition.measure == "count":
        return comparisons.against(func.count(), test.op, *bounds)
    signed = signed_total()
    if condition.measure == "average":
        return comparisons.against(signed, test.op, *[None if end is None else func.count() * end for end in bounds])
    return comparisons.against(signed, test.op, *bounds)


def _minor(amount: float, places: int) -> int | float:
    """Return an amount in minor units; a part of an order is kept as it is, for counts are compared with it too."""
    scaled = Decimal(repr(amount)).scaleb(places)
    return int(scaled) if scaled == scaled.to_integral_value() else float(scaled)


def _property(wanted: Property, ledger: Ledger) -> Bool:
    dialect, name, column, test = ledger.dialect, wanted.name, Fact.properties, wanted.test
    match test:
        case TextTest():
            return comparisons.text(func.coalesce(attributes.text_of(dialect, name, column), ""), test)
        case NumberTest():
            return comparisons.number(attributes.number_of(dialect, name, column), test)
        case BooleanTest():
            return comparisons.boolean(attributes.truth_of(dialect, name, column), test)
        case ListTest():
            return attributes.list_has(dialect, name, test.value, column)
        case _:
            assert_never(test)
