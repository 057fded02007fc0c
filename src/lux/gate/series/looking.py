"""What rooms may see of series: how far one is within its yes, and what became of each slot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lux.gate import reads
from lux.gate.models import ApprovalDecision, Delivery, Outbound
from lux.gate.series import frame, within
from lux.gate.series.models import SeriesRun
from lux.gate.states import DeliveryState, OutboundState, RunState
from lux.ports.acts import ActKind, RunSeries, act_from

SHOWN = 100


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A series that was submitted."""

    act: RunSeries
    state: OutboundState
    is_paused: bool
    reason: str  # why it is held or waits for a new yes
    next_at: dt.datetime | None
    yes_at: dt.datetime | None  # of the yes it runs, or ran last, within
    yes_by: str
    runs: int  # started within that yes
    messages: int  # of those runs

    @property
    def is_active(self) -> bool:
        """Say whether runs start by themselves."""
        return self.state is OutboundState.READY and not self.is_paused

    @property
    def is_open(self) -> bool:
        """Say whether it has a yes and has not come to its end."""
        return self.state is OutboundState.READY


@dataclass(frozen=True, kw_only=True)
class Run:
    """One slot of a series; figures are counts of its recipients' rows."""

    number: int  # 0 = it did not start
    slot_at: dt.datetime
    state: RunState
    check: str
    reason: str
    outbound: reads.OutboundView | None
    audience: int | None
    opened: int = 0
    clicked: int = 0

    @property
    def counts(self) -> Mapping[DeliveryState, int]:
        """Return its recipients by state."""
        return self.outbound.counts if self.outbound else {}


def standing(session: Session, outbound_id: int) -> Standing | None:
    """Return how far a series is; None for what is no series."""
    outbound = session.scalar(select(Outbound).where(Outbound.id == outbound_id))
    if outbound is None or outbound.kind is not ActKind.SERIES:
        return None
    view = reads.outbound(session, outbound_id)
    act = act_from(view.item.body)
    yes = _yes(session, outbound)
    if not isinstance(act, RunSeries):
        return None
    return Standing(
        act=act,
        state=outbound.state,
        is_paused=outbound.is_paused,
        reason=outbound.pause_reason if outbound.is_paused else outbound.reason or view.item.reason,
        next_at=outbound.due_at if outbound.state is OutboundState.READY else None,
        yes_at=yes.at if yes else None,
        yes_by=yes.decided_by_name if yes else "",
        runs=within.runs_under(session, yes.id) if yes else 0,
        messages=within.messages_before(session, yes.id) if yes else 0,
    )


def runs(session: Session, subject: tuple[str, int], *, limit: int = SHOWN) -> Sequence[Run]:
    """Return what became of every slot of a record's series, the latest first."""
    query = (
        select(SeriesRun)
        .join(Outbound, Outbound.id == SeriesRun.series_id)
        .where(Outbound.subject_type == subject[0], Outbound.subject_id == subject[1])
        .order_by(SeriesRun.slot_at.desc(), SeriesRun.id.desc())
        .limit(limit)
    )
    rows = session.scalars(query).all()
    ids = [row.outbound_id for row in rows if row.outbound_id is not None]
    views = reads.outbounds(session, ids, with_counts=True) if ids else {}
    done = _done_with(session, ids)
    return [
        Run(
            number=row.number,
            slot_at=row.slot_at,
            state=row.state,
            check=row.check_failed,
            reason=row.reason,
            outbound=views.get(row.outbound_id or 0),
            audience=row.audience_count,
            opened=done.get(row.outbound_id or 0, (0, 0))[0],
            clicked=done.get(row.outbound_id or 0, (0, 0))[1],
        )
        for row in rows
    ]


def sentence_of(item: reads.ItemView) -> str:
    """Return what the yes over a series lets happen, in a sentence; empty for what is no series."""
    act = act_from(item.body) if item.kind == ActKind.SERIES.value else None
    return frame.sentence(act) if isinstance(act, RunSeries) else ""


def lines_of(item: reads.ItemView) -> list[tuple[str, str]]:
    """Return every bound of a series with its label; nothing for what is no series."""
    act = act_from(item.body) if item.kind == ActKind.SERIES.value else None
    return frame.lines(act) if isinstance(act, RunSeries) else []


def _yes(session: Session, outbound: Outbound) -> ApprovalDecision | None:
    """Return the yes a series stands under, else the one that its latest run stood under."""
    if outbound.approval_id is not None:
        return session.scalar(select(ApprovalDecision).where(ApprovalDecision.id == outbound.approval_id))
    query = (
        select(ApprovalDecision)
        .join(SeriesRun, SeriesRun.decision_id == ApprovalDecision.id)
        .where(SeriesRun.series_id == outbound.id)
        .order_by(SeriesRun.slot_at.desc())
        .limit(1)
    )
    return session.scalar(query)


def _done_with(session: Session, outbound_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return how many recipients opened and clicked, per outbound."""
    query = (
        select(Delivery.outbound_id, func.count(Delivery.first_opened_at), func.count(Delivery.first_clicked_at))
        .where(Delivery.outbound_id.in_(outbound_ids))
        .group_by(Delivery.outbound_id)
    )
    return {row[0]: (row[1], row[2]) for row in session.execute(query)}
