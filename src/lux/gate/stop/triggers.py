"""What LUX stops by itself for, and from when on: visible bounds, changed per company within what is safe, audited."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from lux.gate.stop.models import StopTrigger
from lux.identity.access import Person, Right
from lux.kit import clock
from lux.kit.db.session import company_of
from lux.kit.errors import FieldProblem, InvalidInput, NotFound
from lux.kit.i18n import gettext as _
from lux.ledger import audit

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

DAY: Final = 24 * 60


class Cause(enum.Enum):
    """Why LUX presses a stop by itself."""

    COMPLAINTS = "complaints"  # too many called it spam
    BOUNCES = "bounces"  # too many addresses do not exist
    ERRORS = "errors"  # messages fail one after the other
    DENIED = "denied"  # the server does not let us in, again and again
    AUDIT = "audit"  # the audit chain does not hold


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The least and the most a company may choose."""

    least: int
    most: int

    def holds(self, value: int) -> bool:
        """Say whether a value lies within."""
        return self.least <= value <= self.most


@dataclass(frozen=True, kw_only=True)
class TriggerSpec:
    """One trigger with its usual values and what they may be changed to; a rate counts per 100,000."""

    cause: Cause
    is_rate: bool
    label: Callable[[], str]
    threshold: int
    threshold_bounds: Bounds
    minimum: int = 0
    minimum_bounds: Bounds = Bounds(least=0, most=0)
    minutes: int
    minutes_bounds: Bounds


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """A trigger with the values that hold for one company."""

    spec: TriggerSpec
    threshold: int
    minimum: int
    minutes: int
    changed_by: str = ""
    changed_at: datetime | None = None


SPECS: Final = (
    TriggerSpec(
        cause=Cause.COMPLAINTS,
        is_rate=True,
        label=lambda: _("Called spam"),
        threshold=300,
        threshold_bounds=Bounds(least=50, most=1000),
        minimum=1000,
        minimum_bounds=Bounds(least=100, most=10_000),
        minutes=7 * DAY,
        minutes_bounds=Bounds(least=DAY, most=30 * DAY),
    ),
    TriggerSpec(
        cause=Cause.BOUNCES,
        is_rate=True,
        label=lambda: _("Addresses that do not exist"),
        threshold=5000,
        threshold_bounds=Bounds(least=500, most=10_000),
        minimum=200,
        minimum_bounds=Bounds(least=100, most=10_000),
        minutes=7 * DAY,
        minutes_bounds=Bounds(least=DAY, most=30 * DAY),
    ),
    TriggerSpec(
        cause=Cause.ERRORS,
        is_rate=False,
        label=lambda: _("Messages that fail one after the other"),
        threshold=100,
        threshold_bounds=Bounds(least=20, most=5000),
        minutes=10,
        minutes_bounds=Bounds(least=1, most=60),
    ),
    TriggerSpec(
        cause=Cause.DENIED,
        is_rate=False,
        label=lambda: _("A mail server that does not let us in"),
        threshold=5,
        threshold_bounds=Bounds(least=2, most=50),
        minutes=30,
        minutes_bounds=Bounds(least=5, most=DAY),
    ),
)
BY_KEY: Final = {spec.cause.value: spec for spec in SPECS}


def listing(session: Session) -> list[Trigger]:
    """Return every trigger with the values of the session's company."""
    rows = {row.key: row for row in session.scalars(select(StopTrigger))}
    return [_of(spec, rows.get(spec.cause.value)) for spec in SPECS]


def change(session: Session, person: Person, key: str, *, threshold: int, minimum: int, minutes: int) -> None:
    """Set a company's own values; raises InvalidInput outside the safe bounds, naming each field."""
    person.require(Right.MANAGE)
    spec = BY_KEY.get(key)
    if spec is None:
        raise NotFound(_("There is no trigger called “%(key)s”.", key=key))
    _require_within(spec, {"threshold": threshold, "minimum": minimum, "minutes": minutes})
    row = session.scalar(select(StopTrigger).where(StopTrigger.key == key).with_for_update())
    before = _of(spec, row)
    if row is None:
        row = StopTrigger(key=key)
        session.add(row)
    row.threshold, row.minimum, row.minutes = threshold, minimum, minutes
    row.changed_by, row.changed_by_name, row.changed_at = person.user_id, person.name or person.email, clock.now()
    session.flush()
    audit.append(
        session,
        company_of(session),
        actor=person.actor,
        action="stop.trigger_changed",
        object_type="stop_trigger",
        object_id=key,
        detail={
            "before": {name: shown(spec, name, getattr(before, name)) for name in _BOUNDED},
            "after": {name: shown(spec, name, getattr(row, name)) for name in _BOUNDED},
        },
    )


def _require_within(spec: TriggerSpec, values: dict[str, int]) -> None:
    bounds = {
        "threshold": spec.threshold_bounds, "minimum": spec.minimum_bounds, "minutes": spec.minutes_bounds,
    }  # fmt: skip
    problems = [
        FieldProblem(
            field=name,
            message=_("This is outside of what is safe."),
            fix=_("Enter %(least)s to %(most)s.", least=shown(spec, name, bound.least),
                  most=shown(spec, name, bound.most)),
        )
        for name, bound in bounds.items()
        if not bound.holds(values[name])
    ]  # fmt: skip
    if problems:
        raise InvalidInput(problems=problems)


_BOUNDED: Final = ("threshold", "minimum", "minutes")


def shown(spec: TriggerSpec, name: str, value: int) -> str:
    """Return a value as it is typed and read: a rate in percent and its time in days, else numbers and minutes."""
    return f"{value / _unit(spec, name):g}"


def typed(spec: TriggerSpec, name: str, value: Decimal) -> int:
    """Return what was typed as it is stored."""
    return round(value * _unit(spec, name))


def _unit(spec: TriggerSpec, name: str) -> int:
    """Return by how much what is stored is greater than what is typed."""
    return {"threshold": 1000, "minutes": DAY}.get(name, 1) if spec.is_rate else 1


def _of(spec: TriggerSpec, row: StopTrigger | None) -> Trigger:
    if row is None:
        return Trigger(spec=spec, threshold=spec.threshold, minimum=spec.minimum, minutes=spec.minutes)
    return Trigger(
        spec=spec, threshold=row.threshold, minimum=row.minimum, minutes=row.minutes,
        changed_by=row.changed_by_name, changed_at=row.changed_at,
    )  # fmt: skip
