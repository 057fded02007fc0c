"""How a fact counts in the roll-ups: one pure rule, for growing them, correcting them and counting them anew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

SLOT = "slot"  # the facet of time: quarters of an hour, which every zone's days and hours are made of
SLOT_MINUTES = 15
COUNTERS = ("total", "firsts", "human", "human_firsts", "machine")

DayKey: TypeAlias = tuple[str, int, str, dt.date]  # subject type, subject id, kind, day (UTC)
FacetKey: TypeAlias = tuple[str, int, str, str, str]  # subject type, subject id, kind, facet, value
Weights: TypeAlias = tuple[int, int, int, int, int]  # in the order of COUNTERS

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What of a fact decides how it counts; `human` is the judgement that holds, corrections included."""

    kind: str
    at: dt.datetime
    subject_type: str = ""
    subject_id: int | None = None
    part_type: str | None = None
    part_id: int | None = None
    unit_id: int | None = None
    facets: Mapping[str, str] | None = None
    human: str = "unknown"

    @property
    def part(self) -> tuple[str, int] | None:
        """Return the part of its subject that it counts under as well."""
        return (self.part_type, self.part_id) if self.part_type and self.part_id is not None else None


@dataclass
class Tally:
    """Counts by roll-up row; sums may be negative, when it holds a difference."""

    days: dict[DayKey, list[int]] = field(default_factory=dict)
    facets: dict[FacetKey, list[int]] = field(default_factory=dict)

    def add(self, entries: Iterable[Entry], *, seen: Seen | None = None, sign: int = 1) -> None:
        """Count facts, given in the order they were recorded; `seen` = what came before them."""
        for entry, own, of_part in (seen or Seen()).weigh(entries):
            day, subject = entry.at.astimezone(dt.UTC).date(), (entry.subject_type, entry.subject_id or 0)
            _grow(self.days, (*subject, entry.kind, day), own, sign)
            if entry.part is not None:
                _grow(self.days, (*entry.part, entry.kind, day), of_part, sign)
            for facet, value in _facets(entry):
                _grow(self.facets, (*subject, entry.kind, facet, value), own, sign)

    def add_alike(self, entry: Entry, number: int) -> None:
        """Count that many facts alike, of no delivery and not broken down: an import makes them by the million."""
        key = (entry.subject_type, entry.subject_id or 0, entry.kind, entry.at.astimezone(dt.UTC).date())
        human, machine = number * (entry.human == "yes"), number * (entry.human == "machine")
        _grow(self.days, key, (number, 0, human, 0, machine), 1)

    def drop_zeros(self) -> Tally:
        """Return the rows that count something."""
        return Tally(
            days={key: numbers for key, numbers in self.days.items() if any(numbers)},
            facets={key: numbers for key, numbers in self.facets.items() if any(numbers)},
        )


class Seen:
    """Which deliveries did what already, so that the next fact of each can be told from its first."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._seen: set[tuple[object, ...]] = set()

    def note(self, kind: str, unit_id: int, part: tuple[str, int] | None, *, is_human: bool) -> None:
        """Remember an earlier fact."""
        for mark in self._marks(kind, unit_id, part, is_human=is_human):
            self._seen.add(mark)

    def weigh(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, Weights, Weights]]:
        """Yield each fact with what it adds to its subject's counts and to its part's."""
        for entry in entries:
            human, machine = entry.human == "yes", int(entry.human == "machine")
            firsts = human_firsts = part_firsts = part_human_firsts = 0
            if entry.unit_id is not None:
                marks = self._marks(entry.kind, entry.unit_id, entry.part, is_human=human)
                new = {(mark[2] is not None, mark[3]) for mark in marks if mark not in self._seen}
                self._seen.update(marks)
                firsts, human_firsts = int((False, False) in new), int((False, True) in new)
                part_firsts, part_human_firsts = int((True, False) in new), int((True, True) in new)
            own = (1, firsts, int(human), human_firsts, machine)
            yield entry, own, (1, part_firsts, int(human), part_human_firsts, machine)

    @staticmethod
    def _marks(
        kind: str, unit_id: int, part: tuple[str, int] | None, *, is_human: bool
    ) -> list[tuple[str, int, tuple[str, int] | None, bool]]:
        parts = [None, part] if part is not None else [None]
        return [(kind, unit_id, one, human) for one in parts for human in ([False, True] if is_human else [False])]


def slot_of(moment: dt.datetime) -> str:
    """Return the quarter of an hour a moment lies in, as sortable text in UTC."""
    utc = moment.astimezone(dt.UTC)
    return utc.replace(minute=utc.minute - utc.minute % SLOT_MINUTES, second=0, microsecond=0).isoformat()


def _facets(entry: Entry) -> Iterator[tuple[str, str]]:
    if entry.subject_id is None:
        return
    if entry.unit_id is not None:
        yield SLOT, slot_of(entry.at)
    yield from sorted((entry.facets or {}).items())


def _grow(rows: dict[Key, list[int]], key: Key, weights: Weights, sign: int) -> None:
    row = rows.setdefault(key, [0] * len(COUNTERS))
    for index, weight in enumerate(weights):
        row[index] += sign * weight
