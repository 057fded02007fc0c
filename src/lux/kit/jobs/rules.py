"""Local rules and zones: which moment comes next, also on the days when the clocks change."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, cast
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

if TYPE_CHECKING:
    from lux.kit.jobs.kinds import Schedule

_FIELDS: Final = 5
_ANY_HOUR: Final = {"*", "*/1"}
_MOST_DAYS: Final = 366 * 8  # a rule that finds nothing in eight years (29 February) finds nothing


class Rule:
    """A schedule's rule, ready to be asked.

    A rule with fixed hours goes by the local wall time: a time that the zone skips (spring) comes
    an hour later, one that comes twice (autumn) counts once. A rule for every hour goes by
    real time.
    """

    def __init__(self, schedule: Schedule) -> None:
        """Read the rule; raises ValueError that names the schedule."""
        fields = schedule.rule.split()
        if len(fields) != _FIELDS:
            raise ValueError(f"schedule {schedule.name!r}: a rule is minute hour day month weekday")
        if re.search(r"\d", fields[4]):  # 0 is Monday in one tradition and Sunday in the other
            raise ValueError(f"schedule {schedule.name!r}: write weekdays by name (mon,wed or mon-fri)")
        self._zone = ZoneInfo(schedule.zone)
        self._is_real_time = fields[1] in _ANY_HOUR
        try:
            self._trigger = CronTrigger.from_crontab(schedule.rule, timezone=self._zone if self._is_real_time else UTC)
        except ValueError as error:
            raise ValueError(f"schedule {schedule.name!r}: {error}") from error

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first moment of the rule after this one, in UTC; None when there is none."""
        if self._is_real_time:
            found = self._ask(moment)
            return None if found is None else found.astimezone(UTC)
        # The trigger does the calendar only, on wall times that pretend to be UTC.
        wall = moment.astimezone(self._zone).replace(tzinfo=UTC) - timedelta(hours=3)
        for _step in range(_MOST_DAYS):
            found = self._ask(wall)
            if found is None:
                return None
            wall = found.replace(tzinfo=UTC)
            slot = found.replace(tzinfo=self._zone, fold=0).astimezone(UTC)
            if slot > moment:
                return slot
        return None

    def last_before(self, moment: datetime, since: datetime) -> datetime | None:
        """Return the last moment of the rule in (since, moment], None when there is none."""
        last, found = None, self.next_after(since)
        while found is not None and found <= moment:
            last, found = found, self.next_after(found)
        return last

    def _ask(self, moment: datetime) -> datetime | None:
        just_after = moment + timedelta(microseconds=1)  # in UTC: wall times forget which fold it is
        zoned = just_after.astimezone(self._trigger.timezone)
        return cast("datetime | None", self._trigger.get_next_fire_time(None, zoned))
