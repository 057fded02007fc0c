"""Counters of what failed, by minute and outbound: one upsert for a batch with failures, none for one without."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import Table, delete, func, select

from lux.gate.stop.models import StopSignal
from lux.kit import clock
from lux.kit.db.counters import add_counts
from lux.ports.acts import ActKind

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.models import Outbound

KEPT: Final = dt.timedelta(days=2)
COUNTED: Final = frozenset({ActKind.EMAIL_CAMPAIGN, ActKind.TEST_EMAIL})  # a stop does not hold system mails


@dataclass(frozen=True, kw_only=True)
class Storm:
    """What failed under one outbound within the time looked at."""

    outbound_id: int
    channel: str
    failed: int
    denied: int


def note(session: Session, outbound: Outbound, *, failed: int = 0, denied: int = 0) -> None:
    """Count failures of one outbound in the present minute."""
    if outbound.kind not in COUNTED or not (failed or denied):
        return
    row = {
        "company_id": outbound.company_id, "outbound_id": outbound.id, "channel": outbound.channel,
        "minute": minute_of(clock.now()), "failed": failed, "denied": denied,
    }  # fmt: skip
    key = ("company_id", "outbound_id", "minute")
    add_counts(session, cast("Table", StopSignal.__table__), [row], key=key, counters=("failed", "denied"))


def since(session: Session, moment: dt.datetime, minutes: int, *, now: dt.datetime) -> list[Storm]:
    """Return what failed within the last minutes and after a moment, outbound by outbound."""
    first = max(minute_of(now) - minutes + 1, minute_of(moment) + 1)
    query = (
        select(StopSignal.outbound_id, StopSignal.channel, func.sum(StopSignal.failed), func.sum(StopSignal.denied))
        .where(StopSignal.minute >= first)
        .group_by(StopSignal.outbound_id, StopSignal.channel)
        .order_by(StopSignal.outbound_id)
    )
    return [
        Storm(outbound_id=number, channel=channel, failed=int(failed), denied=int(denied))
        for number, channel, failed, denied in session.execute(query)
    ]


def forget(session: Session) -> None:
    """Delete counters nobody looks at any more (a session over all companies)."""
    session.execute(delete(StopSignal).where(StopSignal.minute < minute_of(clock.now() - KEPT)))


def minute_of(moment: dt.datetime) -> int:
    """Return the minutes since 1970."""
    return int(moment.timestamp() // 60)
