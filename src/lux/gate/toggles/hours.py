"""Active hours: on which days, and between which wall times of a zone, something may happen."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lux.kit import clock
from lux.kit.errors import LuxError

MINUTE = dt.timedelta(minutes=1)
HORIZON = dt.timedelta(days=9)  # one open day a week, and the day of a clock change that swallows it
Day = Annotated[int, Field(ge=0, le=6)]  # Monday is 0


class Hours(BaseModel):
    """A window by the wall clock; one that ends before it starts lasts over midnight and belongs to its first day.

    The wall clock decides: a window that begins within the hour that spring skips opens when the clocks have gone
    forward, and what autumn repeats is open, or shut, both times.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    starts: dt.time
    ends: dt.time
    days: frozenset[Day] = Field(min_length=1)
    zone: str

    @model_validator(mode="after")
    def _is_a_window(self) -> Hours:
        if self.starts == self.ends or self.starts.tzinfo or self.ends.tzinfo:
            raise ValueError("start and end have to differ, as wall times")
        if self.starts.second or self.ends.second or self.starts.microsecond or self.ends.microsecond:
            raise ValueError("hours begin and end with a minute")
        try:
            clock.zone(self.zone)
        except LuxError as error:
            raise ValueError(error.message) from error
        return self

    def is_open(self, moment: dt.datetime) -> bool:
        """Say whether the wall clock stands within the window at a moment."""
        local = clock.in_zone(moment, self.zone)
        now, today = local.time(), local.weekday()
        if self.starts < self.ends:
            return today in self.days and self.starts <= now < self.ends
        yesterday = (today - 1) % 7
        return (today in self.days and now >= self.starts) or (yesterday in self.days and now < self.ends)

    def next_open(self, moment: dt.datetime) -> dt.datetime | None:
        """Return the first minute from a moment on at which it is open; None when there is none within nine days."""
        if self.is_open(moment):
            return moment
        end = moment + HORIZON
        at = moment.replace(second=0, microsecond=0)
        while at < end:
            at += MINUTE
            if self.is_open(at):
                return at
        return None


def day_of(moment: dt.datetime, zone: str) -> dt.date:
    """Return the day that a wall calendar of the zone shows."""
    return clock.in_zone(moment, zone).date()


def next_day(moment: dt.datetime, zone: str, *, day: int | None = None) -> dt.datetime:
    """Return the moment at which the zone's next day begins; `day` = 1 for the first of its next month."""
    local = clock.in_zone(moment, zone)
    first = (local.date() + dt.timedelta(days=1)) if day is None else _next_month(local.date())
    midnight = dt.datetime.combine(first, dt.time(), tzinfo=clock.zone(zone)).astimezone(dt.UTC)
    while day_of(midnight - MINUTE, zone) >= first:  # a zone whose clocks go forward at midnight
        midnight -= MINUTE
    return midnight


def _next_month(day: dt.date) -> dt.date:
    return (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
