"""Record facts and read them back; roll-ups grow in the same transaction."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, func, or_, select, update
from sqlalchemy.orm import Session

from lux.kit import clock
from lux.kit.db import insert_rows
from lux.kit.db.session import company_of
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.ledger import entries, rollups
from lux.ledger.kinds import is_known
from lux.ledger.models import Fact, Rollup
from lux.ledger.weights import Entry, Seen, Tally

_COLUMNS = (
    "company_id", "at", "recorded_at", "kind", "contact_id", "subject_type", "subject_id", "channel", "actor",
    "value_minor", "currency", "properties", "dedup_key", "human", "unit_id", "part_type", "part_id", "facets",
    "corrects_id",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class NewFact:
    """A fact to be recorded."""

    kind: str
    contact_id: int | None = None
    subject: tuple[str, int] | None = None  # ("campaign", 7)
    channel: str = ""
    actor: str = "system"
    at: dt.datetime | None = None  # None = now
    properties: Mapping[str, Any] = field(default_factory=dict)
    dedup_key: str | None = None  # the same outside event twice is one fact
    human: str = "unknown"  # yes | machine | unknown
    value_minor: int | None = None
    currency: str | None = None
    unit_id: int | None = None  # the delivery: its first fact of a kind counts as unique
    part: tuple[str, int] | None = None  # a part of the subject it is counted under as well: ("link", 3)
    facets: Mapping[str, str] | None = None  # what it is broken down by, without personal data but the domain
    corrects_id: int | None = None  # set by `corrections.judge_anew` alone


def record(session: Session, fact: NewFact) -> bool:
    """Record one fact; False when its dedup key was recorded before."""
    if fact.dedup_key is not None:
        known = select(Fact.id).where(Fact.dedup_key == fact.dedup_key)
        if session.scalar(known) is not None:
            return False
    record_many(session, [fact])
    return True


def record_many(session: Session, facts: Iterable[NewFact]) -> int:
    """Record facts set-based in the caller's transaction; returns how many. Dedup keys must be new."""
    company_id, now = company_of(session), clock.now()
    rows: list[tuple[Any, ...]] = []
    new: list[Entry] = []
    alike: Counter[tuple[str, dt.datetime, str, int | None, str]] = Counter()
    for fact in facts:
        if not is_known(fact.kind):
            raise InvalidInput(field="kind", message=_("“%(kind)s” is not a known kind of fact.", kind=fact.kind))
        at = fact.at or now
        (kind_of, number), part = fact.subject or ("", None), fact.part or (None, None)
        rows.append(
            (company_id, at, now, fact.kind, fact.contact_id, kind_of, number, fact.channel, fact.actor,
             fact.value_minor, fact.currency, dict(fact.properties), fact.dedup_key, fact.human, fact.unit_id, *part,
             dict(fact.facets) if fact.facets else None, fact.corrects_id)
        )  # fmt: skip
        if fact.unit_id is None and fact.part is None and not fact.facets:
            alike[fact.kind, at, kind_of, number, fact.human] += 1
            continue
        new.append(
            Entry(kind=fact.kind, at=at, subject_type=kind_of, subject_id=number, part_type=part[0], part_id=part[1],
                  unit_id=fact.unit_id, facets=fact.facets, human=fact.human)
        )  # fmt: skip
    if rows:
        rollups.share_turn(session)
        grown = _tally(session, new, alike)
        insert_rows(session, cast("Table", Fact.__table__), _COLUMNS, rows)
        rollups.grow(session, grown)
    return len(rows)


def known_keys(session: Session, keys: Sequence[str]) -> set[str]:
    """Return which of these dedup keys were recorded already."""
    found: set[str] = set()
    for start in range(0, len(keys), 500):
        query = select(Fact.dedup_key).where(Fact.dedup_key.in_(keys[start : start + 500]))
        found.update(str(key) for key in session.scalars(query))
    return found


