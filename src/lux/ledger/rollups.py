"""The roll-ups: grown by the facts' own transaction, read by every page that shows a figure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from lux.kit.db.counters import add_counts
from lux.kit.db.session import company_of, dialect_of, tenant_sql
from lux.ledger.models import Rollup, RollupFacet
from lux.ledger.weights import COUNTERS, SLOT, Tally

DAY_KEY = ("subject_type", "subject_id", "kind", "day")
FACET_KEY = ("subject_type", "subject_id", "kind", "facet", "value")


class Count(NamedTuple):
    """One figure as the roll-ups know it: all, and what is known to be people's or machines'."""

    total: int = 0  # facts
    firsts: int = 0  # recipients with at least one
    human: int = 0  # facts of people
    human_firsts: int = 0  # recipients with at least one of a person
    machine: int = 0  # facts of machines; what is neither is unknown


NOTHING = Count()


def share_turn(session: Session) -> None:
    """Let writers of facts run beside each other, but not beside a recount of the same company.

    SQLite has one writer at a time anyhow. MariaDB knows no shared lock of this kind: there a recount is made
    with the server stopped.
    """
    if dialect_of(session) == "postgresql":
        session.execute(tenant_sql(company_of(session), "SELECT pg_advisory_xact_lock_shared(7302, :company_id)"))


def take_turn(session: Session) -> None:
    """Wait until no fact of this company is on its way, and keep new ones waiting until the transaction ends."""
    if dialect_of(session) == "postgresql":
        session.execute(tenant_sql(company_of(session), "SELECT pg_advisory_xact_lock(7302, :company_id)"))


def grow(session: Session, tally: Tally) -> None:
    """Add a tally to the stored counts."""
    ready = tally.drop_zeros()
    _add(session, cast("Table", Rollup.__table__), DAY_KEY, ready.days)
    _add(session, cast("Table", RollupFacet.__table__), FACET_KEY, ready.facets)


def _add(session: Session, table: Table, key: Sequence[str], rows: Mapping[Any, Sequence[int]]) -> None:
    company_id = company_of(session)
    values = [
        {"company_id": company_id, **dict(zip(key, at, strict=True)), **dict(zip(COUNTERS, numbers, strict=True))}
        for at, numbers in sorted(rows.items())  # one order for all writers: no deadlocks
    ]
    add_counts(session, table, values, key=("company_id", *key), counters=COUNTERS)


def counts(
    session: Session, subject_type: str, subject_ids: Sequence[int] = (), *, since: dt.date | None = None
) -> dict[tuple[int, str], Count]:
    """Return (subject id, kind) → count; no ids = all subjects of the type."""
    query = (
        select(Rollup.subject_id, Rollup.kind, *(func.sum(getattr(Rollup, name)) for name in COUNTERS))
        .where(Rollup.subject_type == subject_type)
        .group_by(Rollup.subject_id, Rollup.kind)
    )
    if subject_ids:
        query = query.where(Rollup.subject_id.in_(subject_ids))
    if since is not None:
        query = query.where(Rollup.day >= since)
    return {(row[0], row[1]): Count(*(int(number) for number in row[2:])) for row in session.execute(query)}


def by_facet(
    session: Session, subject: tuple[str, int], facet: str, kinds: Sequence[str]
) -> dict[str, dict[str, Count]]:
    """Return value → kind → count of one subject, broken down by a facet."""
    query = select(RollupFacet.value, RollupFacet.kind, *(getattr(RollupFacet, name) for name in COUNTERS)).where(
        RollupFacet.subject_type == subject[0],
        RollupFacet.subject_id == subject[1],
        RollupFacet.facet == facet,
        RollupFacet.kind.in_(kinds),
    )
    found: dict[str, dict[str, Count]] = {}
    for value, kind, *numbers in session.execute(query.order_by(RollupFacet.value)):
        count = Count(*(int(number) for number in numbers))
        if any(count):
            found.setdefault(value, {})[kind] = count
    return found


def by_slot(session: Session, subject: tuple[str, int], kinds: Sequence[str]) -> list[tuple[dt.datetime, str, Count]]:
    """Return (beginning of a quarter of an hour, kind, count) of one subject, in order."""
    found = by_facet(session, subject, SLOT, kinds)
    return [
        (dt.datetime.fromisoformat(value), kind, count)
        for value, by_kind in found.items()
        for kind, count in by_kind.items()
    ]
