"""SQL of the single comparisons; each is true or false for every row, also where nothing is stored."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, func, not_, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from lux.kit import clock
from lux.kit.addresses import email_key
from lux.kit.errors import InvalidInput
from lux.rooms.contacts.models import Lifecycle
from lux.rooms.segments.operands import (
    BooleanOp,
    BooleanTest,
    ChoiceOp,
    ChoiceTest,
    DateOp,
    DateTest,
    NumberOp,
    NumberTest,
    TextOp,
    TextTest,
)

Bool = ColumnElement[bool]
Value = SQLColumnExpression[Any]
ESCAPE = "/"
ANY_DAY = 365  # so many days ahead every day of the year comes


@dataclass(frozen=True, kw_only=True)
class Days:
    """The calendar of the company: what day it is there, and when its days begin."""

    today: dt.date
    zone: str

    @classmethod
    def of(cls, zone: str) -> Days:
        """Return the calendar of a zone at this moment."""
        return cls(today=clock.in_zone(clock.now(), zone).date(), zone=zone)

    def day(self, offset: int) -> dt.date:
        """Return the day `offset` days from today."""
        return self.today + dt.timedelta(days=offset)

    def shifted(self, count: int, unit: str) -> dt.date:
        """Return the day `count` days, weeks or months from today; months end where the shorter one does."""
        if unit == "months":
            year, month = divmod(self.today.year * 12 + self.today.month - 1 + count, 12)
            last = calendar.monthrange(year, month + 1)[1]
            return dt.date(year, month + 1, min(self.today.day, last))
        return self.day(count * 7 if unit == "weeks" else count)

    def start(self, offset: int) -> dt.datetime:
        """Return when the day `offset` days from today begins."""
        return self.start_of(self.day(offset))

    def start_of(self, day: dt.date) -> dt.datetime:
        """Return when a day begins; where the clocks skip midnight, at the first moment it has."""
        return dt.datetime.combine(day, dt.time(), tzinfo=clock.zone(self.zone)).astimezone(dt.UTC)

    def end_of(self, day: dt.date) -> dt.datetime:
        """Return when the day after begins."""
        return self.start_of(day + dt.timedelta(days=1))


class folded(GenericFunction[str]):  # noqa: N801 - the name of an SQL function
    """Text without letter case; SQLite's own `lower` knows ASCII only, so it gets ours (kit.db.engine)."""

    inherit_cache = True


