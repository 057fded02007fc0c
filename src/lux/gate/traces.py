"""What one delivery has seen: held while it is judged, recorded with the rule that decided, judged anew by a burst."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lux.gate import judging
from lux.gate.judging import Judgement
from lux.gate.models import Delivery, Outbound
from lux.kit import clock
from lux.ledger import corrections, facts
from lux.ledger.facts import NewFact
from lux.ledger.models import Fact
from lux.ports.acts import ActKind

OPENED, CLICKED, UNSUBSCRIBED = "email.opened", "email.clicked", "email.unsubscribed"
TRAPPED = "email.trapped"  # the link that nobody can see was followed
LINK = "link"  # what clicks are counted under beside their campaign
AGENT_LENGTH = 200  # characters kept of what a mail program calls itself
Seen: TypeAlias = tuple[Delivery, Outbound]  # a delivery that is held, and what it belongs to
MOST_RECENT = 200  # facts of one delivery looked at for a burst: who does more in half a minute is known by then


def held(session: Session, delivery_id: int) -> Seen | None:
    """Return a campaign's delivery, locked, so that what it sees is judged one after the other; else None."""
    fresh = {"populate_existing": True}
    query = select(Delivery).where(Delivery.id == delivery_id).with_for_update().execution_options(**fresh)
    row = session.scalar(query)
    if row is None:
        return None
    outbound = session.scalar(select(Outbound).where(Outbound.id == row.outbound_id))
    return (row, outbound) if outbound is not None and outbound.kind is ActKind.EMAIL_CAMPAIGN else None


def since_sent(row: Delivery, at: datetime) -> float | None:
    """Return the seconds since a message left, at most: while its outcome is not written yet, since it may have."""
    left_at = row.sent_at or row.leaving_at
    return (at - left_at).total_seconds() if left_at is not None else None


def is_trapped(session: Session, row: Delivery, at: datetime) -> bool:
    """Say whether the trap of this delivery was followed at that time.

    Also just after it: what comes from the spool is recorded later than what happened after it.
    """
    return bool(_around(session, row, (TRAPPED,), at, judging.BURST_SECONDS))


def everything(session: Session, row: Delivery, link_id: int, at: datetime) -> list[int]:
    """Return the clicks that, with one on this link at that time, follow every link; empty = they don't.

    Looked at from this click and from each that came after it and is recorded already.
    """
    longest = judging.LONGEST_EVERYTHING
    known = _around(session, row, (CLICKED,), at, longest)
    for end in (at, *sorted(fact.at for fact in known if fact.at > at)):
        before = [fact for fact in known if 0 <= (end - fact.at).total_seconds() <= longest]
        ages = {fact.part_id: (end - fact.at).total_seconds() for fact in reversed(before) if fact.part_id is not None}
        own = (end - at).total_seconds()
        if judging.is_everything({**ages, link_id: min(own, ages.get(link_id, own))}):
            return [fact.id for fact in before]
    return []


def burst(session: Session, row: Delivery) -> list[int]:
    """Return the opens and clicks this delivery saw just now."""
    return [fact.id for fact in _around(session, row, (OPENED, CLICKED), clock.now(), judging.BURST_SECONDS)]


def judge_anew(session: Session, row: Delivery, fact_ids: Sequence[int], *, rule: str) -> None:
    """Say of earlier facts that they were a machine's, and take back the marks they had left."""
    if not corrections.judge_anew(session, fact_ids, rule=rule):
        return
    for kind, name in ((OPENED, "human_opened_at"), (CLICKED, "human_clicked_at")):
        query = select(func.min(Fact.at)).where(Fact.unit_id == row.id, Fact.kind == kind, facts.is_human())
        setattr(row, name, session.scalar(query))
    session.flush()


def mark(row: Delivery, judged: Judgement, at: datetime, first: str, human: str | None = None) -> None:
    """Note the first time on the delivery, and the first of a person."""
    for name in [first, human] if human and judged.human == judging.YES else [first]:
        present: datetime | None = getattr(row, name)
        if present is None or at < present:
            setattr(row, name, at)


def of_open(seen: Seen, judged: Judgement, at: datetime, agent: str) -> NewFact:
    """Mark an open on its delivery; returns the fact to be recorded."""
    mark(seen[0], judged, at, "first_opened_at", "human_opened_at")
    return fact_of(OPENED, seen, judged=judged, agent=agent, at=at)


def of_click(seen: Seen, judged: Judgement, at: datetime, agent: str, *, link: tuple[int, int]) -> NewFact:
    """Mark a click on its delivery; returns the fact to be recorded. `link`: its id and its number."""
    mark(seen[0], judged, at, "first_clicked_at", "human_clicked_at")
    return fact_of(CLICKED, seen, judged=judged, agent=agent, at=at, part=(LINK, link[0]), link=link[1])


def fact_of(
    kind: str,
    seen: Seen,
    *,
    judged: Judgement,
    agent: str = "",
    at: datetime | None = None,
    part: tuple[str, int] | None = None,
    dedup_key: str | None = None,
    **properties: str | int,
) -> NewFact:
    """Return what a recipient, or a machine before them, did; docs/rooms/email.md says what the properties are."""
    row, outbound = seen
    said = {"agent": agent[:AGENT_LENGTH]} if agent else {}
    return NewFact(
        kind=kind,
        at=at,
        contact_id=row.contact_id,
        subject=(outbound.subject_type, outbound.subject_id) if outbound.subject_id else None,
        channel=row.channel,
        actor="machine" if judged.human == judging.MACHINE else "person",
        properties={"delivery": row.id, "rule": judged.rule, **said, **properties},
        human=judged.human,
        unit_id=row.id,
        part=part,
        facets={"device": judging.device_of(agent), "domain": domain_of(row.address)},
        dedup_key=dedup_key,
    )


def domain_of(address: str) -> str:
    """Return the domain a message went to; empty for an erased person."""
    return address.rpartition("@")[2].lower()


def _around(session: Session, row: Delivery, kinds: Sequence[str], at: datetime, seconds: float) -> Sequence[Fact]:
    """Return what this delivery did so many seconds before and after that time, the latest first."""
    width = timedelta(seconds=seconds)
    query = select(Fact).where(Fact.unit_id == row.id, Fact.kind.in_(kinds), Fact.at.between(at - width, at + width))
    return session.scalars(query.order_by(Fact.at.desc(), Fact.id.desc()).limit(MOST_RECENT)).all()
