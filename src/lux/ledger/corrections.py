"""A judgement that later proves wrong: said by a new fact, never by editing the old one; roll-ups follow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from lux.ledger import entries, facts, rollups
from lux.ledger.facts import NewFact
from lux.ledger.models import Fact
from lux.ledger.weights import Tally

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

JUDGED = "fact.judged"


def judge_anew(session: Session, fact_ids: Sequence[int], *, rule: str) -> int:
    """Say of facts of deliveries that a machine did them, after all; returns how many were not known as such.

    Of each a fact `fact.judged` is recorded that names it. The caller holds the delivery, so that two of these don't
    meet.
    """
    query = select(Fact).where(Fact.id.in_(fact_ids), Fact.human != "machine", ~entries.is_corrected())
    rows = session.scalars(query.order_by(Fact.id)).all()
    if not rows:
        return 0
    rollups.share_turn(session)
    units, tally = {row.unit_id for row in rows if row.unit_id is not None}, Tally()
    tally.add(entries.of(session, rows, units), sign=-1)
    facts.record_many(session, [_correction(row, rule) for row in rows])
    tally.add(entries.of(session, rows, units))
    rollups.grow(session, tally)
    return len(rows)


def _correction(row: Fact, rule: str) -> NewFact:
    return NewFact(
        kind=JUDGED,
        contact_id=row.contact_id,
        subject=(row.subject_type, row.subject_id) if row.subject_id is not None else None,
        channel=row.channel,
        properties={"kind": row.kind, "was": row.human, "rule": rule},
        human="machine",
        corrects_id=row.id,
    )
