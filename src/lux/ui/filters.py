"""How numbers, moments and shares are written for a person: their locale, their zone, unknown shown as unknown."""

from __future__ import annotations

from datetime import datetime

from babel import dates, numbers
from flask import Flask, current_app
from markupsafe import Markup

from lux.kit import clock
from lux.kit.i18n import babel_locale
from lux.kit.i18n import gettext as _
from lux.kit.money import Money
from lux.ui import lists, web


def number(value: float | None) -> str:
    """Write a number with the locale's separators; None is shown as unknown."""
    return _("unknown") if value is None else numbers.format_decimal(value, locale=babel_locale())


def percent(numerator: int | None, denominator: int | None, digits: int = 1) -> str:
    """Write a share; without a denominator it is unknown, never 0 %."""
    if numerator is None or not denominator:
        return "–"
    pattern = "0." + "0" * digits + " %" if digits else "0 %"
    return numbers.format_percent(numerator / denominator, format=pattern, locale=babel_locale())


def money(minor: int | None, currency: str) -> str:
    """Write minor units as money of a currency."""
    if minor is None:
        return _("unknown")
    return Money(minor=minor, currency=currency).display()


def moment(value: datetime | None, style: str = "medium") -> Markup | str:
    """Write a moment in the person's zone, as a <time> element with the exact value."""
    if value is None:
        return "–"
    local = clock.in_zone(value, web.tz())
    shown = dates.format_datetime(local, format=style, locale=babel_locale())
    return Markup('<time datetime="{}" title="{}">{}</time>').format(value.isoformat(), web.tz(), shown)


def ago(value: datetime | None) -> Markup | str:
    """Write how long ago (or how soon) a moment is, with the exact time as a tooltip."""
    if value is None:
        return _("never")
    words = dates.format_timedelta(value - clock.now(), add_direction=True, locale=babel_locale())
    exact = dates.format_datetime(clock.in_zone(value, web.tz()), format="medium", locale=babel_locale())
    return Markup('<time datetime="{}" title="{}">{}</time>').format(value.isoformat(), exact, words)


def wall(value: datetime | None) -> str:
    """Write a moment as the value of a datetime-local input in the person's zone."""
    return clock.in_zone(value, web.tz()).strftime("%Y-%m-%dT%H:%M") if value else ""


def filesize(count: int) -> str:
    """Write bytes in the unit that people would use."""
    unit, divisor = ("GB", 1024**3) if count >= 1024**3 else ("MB", 1024**2) if count >= 1024**2 else ("KB", 1024)
    return f"{number(round(count / divisor, 1 if count < 100 * divisor else 0))} {unit}"


def has_endpoint(name: str) -> bool:
    """Say whether a page exists, so that rooms can link to rooms above them when they are there."""
    return name in current_app.view_functions


def register(app: Flask) -> None:
    """Give templates these filters."""
    for filter_ in (number, money, moment, ago, wall, filesize):
        app.jinja_env.filters[filter_.__name__] = filter_
    lists.register(app)
    app.jinja_env.globals.update(percent=percent, has_endpoint=has_endpoint, now=clock.now)
