"""When a series runs: a rule by the wall clock of a zone, and the same in words; the calendar is the jobs' own."""

from __future__ import annotations

import datetime as dt
from typing import Final

from babel import dates

from lux.kit import clock
from lux.kit.errors import InvalidInput
from lux.kit.i18n import babel_locale
from lux.kit.i18n import gettext as _
from lux.kit.jobs import Schedule
from lux.kit.jobs.rules import Rule

DAY, WEEK, MONTH = "day", "week", "month"
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LAST: Final = "last"  # the last day of a month
DAYS: Final = (*(str(number) for number in range(1, 29)), LAST)  # every month has them


def rule_of(every: str, at: dt.time, *, weekday: str = "", day: str = "") -> str:
    """Return the rule of a rhythm; raises InvalidInput naming the field."""
    if every == WEEK and weekday not in WEEKDAYS:
        raise InvalidInput(field="weekday", message=_("Choose a weekday."))
    if every == MONTH and day not in DAYS:
        raise InvalidInput(field="day", message=_("Choose a day from 1 to 28, or the last one."))
    if every not in {DAY, WEEK, MONTH}:
        raise InvalidInput(field="every", message=_("Choose daily, weekly or monthly."))
    return f"{at.minute} {at.hour} {day if every == MONTH else '*'} * {weekday if every == WEEK else '*'}"


def next_after(rule: str, zone: str, moment: dt.datetime) -> dt.datetime | None:
    """Return the first slot after a moment, in UTC; what spring skips comes an hour later, what autumn doubles once."""
    return Rule(Schedule(name="series", rule=rule, zone=zone, kind="gate.series")).next_after(moment)


def check(rule: str, zone: str) -> None:
    """Raise InvalidInput unless the rule is one of `rule_of`, in a zone that exists."""
    clock.zone(zone)
    parts = rule.split()
    is_ours = len(parts) == len(("minute", "hour", "day", "month", "weekday")) and parts[3] == "*"
    try:
        if is_ours:
            at = dt.time(int(parts[1]), int(parts[0]))
            is_ours = rule == rule_of(_every(parts), at, weekday=parts[4], day=parts[2])
    except ValueError:
        is_ours = False
    if not is_ours:
        raise InvalidInput(field="rule", message=_("Nothing says when it runs."), fix=_("Choose a rhythm."))


def words(rule: str, zone: str) -> str:
    """Return a rule in the reader's language: “every Tuesday at 9:00 (Europe/Berlin)”."""
    minute, hour, day, _month, weekday = rule.split()
    at = dates.format_time(dt.time(int(hour), int(minute)), format="short", locale=babel_locale())
    if weekday != "*":
        names = dates.get_day_names("wide", locale=babel_locale())
        return _("every %(day)s at %(at)s (%(zone)s)", day=names[WEEKDAYS.index(weekday)], at=at, zone=zone)
    if day == LAST:
        return _("on the last day of every month at %(at)s (%(zone)s)", at=at, zone=zone)
    if day != "*":
        return _("on day %(n)s of every month at %(at)s (%(zone)s)", n=day, at=at, zone=zone)
    return _("every day at %(at)s (%(zone)s)", at=at, zone=zone)


def last_day(until: dt.datetime, zone: str) -> dt.date:
    """Return the last day on which a run may begin, by the calendar of its zone."""
    return clock.in_zone(until - dt.timedelta(seconds=1), zone).date()


def end_of(day: dt.date, zone: str) -> dt.datetime:
    """Return the moment at which a day is over in a zone, in UTC."""
    following = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), clock.zone(zone))
    return following.astimezone(dt.UTC)


def _every(parts: list[str]) -> str:
    if parts[4] != "*":
        return WEEK
    return MONTH if parts[2] != "*" else DAY