@compiles(folded)
def _lower(element: folded, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's hook
    return f"lower({compiler.process(element.clauses, **options)})"


@compiles(folded, "sqlite")
def _lux_lower(element: folded, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's hook
    return f"lux_lower({compiler.process(element.clauses, **options)})"


def text(value: Value, test: TextTest) -> Bool:
    """Compare text that is never NULL; letter case does not count."""
    if test.op is TextOp.IS_EMPTY:
        return value == ""
    if test.op is TextOp.IS_SET:
        return value != ""
    shown, wanted = folded(value), test.value.lower()
    positive: dict[TextOp, Callable[[], Bool]] = {
        TextOp.IS: lambda: shown == wanted,
        TextOp.IS_NOT: lambda: shown != wanted,
        TextOp.CONTAINS: lambda: shown.contains(wanted, autoescape=True, escape=ESCAPE),
        TextOp.DOES_NOT_CONTAIN: lambda: not_(shown.contains(wanted, autoescape=True, escape=ESCAPE)),
        TextOp.STARTS_WITH: lambda: shown.startswith(wanted, autoescape=True, escape=ESCAPE),
        TextOp.ENDS_WITH: lambda: shown.endswith(wanted, autoescape=True, escape=ESCAPE),
    }
    return positive[test.op]()


def email(address: Value, key: Value, test: TextTest) -> Bool:
    """Compare an address: as a whole by its key, in parts as it is written."""
    if test.op in {TextOp.IS, TextOp.IS_NOT}:
        found = func.coalesce(key, "") == _key_or_text(test.value)
        return found if test.op is TextOp.IS else not_(found)
    return text(func.coalesce(address, ""), test)


def choice(value: Value, test: ChoiceTest) -> Bool:
    """Compare a value of a list, letter by letter; the value is never NULL."""
    match test.op:
        case ChoiceOp.IS_EMPTY:
            return value == ""
        case ChoiceOp.IS_SET:
            return value != ""
        case ChoiceOp.IS_ANY_OF:
            return value.in_(test.values)
        case ChoiceOp.IS_NONE_OF:
            return value.not_in(test.values)


def lifecycle(column: Value, test: ChoiceTest) -> Bool:
    """Compare the lifecycle, which is never empty; a stage that does not exist matches nobody."""
    if test.op in {ChoiceOp.IS_EMPTY, ChoiceOp.IS_SET}:
        return column.is_(None) if test.op is ChoiceOp.IS_EMPTY else column.is_not(None)
    stages = [stage for stage in Lifecycle if stage.value in test.values]
    return column.in_(stages) if test.op is ChoiceOp.IS_ANY_OF else column.not_in(stages)


def number(value: Value, test: NumberTest) -> Bool:
    """Compare a number that may be NULL."""
    if test.op is NumberOp.IS_EMPTY:
        return value.is_(None)
    if test.op is NumberOp.IS_SET:
        return value.is_not(None)
    found = and_(value.is_not(None), against(value, _same(test.op), test.value, test.upper))
    return not_(found) if test.op is NumberOp.NOT_EQUALS else found


def against(value: Value, op: NumberOp, wanted: Any, upper: Any) -> Bool:  # noqa: ANN401 - numbers, or SQL of some
    """Compare a number that is never NULL."""
    conditions: dict[NumberOp, Callable[[], Bool]] = {
        NumberOp.EQUALS: lambda: value == wanted,
        NumberOp.NOT_EQUALS: lambda: value != wanted,
        NumberOp.GREATER: lambda: value > wanted,
        NumberOp.AT_LEAST: lambda: value >= wanted,
        NumberOp.LESS: lambda: value < wanted,
        NumberOp.AT_MOST: lambda: value <= wanted,
        NumberOp.BETWEEN: lambda: and_(value >= wanted, value <= upper),
    }
    return conditions[op]()


def _same(op: NumberOp) -> NumberOp:
    return NumberOp.EQUALS if op is NumberOp.NOT_EQUALS else op


def moment(column: Value, test: DateTest, days: Days) -> Bool:
    """Compare a point in time that may be NULL with whole days of the company's zone."""
    if test.op is DateOp.IS_EMPTY:
        return column.is_(None)
    return and_(column.is_not(None), *within(column, test, days))


def within(column: Value, test: DateTest, days: Days) -> list[Bool]:
    """Return the bounds that a test puts on a point in time."""
    first, last = span(test, days)
    bounds = []
    if first is not None:
        bounds.append(column >= days.start_of(first))
    if last is not None:
        bounds.append(column < days.end_of(last))
    return bounds


def date(value: Value, test: DateTest, days: Days) -> Bool:
    """Compare a day in ISO form (text) that may be NULL."""
    if test.op is DateOp.IS_EMPTY:
        return value.is_(None)
    if test.op is DateOp.ANNIVERSARY:
        return anniversary(value, days, test.days or 0)
    first, last = span(test, days)
    bounds = []
    if first is not None:
        bounds.append(value >= first.isoformat())
    if last is not None:
        bounds.append(value <= last.isoformat())
    return and_(value.is_not(None), *bounds)


def anniversary(value: Value, days: Days, reach: int) -> Bool:
    """Say whether a day (ISO text) comes back today or in the next `reach` days; 29 February falls on the 28th else."""
    if reach >= ANY_DAY:
        return value.is_not(None)
    first, last = (day.strftime("%m-%d") for day in (days.today, days.day(reach)))
    if last == "02-28" and not calendar.isleap(days.day(reach).year):
        last = "02-29"
    found = func.coalesce(func.substr(value, 6, 5), "")
    if days.day(reach).year == days.today.year:
        return and_(found >= first, found <= last)
    return or_(found >= first, and_(found != "", found <= last))


def span(test: DateTest, days: Days) -> tuple[dt.date | None, dt.date | None]:
    """Return the first and the last day that a test accepts; None = no bound."""
    one = dt.timedelta(days=1)
    back, ahead = (days.shifted(sign * (test.days or 0), test.unit) for sign in (-1, 1))
    spans: dict[DateOp, tuple[dt.date | None, dt.date | None]] = {
        DateOp.ON: (test.day, test.day),
        DateOp.BEFORE: (None, test.day - one if test.day else None),
        DateOp.AFTER: (test.day + one if test.day else None, None),
        DateOp.BETWEEN: (test.day, test.until),
        DateOp.IN_LAST: (back, days.today),
        DateOp.IN_NEXT: (days.today, ahead),
        DateOp.MORE_THAN_AGO: (None, back - one),
        DateOp.MORE_THAN_AHEAD: (ahead + one, None),
    }
    return spans.get(test.op, (None, None))


def boolean(value: Value, test: BooleanTest) -> Bool:
    """Compare "true", "false" or NULL."""
    match test.op:
        case BooleanOp.IS_EMPTY:
            return value.is_(None)
        case BooleanOp.IS_SET:
            return value.is_not(None)
        case BooleanOp.IS_TRUE:
            return func.coalesce(value, "") == "true"
        case BooleanOp.IS_FALSE:
            return func.coalesce(value, "") == "false"


def _key_or_text(address: str) -> str:
    """Return the key of an address; what is no address is compared as it stands and matches nobody."""
    try:
        return email_key(address)
    except InvalidInput:
        return address.casefold()
