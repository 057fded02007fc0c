"""Figures about deciding, each from the rows themselves: a share carries its whole, and nothing to count is no zero."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from lux.gate.models import ApprovalDecision, ApprovalQueue, ApprovalVersion
from lux.gate.states import ItemState, Method, Verdict
from lux.kit import clock
from lux.ports.acts import UNLISTED

SPANS: Final = (30, 90)  # days
_BY_PEOPLE: Final = ApprovalDecision.method.not_in((Method.SYSTEM, Method.TEST, Method.SERIES, Method.ELSEWHERE))


@dataclass(frozen=True, kw_only=True)
class Share:
    """A number and of how many; None of nothing."""

    count: int
    whole: int

    @property
    def is_known(self) -> bool:
        """Say whether there was anything to count."""
        return self.whole > 0


@dataclass(frozen=True, kw_only=True)
class Figures:
    """How deciding goes, over the last days."""

    days: int
    waiting: int
    oldest: datetime | None
    median_seconds: int | None  # from the submission of a version to the yes that let it go; None = no yes
    yeses: int  # of those that let something go
    edited: Share  # changed by a person after they were submitted, of the items submitted
    rejected: Share  # noes, of all that came to an end: yes, no, expired
    expired: Share  # of the same


def over(session: Session, days: int) -> Figures:
    """Return the figures of the session's company over the last days."""
    since = clock.now() - timedelta(days=days)
    listed = ApprovalQueue.kind.not_in(UNLISTED)
    waiting = select(func.count(), func.min(ApprovalQueue.submitted_at)).where(
        ApprovalQueue.state == ItemState.PENDING, listed
    )
    number, oldest = session.execute(waiting).one()
    yeses = _count(session, _decided(Verdict.YES, since).where(ApprovalDecision.number >= ApprovalDecision.needed))
    noes = _count(session, _decided(Verdict.NO, since))
    expired = _count(
        session,
        select(ApprovalQueue.id).where(
            listed, ApprovalQueue.state == ItemState.EXPIRED, ApprovalQueue.decided_at >= since
        ),
    )
    ended = yeses + noes + expired
    by_people = (ApprovalVersion.version > 1, ApprovalVersion.created_by.is_not(None))
    return Figures(
        days=days,
        waiting=int(number),
        oldest=oldest,
        median_seconds=_median(session, since),
        yeses=yeses,
        edited=Share(
            count=_count(session, _versions(since, *by_people)),
            whole=_count(session, _versions(since)),
        ),
        rejected=Share(count=noes, whole=ended),
        expired=Share(count=expired, whole=ended),
    )


def _decided(verdict: Verdict, since: datetime) -> Select[int]:
    return (
        select(ApprovalDecision.id)
        .join(ApprovalQueue, ApprovalQueue.id == ApprovalDecision.item_id)
        .where(
            ApprovalQueue.kind.not_in(UNLISTED),
            ApprovalDecision.verdict == verdict,
            ApprovalDecision.at >= since,
            _BY_PEOPLE,
        )
    )


def _versions(since: datetime, *conditions: ColumnElement[bool]) -> Select[int]:
    """Return SELECT of the items of which a version was made since then, once each."""
    return (
        select(ApprovalVersion.item_id)
        .join(ApprovalQueue, ApprovalQueue.id == ApprovalVersion.item_id)
        .where(ApprovalQueue.kind.not_in(UNLISTED), ApprovalVersion.created_at >= since, *conditions)
        .distinct()
    )


def _count(session: Session, query: Select[int]) -> int:
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def _median(session: Session, since: datetime) -> int | None:
    """Return the median wait of what got its yes, counted and read in order by the database."""
    waited = (
        _decided(Verdict.YES, since)
        .where(ApprovalDecision.number >= ApprovalDecision.needed, ApprovalDecision.waited_seconds.is_not(None))
        .with_only_columns(ApprovalDecision.waited_seconds)
    )
    number = session.scalar(select(func.count()).select_from(waited.subquery())) or 0
    if not number:
        return None
    middle = session.scalars(
        waited.order_by(ApprovalDecision.waited_seconds).offset((number - 1) // 2).limit(2 - number % 2)
    ).all()
    return round(sum(one or 0 for one in middle) / len(middle))
