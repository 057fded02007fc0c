"""What recipients do with a message: opens, clicks, unsubscribes; each a fact, firsts marked on the delivery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from lux.gate import consent, judging, traces
from lux.gate.consent import ConsentEntry, Standing
from lux.gate.judging import Judgement
from lux.gate.models import Delivery, OutboundLink
from lux.gate.states import ConsentState, SuppressionReason
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.errors import NotFound
from lux.ledger import facts

RETURNABLE = (None, SuppressionReason.UNSUBSCRIBED)  # what one's own word can lift
TRAP = Judgement(human=judging.MACHINE, rule="trap")
EVERYTHING = Judgement(human=judging.MACHINE, rule="click_everything")


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Whose delivery a link belongs to."""

    delivery_id: int
    contact_id: int | None
    address: str
    address_key: str
    channel: str
    is_unsubscribed: bool  # by their word, whatever else keeps mail from them
    may_return: bool  # nothing else does, so that taking it back would bring mail again


def delivery_company(db: Database, delivery_id: int) -> int | None:
    """Return the company of a delivery that a token proved, or None when it is gone."""
    with db.read(ALL_COMPANIES) as session:
        return session.scalar(select(Delivery.company_id).where(Delivery.id == delivery_id))


def recipient(session: Session, delivery_id: int) -> Recipient:
    """Return whose delivery it is; raises NotFound."""
    row = session.scalar(select(Delivery).where(Delivery.id == delivery_id))
    if row is None:
        raise NotFound
    standing = consent.status(session, row.channel, [row.address_key])[row.address_key]
    return Recipient(
        delivery_id=row.id,
        contact_id=row.contact_id,
        address=row.address,
        address_key=row.address_key,
        channel=row.channel,
        is_unsubscribed=_has_left(standing),
        may_return=standing.suppressed in RETURNABLE,
    )


def _has_left(standing: Standing) -> bool:
    return standing.suppressed is SuppressionReason.UNSUBSCRIBED or standing.state is ConsentState.WITHDRAWN


def opened(session: Session, delivery_id: int, *, agent: str = "", at: datetime | None = None) -> int | None:
    """Record an open and who it was; returns the contact id when it may have been that person, else None.

    `at`: when it happened; None = now.
    """
    seen, moment = traces.held(session, delivery_id), at or clock.now()
    if seen is None:
        return None
    judged = judging.of_open(agent, traces.since_sent(seen[0], moment))
    if traces.is_trapped(session, seen[0], moment):
        judged = TRAP
    facts.record_many(session, [traces.of_open(seen, judged, moment, agent)])
    return whom(seen[0], judged)


def clicked(
    session: Session, delivery_id: int, number: int, *, agent: str = "", at: datetime | None = None
) -> tuple[str, int | None]:
    """Record a click and who it was; returns the stored target and, as `opened`, the contact id. Raises NotFound."""
    outbound_id = session.scalar(select(Delivery.outbound_id).where(Delivery.id == delivery_id))
    link = session.scalar(
        select(OutboundLink).where(OutboundLink.outbound_id == outbound_id, OutboundLink.number == number)
    )
    if link is None:
        raise NotFound
    seen, moment = traces.held(session, delivery_id), at or clock.now()
    if seen is None:
        return link.url, None
    judged = judging.of_click(agent, traces.since_sent(seen[0], moment))
    around = traces.everything(session, seen[0], link.id, moment)
    if around:
        judged = EVERYTHING
        traces.judge_anew(session, seen[0], around, rule=EVERYTHING.rule)
    if traces.is_trapped(session, seen[0], moment):
        judged = TRAP
    facts.record_many(session, [traces.of_click(seen, judged, moment, agent, link=(link.id, number))])
    return link.url, whom(seen[0], judged)


def trapped(session: Session, delivery_id: int, *, agent: str = "") -> bool:
    """Note that the link nobody can see was followed: what this delivery saw just now was a machine's.

    False when there is no such delivery of a campaign. More within the same minute adds nothing.
    """
    seen = traces.held(session, delivery_id)
    if seen is None:
        return False
    key = f"trap:{delivery_id}:{int(clock.now().timestamp() // 60)}"
    facts.record(session, traces.fact_of(traces.TRAPPED, seen, judged=TRAP, agent=agent, dedup_key=key))
    traces.judge_anew(session, seen[0], traces.burst(session, seen[0]), rule=TRAP.rule)
    return True


def whom(row: Delivery, judged: Judgement) -> int | None:
    """Return the contact whose doing it may have been."""
    return None if judged.human == judging.MACHINE else row.contact_id


def unsubscribe(session: Session, delivery_id: int, *, source: str, proof: Mapping[str, Any]) -> bool:
    """Withdraw consent and suppress the address of a delivery; False when that was so already."""
    row = session.scalar(select(Delivery).where(Delivery.id == delivery_id))
    if row is None:
        raise NotFound
    changed = consent.withdraw(
        session,
        channel=row.channel,
        address_key=row.address_key,
        contact_id=row.contact_id,
        source=source,
        proof=proof,
        outbound_id=row.outbound_id,
    )
    seen = traces.held(session, delivery_id) if changed else None
    if seen is not None:
        judged = Judgement(human=judging.YES, rule="request")  # by the button or one-click: never by looking
        traces.mark(seen[0], judged, clock.now(), "unsubscribed_at")
        facts.record(session, traces.fact_of(traces.UNSUBSCRIBED, seen, judged=judged, source=source))
    return changed


def resubscribe(session: Session, delivery_id: int, *, source: str, wording: str, proof: Mapping[str, Any]) -> bool:
    """Give consent anew after an unsubscribe by the same link; False when there was nothing to take back."""
    row = session.scalar(select(Delivery).where(Delivery.id == delivery_id))
    if row is None:
        raise NotFound
    standing = consent.status(session, row.channel, [row.address_key])[row.address_key]
    if not _has_left(standing) or standing.suppressed not in RETURNABLE:
        return False
    consent.release(session, channel=row.channel, address_key=row.address_key)
    consent.record(
        session,
        ConsentEntry(
            channel=row.channel,
            address_key=row.address_key,
            contact_id=row.contact_id,
            state=ConsentState.GIVEN,
            basis="opt_in",
            source=source,
            wording=wording,
            proof=proof,
        ),
        actor="person",
    )
    return True


def forget(session: Session, contact_id: int, address_key: str | None) -> int:
    """Blank an erased person's deliveries; the rows stay, so that figures stay true."""
    condition: ColumnElement[bool] = Delivery.contact_id == contact_id
    if address_key:
        condition = condition | (Delivery.address_key == address_key)
    rows = session.scalars(select(Delivery).where(condition)).all()
    for row in rows:
        row.contact_id, row.address, row.address_key, row.message = None, "", f"erased:{row.id}", ""
    session.flush()
    return len(rows)
