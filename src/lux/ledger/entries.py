"""Facts as the roll-ups' rule sees them, with the judgement that holds: what was corrected is a machine's."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import aliased

from lux.ledger.models import Fact
from lux.ledger.weights import Entry

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

CHUNK = 5_000  # rows held at a time


def is_corrected() -> ColumnElement[bool]:
    """Return the condition "a later fact says a machine did it" over `Fact`."""
    correction = aliased(Fact)
    return exists().where(correction.company_id == Fact.company_id, correction.corrects_id == Fact.id)


def read(session: Session, *conditions: ColumnElement[bool]) -> Iterator[Entry]:
    """Yield facts in the order they were recorded, a chunk in memory at a time."""
    query = (
        select(
            Fact.kind,
            Fact.at,
            Fact.subject_type,
            Fact.subject_id,
            Fact.part_type,
            Fact.part_id,
            Fact.unit_id,
            Fact.facets,
            Fact.human,
            is_corrected().label("is_corrected"),
        )
        .where(*conditions)
        .order_by(Fact.id)
        .execution_options(yield_per=CHUNK)
    )
    with closing(session.execute(query)) as rows:
        for row in rows:
            yield _entry(*row)


def of(session: Session, rows: Sequence[Fact], units: Collection[int]) -> list[Entry]:
    """Return all facts of some deliveries, and those of the given rows that belong to none."""
    loose = [row.id for row in rows if row.unit_id is None]
    found: list[Entry] = []
    if units:
        found += read(session, Fact.unit_id.in_(units))
    for start in range(0, len(loose), CHUNK):
        found += read(session, Fact.id.in_(loose[start : start + CHUNK]))
    return found


def _entry(  # noqa: PLR0917 - a row as the query returns it
    kind: str, at: Any, subject_type: str, subject_id: int | None, part_type: str | None, part_id: int | None,  # noqa: ANN401
    unit_id: int | None, facets: dict[str, str] | None, human: str, was_corrected: Any,  # noqa: ANN401
) -> Entry:  # fmt: skip
    return Entry(
        kind=kind, at=at, subject_type=subject_type, subject_id=subject_id, part_type=part_type, part_id=part_id,
        unit_id=unit_id, facets=facets, human="machine" if was_corrected else human,
    )  # fmt: skip
