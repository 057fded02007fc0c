"""Limits at the place where messages leave: what waits for its hours, its day's number or its budget."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from lux.gate.models import ApprovalQueue, Delivery, Outbound
from lux.gate.states import DeliveryState, ItemState
from lux.gate.toggles import words
from lux.gate.toggles.asking import Answer, allow
from lux.gate.toggles.catalogue import BY_KEY, SCHEDULED, channel_key
from lux.gate.toggles.hours import day_of, next_day
from lux.gate.toggles.limits import Cost, Limits, is_over
from lux.gate.toggles.models import ToggleUse
from lux.identity import companies
from lux.kit import clock
from lux.kit.db.counters import add_counts
from lux.kit.i18n import gettext as _
from lux.kit.money import Money
from lux.ports.acts import ActKind
from lux.ports.receipts import Outcome, Receipt

MESSAGE = "message"
CHECK = "limit"  # how an outbound names what holds it
LOOK_AGAIN = 60.0  # seconds: how soon a changed limit is noticed
BRIEF = 5.0  # seconds until those that are leaving now have an outcome
_COUNTED = frozenset({Outcome.SENT, Outcome.CAPTURED, Outcome.UNKNOWN})  # unknown: it may have arrived


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Why something waits, and until when; without words it is a matter of seconds."""

    until: dt.datetime
    reason: str = ""

    @property
    def seconds(self) -> float:
        """Return how long to wait before looking again."""
        return min(LOOK_AGAIN, max(0.5, (self.until - clock.now()).total_seconds()))


@dataclass(frozen=True, kw_only=True)
class Room:
    """How many may be claimed now; with none, what they wait for."""

    size: int
    wait: Wait | None = None


@dataclass(frozen=True, kw_only=True)
class Quota:
    """Which toggles bound one outbound, and in which zone its company's days begin."""

    company_id: int
    keys: tuple[str, ...]  # none = nothing bounds it: test copies and system mails
    zone: str

    def wait(self, session: Session) -> Wait | None:
        """Return what holds everything back now, the longest; a toggle that is off is not waited for here."""
        waits = [self._wait(session, key, answer.limits) for key in self.keys if (answer := self._ask(session, key))]
        return max((wait for wait in waits if wait is not None), key=lambda wait: wait.until, default=None)

    def take(self, session: Session, wanted: int) -> Room:
        """Return how many of those wanted may be claimed, and hold the day's counters until the transaction ends.

        It has to be the first thing that a transaction does: who claims at the same time waits here, and what they
        claimed is seen then, on every database. What is claimed counts until it has an outcome, so that no number
        of workers goes above a cap, and a crash takes nothing from it.
        """
        if not self.keys:
            return Room(size=wanted)
        now = clock.now()
        self._lock(session, now)
        for key in self.keys:
            cap = answer.limits.daily_cap if (answer := self._ask(session, key)) else None
            if cap is None:
                continue
            left = cap - self._used(session, key, now)
            if left <= 0:
                return Room(size=0, wait=_until_tomorrow(key, cap, now, self.zone))
            wanted = min(wanted, left - _leaving(session, key))
        if wanted <= 0:
            return Room(size=0, wait=Wait(until=now + dt.timedelta(seconds=BRIEF)))
        return Room(size=wanted)

    def used_today(self, session: Session, key: str) -> int:
        """Return how many messages left under a toggle on the present day."""
        return self._used(session, key, clock.now())

    def _ask(self, session: Session, key: str) -> Answer:
        return allow(session, self.company_id, key)

    def _wait(self, session: Session, key: str, limits: Limits) -> Wait | None:
        now = clock.now()
        found = [_closed(key, limits, now), *self._costly(session, key, limits, now)]
        if limits.daily_cap is not None and self._used(session, key, now) >= limits.daily_cap:
            found.append(_until_tomorrow(key, limits.daily_cap, now, self.zone))
        return max((wait for wait in found if wait is not None), key=lambda wait: wait.until, default=None)

    def _costly(self, session: Session, key: str, limits: Limits, now: dt.datetime) -> Iterable[Wait | None]:
        if limits.cost_day is None and limits.cost_month is None:
            return
        today = day_of(now, self.zone)
        if is_over(limits.cost_day, spent(session, self.company_id, key, since=today)):
            yield _spent(key, _("a day"), limits.cost_day, next_day(now, self.zone), self.zone)
        if is_over(limits.cost_month, spent(session, self.company_id, key, since=today.replace(day=1))):
            yield _spent(key, _("a month"), limits.cost_month, next_day(now, self.zone, day=1), self.zone)

    def _lock(self, session: Session, now: dt.datetime) -> None:
        day = day_of(now, self.zone)
        _add(session, self.company_id, [(key, day, MESSAGE, 0) for key in self.keys])

    def _used(self, session: Session, key: str, now: dt.datetime) -> int:
        query = select(ToggleUse.amount).where(
            ToggleUse.company_id == self.company_id,
            ToggleUse.key == key,
            ToggleUse.day == day_of(now, self.zone),
            ToggleUse.unit == MESSAGE,
        )
        return session.scalar(query) or 0


