"""Record facts and read them back; roll-ups grow in the same transaction."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Table, func, select, update
from sqlalchemy.orm import Session

from lux.kit import clock
from lux.kit.db import insert_rows
from lux.kit.db.counters import add_counts
from lux.kit.db.session import company_of
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.ledger.kinds import is_known
from lux.ledger.models import Fact, Rollup

_COLUMNS = (
    "company_id", "at", "recorded_at", "kind", "contact_id", "subject_type", "subject_id", "channel", "actor",
    "value_minor", "currency", "properties", "dedup_key", "human",
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
    is_first: bool = False  # the first of its delivery: counts as unique
    part: tuple[str, int] | None = None  # a part of the subject it is counted under as well: ("link", 3)
    is_first_of_part: bool = False  # the first of its delivery on that part


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
    totals: Counter[tuple[str, int, str, dt.date]] = Counter()
    firsts: Counter[tuple[str, int, str, dt.date]] = Counter()
    for fact in facts:
        if not is_known(fact.kind):
            raise InvalidInput(field="kind", message=_("“%(kind)s” is not a known kind of fact.", kind=fact.kind))
        at = fact.at or now
        kind_of, number = fact.subject or ("", None)
        rows.append(
            (company_id, at, now, fact.kind, fact.contact_id, kind_of, number, fact.channel, fact.actor,
             fact.value_minor, fact.currency, dict(fact.properties), fact.dedup_key, fact.human)
        )  # fmt: skip
        key = (kind_of, number or 0, fact.kind, at.astimezone(dt.UTC).date())
        totals[key] += 1
        firsts[key] += fact.is_first
        if fact.part is not None:
            part_key = (*fact.part, fact.kind, key[3])
            totals[part_key] += 1
            firsts[part_key] += fact.is_first_of_part
    if rows:
        insert_rows(session, cast("Table", Fact.__table__), _COLUMNS, rows)
        _grow(session, company_id, totals, firsts)
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


def rolled_up(
    session: Session, subject_type: str, subject_ids: Sequence[int] = (), *, since: dt.date | None = None
) -> dict[tuple[int, str], tuple[int, int]]:
    """Return (subject id, kind) → (facts, firsts) from the roll-ups; no ids = all subjects of the type."""
    query = (
        select(Rollup.subject_id, Rollup.kind, func.sum(Rollup.total), func.sum(Rollup.firsts))
        .where(Rollup.subject_type == subject_type)
        .group_by(Rollup.subject_id, Rollup.kind)
    )
    if subject_ids:
        query = query.where(Rollup.subject_id.in_(subject_ids))
    if since is not None:
        query = query.where(Rollup.day >= since)
    return {(row[0], row[1]): (int(row[2]), int(row[3])) for row in session.execute(query)}


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


def forget_contact(session: Session, contact_id: int) -> int:
    """Cut the link to an erased person and drop personal properties: the one permitted change; counts stay true."""
    result = session.execute(
        update(Fact)
        .where(Fact.contact_id == contact_id)
        .values(contact_id=None, properties={})
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def _grow(
    session: Session,
    company_id: int,
    totals: Counter[tuple[str, int, str, dt.date]],
    firsts: Counter[tuple[str, int, str, dt.date]],
) -> None:
    rows = [
        {
            "company_id": company_id,
            "subject_type": key[0],
            "subject_id": key[1],
            "kind": key[2],
            "day": key[3],
            "total": total,
            "firsts": firsts[key],
        }
        for key, total in sorted(totals.items())  # one order for all writers: no deadlocks
    ]
    add_counts(
        session,
        cast("Table", Rollup.__table__),
        rows,
        key=("company_id", "subject_type", "subject_id", "kind", "day"),
        counters=("total", "firsts"),
    )
