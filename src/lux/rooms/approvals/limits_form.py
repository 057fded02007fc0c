"""What people enter as the limits of a switch, read into typed values with an error at each field."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import Field

from lux.gate.toggles import Limits
from lux.gate.toggles.hours import Hours
from lux.gate.toggles.limits import MOST_A_DAY, Cost
from lux.kit import clock, money
from lux.kit.errors import FieldProblem, InvalidInput, LuxError
from lux.kit.i18n import babel_locale
from lux.kit.i18n import gettext as _
from lux.rooms.approvals.forms import Reason
from lux.ui.parsing import FormModel

if TYPE_CHECKING:
    from lux.gate.toggles import ToggleSpec

Read = TypeVar("Read")
WORKDAYS: Final = (0, 1, 2, 3, 4)


class LimitsForm(FormModel):
    """The limits of one switch as text: an empty field is no limit."""

    daily_cap: str = ""
    starts: str = ""
    ends: str = ""
    days: list[str] = Field(default_factory=list)
    zone: str = ""
    cost_day: str = ""
    cost_month: str = ""
    confidence: str = ""
    reason: Reason = ""


class InstallationForm(FormModel):
    """The installation's own row of a switch."""

    is_on: bool
    reason: Reason = ""


def limits_of(form: LimitsForm, spec: ToggleSpec, currency: str) -> Limits:
    """Return the limits that were entered; raises InvalidInput with one problem per field."""
    problems: list[FieldProblem] = []

    def tried(read: Callable[[], Read]) -> Read | None:
        try:
            return read()
        except LuxError as error:
            problems.extend(error.problems)
            return None

    found: dict[str, Any] = {
        "daily_cap": tried(lambda: _whole(form.daily_cap, "daily_cap", MOST_A_DAY)),
        "hours": tried(lambda: _hours(form)),
        "cost_day": tried(lambda: _cost(form.cost_day, "cost_day", currency)),
        "cost_month": tried(lambda: _cost(form.cost_month, "cost_month", currency)),
        "confidence": tried(lambda: _whole(form.confidence, "confidence", 100)),
    }
    strange = [name for name in sorted(set(found) - spec.limits) if found[name] is not None]
    problems.extend(FieldProblem(field=name, message=_("This switch has no such limit.")) for name in strange)
    day, month = found["cost_day"], found["cost_month"]
    if day is not None and month is not None and month.minor < day.minor:
        words = _("The month would be over before one day is.")
        problems.append(FieldProblem(field="cost_month", message=words, fix=_("Enter at least the cost per day.")))
    if problems:
        raise InvalidInput(_("Some fields need your attention."), problems=problems)
    return Limits(**{name: value for name, value in found.items() if value is not None})


def values_of(limits: Limits | None, zone: str) -> dict[str, Any]:
    """Return what the form shows for stored limits; `zone` = the company's, where none is chosen yet."""
    shown = limits or Limits()
    hours = shown.hours
    return {
        "daily_cap": "" if shown.daily_cap is None else str(shown.daily_cap),
        "starts": f"{hours.starts:%H:%M}" if hours else "",
        "ends": f"{hours.ends:%H:%M}" if hours else "",
        "days": [str(day) for day in sorted(hours.days if hours else WORKDAYS)],
        "zone": hours.zone if hours else zone,
        "cost_day": _money(shown.cost_day),
        "cost_month": _money(shown.cost_month),
        "confidence": "" if shown.confidence is None else str(shown.confidence),
        "reason": "",
    }


def _whole(text: str, field: str, most: int) -> int | None:
    bare = text.replace(" ", "").replace("\u00a0", "").replace("\u202f", "")
    if not bare:
        return None
    fix = _("Enter a whole number from 1 to %(most)s, or leave it empty.", most=most)
    if not (bare.isascii() and bare.isdigit()) or not 1 <= int(bare[:12]) <= most:
        raise InvalidInput(field=field, message=_("This is not a number that fits."), fix=fix)
    return int(bare)


def _cost(text: str, field: str, currency: str) -> Cost | None:
    if not text:
        return None
    found = money.parse(text, currency, field=field)
    if found.minor < 0:
        raise InvalidInput(field=field, message=_("A cost can't be negative."), fix=_("Enter zero or more."))
    return Cost(minor=found.minor, currency=found.currency)


def _hours(form: LimitsForm) -> Hours | None:
    if not form.starts and not form.ends:
        return None
    starts, ends = _time(form.starts, "starts"), _time(form.ends, "ends")
    if starts == ends:
        fix = _("Choose another end, or leave both empty for the whole day.")
        raise InvalidInput(field="ends", message=_("Start and end are the same."), fix=fix)
    days = {int(day) for day in form.days if day in set("0123456")}
    if not days or len(days) != len(set(form.days)):
        raise InvalidInput(field="days", message=_("No day is chosen."), fix=_("Choose at least one."))
    if form.zone not in clock.zone_names():
        fix = _("Choose one from the list, for example Europe/Berlin.")
        raise InvalidInput(field="zone", message=_("This is not a time zone."), fix=fix)
    return Hours(starts=starts, ends=ends, days=frozenset(days), zone=form.zone)


def _time(text: str, field: str) -> dt.time:
    try:
        return dt.datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a wall time
    except ValueError as error:
        fix = _("Write it like 09:00; with one of the two, the other is needed as well.")
        raise InvalidInput(field=field, message=_("This is not a time of day."), fix=fix) from error


def _money(cost: Cost | None) -> str:
    """Return an amount as the form takes it back: in the locale's own digits, without the currency."""
    from babel import numbers

    return "" if cost is None else str(numbers.format_decimal(cost.money.amount, locale=babel_locale()))