def of(session: Session, outbound: Outbound) -> Quota:
    """Return what bounds an outbound of the session's company."""
    return Quota(
        company_id=outbound.company_id,
        keys=keys_of(session, outbound),
        zone=companies.current(session).timezone,
    )


def keys_of(session: Session, outbound: Outbound) -> tuple[str, ...]:
    """Return the toggles whose limits bound an outbound: a campaign's channel, and the time if it left for one."""
    if outbound.kind is ActKind.SERIES:
        return (channel_key(outbound.channel), SCHEDULED)  # of every run of it
    if outbound.kind is not ActKind.EMAIL_CAMPAIGN:
        return ()
    state = session.scalar(select(ApprovalQueue.state).where(ApprovalQueue.id == outbound.item_id))
    return (channel_key(outbound.channel), *([SCHEDULED] if state is ItemState.SCHEDULED else []))


def is_idle(session: Session, outbound: Outbound) -> bool:
    """Say whether nobody is left to write to, so that there is nothing to wait for."""
    waiting = select(Delivery.id).where(Delivery.outbound_id == outbound.id, Delivery.state == DeliveryState.QUEUED)
    return outbound.is_materialised and session.scalar(waiting.limit(1)) is None


def count(session: Session, outbound: Outbound, receipts: Sequence[Receipt]) -> None:
    """Count what left, in the transaction that writes the outcomes; what is tried again is not counted yet."""
    gone = [receipt.at for receipt in receipts if receipt.outcome in _COUNTED]
    if not gone or outbound.kind is not ActKind.EMAIL_CAMPAIGN:
        return
    zone = companies.current(session).timezone
    by_day: dict[dt.date, int] = {}
    for at in gone:
        day = day_of(at, zone)
        by_day[day] = by_day.get(day, 0) + 1
    keys = keys_of(session, outbound)
    rows = [(key, day, MESSAGE, number) for key in keys for day, number in sorted(by_day.items())]
    _add(session, outbound.company_id, rows)


def charge(session: Session, company_id: int, key: str, cost: Money) -> None:
    """Count what a provider charged under a toggle, today."""
    day = day_of(clock.now(), companies.current(session).timezone)
    _add(session, company_id, [(key, day, cost.currency, cost.minor)])


def spent(session: Session, company_id: int, key: str, *, since: dt.date) -> Mapping[str, int]:
    """Return what providers charged under a toggle since a day: minor units by currency."""
    query = (
        select(ToggleUse.unit, func.sum(ToggleUse.amount))
        .where(
            ToggleUse.company_id == company_id, ToggleUse.key == key, ToggleUse.day >= since, ToggleUse.unit != MESSAGE
        )
        .group_by(ToggleUse.unit)
    )
    return {row[0]: int(row[1]) for row in session.execute(query)}


def _add(session: Session, company_id: int, rows: Sequence[tuple[str, dt.date, str, int]]) -> None:
    names = ("key", "day", "unit", "amount")
    values = [{"company_id": company_id, **dict(zip(names, row, strict=True))} for row in sorted(rows)]
    table = cast("Table", ToggleUse.__table__)
    add_counts(session, table, values, key=("company_id", "key", "day", "unit"), counters=("amount",))


def _leaving(session: Session, key: str) -> int:
    """Return how many of the session's company are claimed under a toggle and have no outcome yet."""
    query = (
        select(func.count())
        .select_from(Delivery)
        .join(Outbound, Outbound.id == Delivery.outbound_id)
        .where(Delivery.state == DeliveryState.CLAIMED, Outbound.kind == ActKind.EMAIL_CAMPAIGN)
    )
    if key == SCHEDULED:
        query = query.join(ApprovalQueue, ApprovalQueue.id == Outbound.item_id)
        query = query.where(ApprovalQueue.state == ItemState.SCHEDULED)
    else:
        query = query.where(Outbound.channel == key.removeprefix("channel_"))
    return session.scalar(query) or 0


def _closed(key: str, limits: Limits, now: dt.datetime) -> Wait | None:
    hours = limits.hours
    if hours is None or hours.is_open(now):
        return None
    until = hours.next_open(now) or now + dt.timedelta(days=1)
    return Wait(
        until=until,
        reason=_(
            "It is outside the active hours of “%(label)s”: %(hours)s. It goes on by itself at %(when)s.",
            label=BY_KEY[key].label(),
            hours=words.hours_words(hours),
            when=words.moment(until, hours.zone),
        ),
    )


def _until_tomorrow(key: str, cap: int, now: dt.datetime, zone: str) -> Wait:
    until = next_day(now, zone)
    return Wait(
        until=until,
        reason=_(
            "The daily cap of “%(label)s” is reached: %(n)s messages a day. It goes on by itself at %(when)s.",
            label=BY_KEY[key].label(),
            n=cap,
            when=words.moment(until, zone),
        ),
    )


def _spent(key: str, span: str, cost: Cost | None, until: dt.datetime, zone: str) -> Wait:
    return Wait(
        until=until,
        reason=_(
            "The provider cost of “%(label)s” is reached: %(money)s %(span)s. It goes on by itself at %(when)s.",
            label=BY_KEY[key].label(),
            money=cost.money.display() if cost else "",
            span=span,
            when=words.moment(until, zone),
        ),
    )
