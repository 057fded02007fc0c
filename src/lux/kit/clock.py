"""The one source of time: aware, UTC inside, people's zones at the edge."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _


def now() -> datetime:
    """Return the present time, aware, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds of a clock that never goes back, for leases and pace within a process."""
    return time.monotonic()


def zone(name: str) -> ZoneInfo:
    """Return an IANA zone; raises InvalidInput naming the field `timezone`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput(
            field="timezone",
            message=_("“%(name)s” is not a time zone.", name=name),
            fix=_("Choose one from the list, for example Europe/Berlin."),
        ) from error


def zone_names() -> list[str]:
    """Return the names people can choose from, sorted."""
    return [*sorted(n for n in available_timezones() if "/" in n and not n.startswith("Etc/")), "UTC"]


def local_to_utc(local: datetime, zone_name: str, *, field: str = "send_at") -> datetime:
    """Turn a wall time without zone into UTC; a wall time that the zone skips (spring) is refused.

    A wall time that happens twice (autumn) means the first of the two.
    """
    aware = local.replace(tzinfo=zone(zone_name), fold=0)
    utc = aware.astimezone(UTC)
    if utc.astimezone(zone(zone_name)).replace(tzinfo=None) != local:
        raise InvalidInput(
            field=field,
            message=_("This time does not exist in %(zone)s: the clocks go forward then.", zone=zone_name),
            fix=_("Choose a time an hour earlier or later."),
        )
    return utc


def in_zone(moment: datetime, zone_name: str) -> datetime:
    """Return the moment as wall time of a zone (still aware)."""
    return moment.astimezone(zone(zone_name))
