"""What one delivery has seen: held while it is judged, recorded with the rule that decided, judged anew by a burst."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

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
MOST_RECENT = 200  # facts of one delivery looked at for a burst: who does more in half a minute is known by then


def held(session: Session, delivery_id: int) -> tuple[Delivery, Outbound] | None:
    """Return a campaign's delivery, locked, so that what it sees is judged one after the other; else None."""
    fresh = {"populate_existing": True}
    query = select(Delivery).where(Delivery.id == delivery_id).with_for_update().execution_options(**fresh)
    row = session.scalar(query)
    if row is None:
        return None
    outbound = session.scalar(select(Outbound).where(Outbound.id == row.outbound_id))
    return (row, outbound) if outbound is not None and outbound.kind is ActKind.EMAIL_CAMPAIGN else None


def since_sent(row: Delivery) -> float | None:
    """Return the seconds since a message left, at most: while its outcome is not written yet, since it may have."""
    left_at = row.sent_at or row.leaving_at
    return (clock.now() - left_at).total_seconds() if left_at is not None else None


def is_trapped(session: Session, row: Delivery) -> bool:
    """Say whether the trap of this delivery was followed just now."""
    return bool(_recent(session, row, (TRAPPED,), judging.BURST_SECONDS))


def everything(session: Session, row: Delivery, link_id: int) -> list[int]:
    """Return the clicks just before that, with one on this link now, follow every link; empty = they don't."""
    now, recent = clock.now(), _recent(session, row, (CLICKED,), judging.LONGEST_EVERYTHING)
    ages = {fact.part_id: (now - fact.at).total_seconds() for fact in reversed(recent) if fact.part_id is not None}
    return [fact.id for fact in recent] if judging.is_everything({**ages, link_id: 0.0}) else []


def burst(session: Session, row: Delivery) -> list[int]:
    """Return the opens and clicks this delivery saw just now."""
    return [fact.id for fact in _recent(session, row, (OPENED, CLICKED), judging.BURST_SECONDS)]


def judge_anew(session: Session, row: Delivery, fact_ids: Sequence[int], *, rule: str) -> None:
    """Say of earlier facts that they were a machine's, and take back the marks they had left."""
    if not corrections.judge_anew(session, fact_ids, rule=rule):
        return
    for kind, name in ((OPENED, "human_opened_at"), (CLICKED, "human_clicked_at")):
        query = select(func.min(Fact.at)).where(Fact.unit_id == row.id, Fact.kind == kind, facts.is_human())
        setattr(row, name, session.scalar(query))
    session.flush()


def mark(row: Delivery, judged: Judgement, first: str, human: str | None = None) -> None:
    """Note the first time on the delivery, and the first of a person."""
    names, now = [first, human] if human and judged.human == judging.YES else [first], clock.now()
    for name in names:
        if getattr(row, name) is None:
            setattr(row, name, now)


def record(
    session: Session,
    kind: str,
    seen: tuple[Delivery, Outbound],
    *,
    judged: Judgement,
    agent: str = "",
    part: tuple[str, int] | None = None,
    dedup_key: str | None = None,
    **properties: str | int,
) -> None:
    """Record what a recipient, or a machine before them, did; docs/rooms/email.md says what the properties are."""
    row, outbound = seen
    said = {"agent": agent[:AGENT_LENGTH]} if agent else {}
    session.flush()
    facts.record(
        session,
        NewFact(
            kind=kind,
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
        ),
    )


def domain_of(address: str) -> str:
    """Return the domain a message went to; empty for an erased person."""
    return address.rpartition("@")[2].lower()


def _recent(session: Session, row: Delivery, kinds: Sequence[str], seconds: float) -> Sequence[Fact]:
    since = clock.now() - timedelta(seconds=seconds)
    query = select(Fact).where(Fact.unit_id == row.id, Fact.kind.in_(kinds), Fact.at >= since)
    return session.scalars(query.order_by(Fact.id.desc()).limit(MOST_RECENT)).all()
