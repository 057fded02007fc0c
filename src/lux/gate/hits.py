"""Many opens and clicks at once, each with the moment it happened: the same rules as one by one, in few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lux.gate import engagement, judging, traces
from lux.gate.models import Delivery, Outbound, OutboundLink
from lux.kit.errors import NotFound
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.ledger.models import Fact
from lux.ports.acts import ActKind

CHUNK: Final = 500  # deliveries held at a time
PICTURE: Final = 0  # in place of a link's number


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """The picture of a delivery was loaded, or one of its links followed."""

    delivery_id: int
    number: int  # of the link; PICTURE = none
    at: datetime
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Deliveries with consecutive numbers, all of one outbound."""

    first: int
    last: int
    outbound_id: int
    company_id: int


@dataclass
class _Batch:
    """What a chunk of hits adds."""

    seen: dict[int, traces.Seen]
    links: Mapping[tuple[int, int], int]  # (outbound, number) → link id
    new: list[NewFact] = field(default_factory=list)
    active: dict[int, datetime] = field(default_factory=dict)

    def link_of(self, held: traces.Seen, number: int) -> int | None:
        """Return the id of a message's link."""
        return self.links.get((held[0].outbound_id, number))

    def links_of(self, delivery_id: int, hits: Sequence[Hit]) -> set[int]:
        """Return the links of a delivery that these hits followed."""
        held = self.seen.get(delivery_id)
        found = {self.link_of(held, hit.number) for hit in hits} if held is not None else set()
        return {link_id for link_id in found if link_id is not None}

    def note(self, contact_id: int | None, at: datetime) -> None:
        """Remember when a contact was active last."""
        if contact_id is not None:
            self.active[contact_id] = max(at, self.active.get(contact_id, at))


def companies(session: Session, delivery_ids: Iterable[int]) -> dict[int, int]:
    """Return delivery → company in a session of all companies; what is gone is missing."""
    ids, found = sorted(set(delivery_ids)), dict[int, int]()
    for start in range(0, len(ids), CHUNK):
        query = select(Delivery.id, Delivery.company_id).where(Delivery.id.in_(ids[start : start + CHUNK]))
        found.update((row[0], row[1]) for row in session.execute(query))
    return found


def runs(session: Session, first: int, last: int) -> list[Run]:
    """Return the runs without a gap between two numbers, in a session of all companies.

    Whoever finds a number inside of a run knows its outbound: every number there is taken, and stays so.
    """
    least, most = func.min(Delivery.id), func.max(Delivery.id)
    query = (
        select(least, most, Delivery.outbound_id, Delivery.company_id)
        .where(Delivery.id.between(first, last))
        .group_by(Delivery.outbound_id, Delivery.company_id)
        .having(func.count() == most - least + 1)
    )
    return [Run(first=row[0], last=row[1], outbound_id=row[2], company_id=row[3]) for row in session.execute(query)]


def record(session: Session, hits: Sequence[Hit]) -> dict[int, datetime]:
    """Record a company's hits; returns contact → latest moment of those that may have been a person's.

    A delivery that may have been looked at by a machine (several links, or its trap) is judged hit by hit.
    """
    of_delivery: dict[int, list[Hit]] = defaultdict(list)
    for hit in sorted(hits, key=lambda one: one.at):
        of_delivery[hit.delivery_id].append(hit)
    ids, active = sorted(of_delivery), dict[int, datetime]()
    for start in range(0, len(ids), CHUNK):  # in one order for all: no deadlocks
        part = {number: of_delivery[number] for number in ids[start : start + CHUNK]}
        for contact_id, at in _record(session, part).items():
            active[contact_id] = max(at, active.get(contact_id, at))
    return active


def _record(session: Session, part: Mapping[int, Sequence[Hit]]) -> dict[int, datetime]:
    seen = _held(session, sorted(part))
    batch = _Batch(seen=seen, links=_links(session, {row.outbound_id for row, _outbound in seen.values()}))
    entangled = _entangled(session, part, batch)
    for number, held in seen.items():
        for hit in () if number in entangled else part[number]:
            _take(batch, held, hit)
    facts.record_many(session, batch.new)
    for number in sorted(entangled & set(seen)):
        for hit in part[number]:
            batch.note(_one_by_one(session, hit), hit.at)
    session.flush()
    return batch.active


def _take(batch: _Batch, held: traces.Seen, hit: Hit) -> None:
    row, since = held[0], traces.since_sent(held[0], hit.at)
    if hit.number == PICTURE:
        judged = judging.of_open(hit.agent, since)
        batch.new.append(traces.of_open(held, judged, hit.at, hit.agent))
    else:
        link_id = batch.link_of(held, hit.number)
        if link_id is None:
            return
        judged = judging.of_click(hit.agent, since)
        batch.new.append(traces.of_click(held, judged, hit.at, hit.agent, link=(link_id, hit.number)))
    batch.note(engagement.whom(row, judged), hit.at)


def _one_by_one(session: Session, hit: Hit) -> int | None:
    if hit.number == PICTURE:
        return engagement.opened(session, hit.delivery_id, agent=hit.agent, at=hit.at)
    try:
        return engagement.clicked(session, hit.delivery_id, hit.number, agent=hit.agent, at=hit.at)[1]
    except NotFound:  # no link of this message
        return None


def _held(session: Session, ids: Sequence[int]) -> dict[int, traces.Seen]:
    """Return the campaigns' deliveries among these, locked."""
    fresh = {"populate_existing": True}
    query = select(Delivery).where(Delivery.id.in_(ids)).order_by(Delivery.id).with_for_update()
    rows = session.scalars(query.execution_options(**fresh)).all()
    of_campaigns = select(Outbound).where(
        Outbound.id.in_({row.outbound_id for row in rows}), Outbound.kind == ActKind.EMAIL_CAMPAIGN
    )
    outbounds = {outbound.id: outbound for outbound in session.scalars(of_campaigns)}
    return {row.id: (row, outbounds[row.outbound_id]) for row in rows if row.outbound_id in outbounds}


def _links(session: Session, outbound_ids: set[int]) -> dict[tuple[int, int], int]:
    query = select(OutboundLink.outbound_id, OutboundLink.number, OutboundLink.id)
    found = session.execute(query.where(OutboundLink.outbound_id.in_(outbound_ids)))
    return {(row[0], row[1]): row[2] for row in found}


def _entangled(session: Session, part: Mapping[int, Sequence[Hit]], batch: _Batch) -> set[int]:
    """Return the deliveries whose hits can't be judged by themselves: more than one link, or the trap, about then."""
    width = timedelta(seconds=max(judging.BURST_SECONDS, judging.LONGEST_EVERYTHING))
    moments = [hit.at for hits in part.values() for hit in hits]
    query = select(Fact.unit_id, Fact.kind, Fact.part_id).where(
        Fact.unit_id.in_(list(part)),
        Fact.kind.in_((traces.TRAPPED, traces.CLICKED)),
        Fact.at.between(min(moments) - width, max(moments) + width),
    )
    followed = {number: batch.links_of(number, part[number]) for number in part}
    trapped: set[int] = set()
    for unit_id, kind, link_id in session.execute(query):
        if kind == traces.TRAPPED:
            trapped.add(unit_id or 0)
        elif link_id is not None and followed[unit_id or 0]:  # opens are judged by themselves, whatever was clicked
            followed[unit_id or 0].add(link_id)
    return trapped | {number for number, links in followed.items() if len(links) > 1}