def timeline(session: Session, contact_id: int, *, before_id: int | None = None, limit: int = 50) -> Sequence[Fact]:
    """Return a contact's latest facts, newest first, older than `before_id`."""
    query = select(Fact).where(Fact.contact_id == contact_id).order_by(Fact.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(Fact.id < before_id)
    return session.scalars(query).all()


def of_kind(
    session: Session,
    kind: str,
    *,
    since: dt.datetime | None = None,
    before: tuple[dt.datetime, int] | None = None,
    limit: int = 50,
) -> Sequence[Fact]:
    """Return a company's latest facts of a kind, newest first, not earlier than `since`, before (moment, id)."""
    query = select(Fact).where(Fact.company_id == company_of(session), Fact.kind == kind)
    if since is not None:
        query = query.where(Fact.at >= since)
    if before is not None:
        query = query.where((Fact.at < before[0]) | ((Fact.at == before[0]) & (Fact.id < before[1])))
    return session.scalars(query.order_by(Fact.at.desc(), Fact.id.desc()).limit(limit)).all()


def is_human() -> ColumnElement[bool]:
    """Return the condition "a person's, and no later fact says otherwise" over `Fact`."""
    return (Fact.human == "yes") & ~entries.is_corrected()


def not_by_machines() -> ColumnElement[bool]:
    """Return the condition "not known as a machine's, then or later" over `Fact`."""
    return (Fact.human != "machine") & ~entries.is_corrected()


def rolled_up(
    session: Session, subject_type: str, subject_ids: Sequence[int] = (), *, since: dt.date | None = None
) -> dict[tuple[int, str], tuple[int, int]]:
    """Return (subject id, kind) → (facts, firsts) from the roll-ups; no ids = all subjects of the type."""
    found = rollups.counts(session, subject_type, subject_ids, since=since)
    return {key: (count.total, count.firsts) for key, count in found.items()}


def by_day(
    session: Session, subject_type: str, kinds: Sequence[str], *, since: dt.date, subject_id: int | None = None
) -> list[tuple[dt.date, str, int]]:
    """Return (day, kind, facts) since a day, in order, from the roll-ups; of one subject, or of all of the type."""
    query = (
        select(Rollup.day, Rollup.kind, func.sum(Rollup.total))
        .where(Rollup.subject_type == subject_type, Rollup.kind.in_(kinds), Rollup.day >= since)
        .group_by(Rollup.day, Rollup.kind)
        .order_by(Rollup.day)
    )
    if subject_id is not None:
        query = query.where(Rollup.subject_id == subject_id)
    return [(row[0], row[1], int(row[2])) for row in session.execute(query)]


def attribute(
    session: Session, unit_id: int, contact_id: int, *, kinds: Sequence[str], prefix: str, since: dt.datetime
) -> int:
    """Let facts of a unit that nobody was known for belong to a contact, who has turned out to be behind them.

    Beside erasing the one permitted change: what happened stays as it is, and no count changes (docs/decisions/0015).
    Only facts of these kinds, or of kinds that begin with `prefix`, are looked at; returns how many there were.
    """
    result = session.execute(
        update(Fact)
        .where(
            Fact.unit_id == unit_id,
            Fact.contact_id.is_(None),
            Fact.at >= since,
            or_(Fact.kind.in_(kinds), Fact.kind.startswith(prefix, autoescape=True)),
        )
        .values(contact_id=contact_id)
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def forget_contact(session: Session, contact_id: int) -> int:
    """Cut the link to an erased person and drop personal properties: the one permitted change; counts stay true.

    Their domain may tell who they are: it goes too, and what it counted is counted under no domain.
    """
    rollups.share_turn(session)
    moved = _without_domain(session, contact_id)
    result = session.execute(
        update(Fact)
        .where(Fact.contact_id == contact_id)
        .values(contact_id=None, properties={})
        .execution_options(synchronize_session=False)
    )
    rollups.grow(session, moved)
    return int(result.rowcount)  # type: ignore[attr-defined]


def _without_domain(session: Session, contact_id: int) -> Tally:
    own = select(Fact).where(Fact.contact_id == contact_id)
    rows = [row for row in session.scalars(own.order_by(Fact.id)) if (row.facets or {}).get("domain")]
    units = {row.unit_id for row in rows if row.unit_id is not None}
    tally = Tally()
    tally.add(entries.of(session, rows, units), sign=-1)
    for row in rows:
        row.facets = {**(row.facets or {}), "domain": ""}
    session.flush()
    tally.add(entries.of(session, rows, units))
    return tally


def _tally(
    session: Session, new: Sequence[Entry], alike: Mapping[tuple[str, dt.datetime, str, int | None, str], int]
) -> Tally:
    """Return what these facts add; asked before they are stored."""
    tally = Tally()
    tally.add(new, seen=_seen(session, new))
    for (kind, at, subject_type, subject_id, human), number in alike.items():
        entry = Entry(kind=kind, at=at, subject_type=subject_type, subject_id=subject_id, human=human)
        tally.add_alike(entry, number)
    return tally


def _seen(session: Session, new: Sequence[Entry]) -> Seen:
    """Return what the deliveries of these facts did before; one question, whatever their number."""
    seen, units = Seen(), sorted({entry.unit_id for entry in new if entry.unit_id is not None})
    if not units:
        return seen
    query = (
        select(Fact.kind, Fact.unit_id, Fact.part_type, Fact.part_id, is_human().label("is_human"))
        .where(Fact.unit_id.in_(units), Fact.kind.in_({entry.kind for entry in new}))
        .distinct()
    )
    for kind, unit_id, part_type, part_id, was_human in session.execute(query):
        part = (part_type, part_id) if part_type and part_id is not None else None
        seen.note(kind, unit_id or 0, part, is_human=bool(was_human))
    return seen
