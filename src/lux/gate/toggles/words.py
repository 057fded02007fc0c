"""Limits in words for people, in the locale of whoever reads or of the work at hand."""

from __future__ import annotations

import datetime as dt

from lux.gate.toggles.catalogue import CAP, CONFIDENCE, COST_DAY, COST_MONTH, HOURS
from lux.gate.toggles.hours import Hours
from lux.gate.toggles.limits import Limits
from lux.kit import clock
from lux.kit.i18n import babel_locale, ngettext
from lux.kit.i18n import gettext as _


def limit_label(name: str) -> str:
    """Return what a limit is called."""
    return {
        CAP: _("Daily cap"),
        HOURS: _("Active hours"),
        COST_DAY: _("Provider cost per day"),
        COST_MONTH: _("Provider cost per month"),
        CONFIDENCE: _("Confidence threshold"),
    }[name]


def described(limits: Limits) -> list[str]:
    """Return one short sentence per limit that is set."""
    found = []
    if limits.daily_cap is not None:
        from babel import numbers

        n = numbers.format_decimal(limits.daily_cap, locale=babel_locale())
        found.append(ngettext("At most one message a day", "At most %(n)s messages a day", limits.daily_cap, n=n))
    if limits.hours is not None:
        found.append(hours_words(limits.hours))
    if limits.cost_day is not None:
        found.append(_("At most %(money)s a day", money=limits.cost_day.money.display()))
    if limits.cost_month is not None:
        found.append(_("At most %(money)s a month", money=limits.cost_month.money.display()))
    if limits.confidence is not None:
        found.append(_("Below %(n)s %% confidence a proposal stays a private draft", n=limits.confidence))
    return found


def hours_words(hours: Hours) -> str:
    """Return days, times and zone of active hours."""
    names = day_names()
    days = _("every day") if len(hours.days) == len(names) else ", ".join(names[day] for day in sorted(hours.days))
    times = f"{hours.starts:%H:%M}–{hours.ends:%H:%M}"
    return _("%(times)s, %(days)s (%(zone)s)", times=times, days=days, zone=hours.zone)


def day_names() -> dict[int, str]:
    """Return the short names of the days of the week; Monday is 0."""
    from babel import dates

    found: dict[int, str] = dict(dates.get_day_names("abbreviated", context="stand-alone", locale=babel_locale()))
    return found


def moment(at: dt.datetime, zone: str) -> str:
    """Return a moment as wall time of a zone, with the zone's name."""
    from babel import dates

    local, locale = clock.in_zone(at, zone).replace(tzinfo=None), babel_locale()
    day, time = dates.format_date(local, "medium", locale=locale), dates.format_time(local, "short", locale=locale)
    return f"{day}, {time} ({zone})"
