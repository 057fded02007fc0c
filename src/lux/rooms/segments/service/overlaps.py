"""How segments overlap: one statement counts every part that they cut each other into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import case, func, select

from lux.rooms.contacts.models import Contact
from lux.rooms.segments import compile as sql
from lux.rooms.segments.models import Segment
from lux.rooms.segments.service.audience import select_segment

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LEAST: Final = 2
MOST: Final = 4


@dataclass(frozen=True, kw_only=True)
class Part:
    """The contacts that are in these segments and in none of the others."""

    segments: Sequence[Segment]
    count: int


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """Segments with their sizes, all of them together, and the parts."""

    sizes: Sequence[tuple[Segment, int]]
    parts: Sequence[Part]  # those with most segments first, then the largest
    union: int
    shared: Sequence[tuple[Segment, Segment, int]]  # each pair, whoever else has them


def overlap(session: Session, segments: Sequence[Segment]) -> Overlap:
    """Count the parts of two to four segments; raises BrokenRule."""
    company_id = segments[0].company_id
    flags: list[Any] = [
        case((Contact.id.in_(select_segment(session, segment)), 1), else_=0).label(f"in_{number}")
        for number, segment in enumerate(segments)
    ]
    marked = sql.everyone(company_id).with_only_columns(*flags).subquery()
    columns = [marked.c[f"in_{number}"] for number in range(len(segments))]
    query = select(*columns, func.count()).group_by(*columns)
    rows = [(tuple(map(int, row[:-1])), int(row[-1])) for row in session.execute(query)]
    rows = [row for row in rows if any(row[0])]

    def among(*wanted: int) -> int:
        return sum(count for inside, count in rows if all(inside[number] for number in wanted))

    numbers = range(len(segments))
    parts = [
        Part(segments=[segments[n] for n in numbers if inside[n]], count=count)
        for inside, count in sorted(rows, key=lambda row: (-sum(row[0]), -row[1]))
    ]
    return Overlap(
        sizes=[(segments[n], among(n)) for n in numbers],
        parts=parts,
        union=sum(count for _inside, count in rows),
        shared=[(segments[a], segments[b], among(a, b)) for a in numbers for b in numbers if a < b],
    )
