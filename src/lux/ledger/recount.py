"""Counts the facts anew and puts the roll-ups right: subject by subject, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import and_, delete, or_, select, tuple_

from lux.kit.db import insert_rows
from lux.kit.db.session import company_of
from lux.ledger import entries, rollups
from lux.ledger.models import Fact, Rollup, RollupFacet
from lux.ledger.rollups import DAY_KEY, FACET_KEY
from lux.ledger.weights import COUNTERS, Entry, Tally

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Table
    from sqlalchemy.orm import Session

    from lux.kit.db import Database


@dataclass(frozen=True, kw_only=True, order=True)
class Key:
    """What is counted in one go: the facts of one kind about one subject."""

    subject_type: str
    subject_id: int  # 0 = without subject
    kind: str

    def __str__(self) -> str:
        """Return it as the command line takes it."""
        return f"{self.subject_type}:{self.subject_id}:{self.kind}"


@dataclass(frozen=True, kw_only=True)
class Recounted:
    """What one recount found."""

    key: Key
    facts: int
    differing: int  # rows of the roll-ups that were not what the facts say


def rebuild(db: Database, company_id: int, *, after: Key | None = None, is_dry: bool = False) -> Iterator[Recounted]:
    """Yield a recount per subject and kind, in order, beginning behind `after`; writers go on in between.

    Each is exact: new facts of the company wait while one is counted. Broken off, it is taken up at the last key, or
    begun again: what is right already stays as it is.
    """
    done: set[Key] = set()
    position = after
    while (key := _next(db, company_id, position)) is not None:
        found, parts = _recount(db, company_id, key, is_dry=is_dry)
        done |= {key, *parts}
        position = key
        yield found
    if after is None:
        for key in sorted(_left_over(db, company_id) - done):
            yield _recount(db, company_id, key, is_dry=is_dry)[0]


def _next(db: Database, company_id: int, after: Key | None) -> Key | None:
    """Return the first subject and kind of the facts behind a key; those without subject come first."""
    with db.read(company_id) as session:
        if after is None or not after.subject_type:
            kind = session.scalar(
                select(Fact.kind)
                .where(Fact.subject_type == "", Fact.kind > (after.kind if after else ""))
                .order_by(Fact.kind)
                .limit(1)
            )
            if kind is not None:
                return Key(subject_type="", subject_id=0, kind=kind)
        columns = (Fact.subject_type, Fact.subject_id, Fact.kind)
        query = select(*columns).where(Fact.subject_type != "", Fact.subject_id.is_not(None))
        if after is not None and after.subject_type:
            query = query.where(tuple_(*columns) > (after.subject_type, after.subject_id, after.kind))
        row = session.execute(query.order_by(*columns).limit(1)).first()
        return Key(subject_type=row[0], subject_id=row[1] or 0, kind=row[2]) if row else None


def _left_over(db: Database, company_id: int) -> set[Key]:
    with db.read(company_id) as session:
        return {
            Key(subject_type=row[0], subject_id=row[1], kind=row[2])
            for model in (Rollup, RollupFacet)
            for row in session.execute(select(model.subject_type, model.subject_id, model.kind).distinct())
        }


def _recount(db: Database, company_id: int, key: Key, *, is_dry: bool) -> tuple[Recounted, set[Key]]:
    with db.begin(company_id) as session:
        rollups.take_turn(session)
        tally, number = Tally(), 0

        def counted() -> Iterator[Entry]:
            nonlocal number
            for number, entry in enumerate(entries.read(session, *_facts_of(key)), 1):  # noqa: B007 - counts what passes
                yield entry

        tally.add(counted())
        wanted = tally.drop_zeros()
        parts = {Key(subject_type=k[0], subject_id=k[1], kind=k[2]) for k in wanted.days} - {key}
        if number == 0:  # no facts of this subject: it may be a part
            wanted = _part_alone(session, key)
        stored = _stored(session, {key, *parts})
        differing = _differing(stored.days, wanted.days) + _differing(stored.facets, wanted.facets)
        if differing and not is_dry:
            _replace(session, {key, *parts}, wanted)
    return Recounted(key=key, facts=number, differing=differing), parts


def _facts_of(key: Key) -> list[ColumnElement[bool]]:
    subject = Fact.subject_id.is_(None) if not key.subject_type else Fact.subject_id == key.subject_id
    return [Fact.subject_type == key.subject_type, subject, Fact.kind == key.kind]


def _part_alone(session: Session, key: Key) -> Tally:
    """Count what is a part of other subjects: read without an index, needed only for what no subject's recount saw."""
    tally = Tally()
    conditions = (Fact.part_type == key.subject_type, Fact.part_id == key.subject_id, Fact.kind == key.kind)
    tally.add(entries.read(session, *conditions))
    own = (key.subject_type, key.subject_id)
    return Tally(days={k: v for k, v in tally.days.items() if k[:2] == own}).drop_zeros()


def _stored(session: Session, keys: set[Key]) -> Tally:
    days = session.execute(_rows(Rollup, DAY_KEY, keys)).all()
    facets = session.execute(_rows(RollupFacet, FACET_KEY, keys)).all()
    return Tally(
        days={tuple(row[:4]): [int(n) for n in row[4:]] for row in days},
        facets={tuple(row[:5]): [int(n) for n in row[5:]] for row in facets},
    ).drop_zeros()


def _rows(model: type[Rollup] | type[RollupFacet], names: tuple[str, ...], keys: set[Key]) -> Any:  # noqa: ANN401
    return select(*(getattr(model, name) for name in (*names, *COUNTERS))).where(_among(model, keys))


def _among(model: type[Rollup] | type[RollupFacet], keys: set[Key]) -> ColumnElement[bool]:
    ids: dict[tuple[str, str], list[int]] = {}
    for key in sorted(keys):
        ids.setdefault((key.subject_type, key.kind), []).append(key.subject_id)
    return or_(
        *(
            and_(model.subject_type == subject_type, model.kind == kind, model.subject_id.in_(numbers))
            for (subject_type, kind), numbers in ids.items()
        )
    )


def _differing(stored: dict[Any, list[int]], wanted: dict[Any, list[int]]) -> int:
    return sum(stored.get(key) != wanted.get(key) for key in {*stored, *wanted})


def _replace(session: Session, keys: set[Key], wanted: Tally) -> None:
    company_id = company_of(session)
    for model, names, rows in ((Rollup, DAY_KEY, wanted.days), (RollupFacet, FACET_KEY, wanted.facets)):
        session.execute(delete(model).where(_among(model, keys)).execution_options(synchronize_session=False))
        columns = ("company_id", *names, *COUNTERS)
        values = [(company_id, *key, *numbers) for key, numbers in sorted(cast("dict[Any, list[int]]", rows).items())]
        insert_rows(session, cast("Table", model.__table__), columns, values)
