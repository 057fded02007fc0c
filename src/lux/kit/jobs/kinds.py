"""What jobs there are: kinds with handlers, queues with threads, schedules with rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from lux.kit.jobs.errors import UnknownKind

if TYPE_CHECKING:
    from lux.kit.jobs.context import JobContext

Handler = Callable[["JobContext", dict[str, Any]], None]

# Each queue has threads of its own, so that a long import never holds up a mail.
QUEUES: Final = ("system", "send", "import", "default")
_SPARE_GOES_TO: Final = ("default", "send")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class JobKind:
    """One kind of job and what runs it; the handler may run twice and must not mind."""

    name: str  # "room.verb"
    handler: Handler
    title: Callable[[], object] | object = ""  # as people see it: a lazy translation, or a function that makes it
    queue: str = "default"
    max_attempts: int = 8
    lease_seconds: float = 10.0  # how long a dead worker goes unnoticed; it is renewed while the handler runs

    def __post_init__(self) -> None:
        """Refuse a name without a room, and a queue that has no threads."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"job kind {self.name!r}: the name is room.verb, for example contacts.import")
        if self.queue not in QUEUES:
            raise ValueError(f"job kind {self.name!r}: no queue {self.queue!r}; there are {', '.join(QUEUES)}")

    @property
    def label(self) -> str:
        """Return the title in the present locale; the name when there is none."""
        return str(self.title() if isinstance(self.title, FunctionType) else self.title) or self.name


class Kinds(Mapping[str, JobKind]):
    """The kinds by name."""

    def __init__(self, kinds: Iterable[JobKind]) -> None:
        """Index them; two of one name are a mistake."""
        self._by_name: dict[str, JobKind] = {}
        for kind in kinds:
            if kind.name in self._by_name:
                raise ValueError(f"job kind {kind.name!r} exists twice")
            self._by_name[kind.name] = kind

    def __getitem__(self, name: str) -> JobKind:
        """Return a kind; raises UnknownKind."""
        try:
            return self._by_name[name]
        except KeyError:
            raise UnknownKind(f"no room handles jobs of the kind {name!r}") from None

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._by_name)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._by_name)


_installed = Kinds(())


def install(kinds: Iterable[JobKind]) -> None:
    """Make the house's kinds known to this process, for the titles that people see; called once by `house`."""
    global _installed  # noqa: PLW0603 - the composition root sets it once per process
    _installed = Kinds(kinds)


def installed() -> Kinds:
    """Return the kinds the house installed in this process."""
    return _installed


def label_of(name: str) -> str:
    """Return a kind's title in the present locale; the name itself for a kind nobody knows here."""
    kind = _installed.get(name)
    return kind.label if kind is not None else name


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A job that comes again: a local rule in a time zone."""

    name: str  # "room.what"; stored with every slot
    rule: str  # minute hour day month weekday, for example "30 2 * * mon-fri"; weekdays by name
    kind: str
    zone: str = "UTC"  # IANA name
    args: Mapping[str, Any] = field(default_factory=dict)
    company_id: int | None = None
    catch_up: timedelta = timedelta(hours=24)  # a slot missed while nothing ran is made up for this long


def threads_per_queue(total: int) -> dict[str, int]:
    """Share threads out: one for each queue at least, the spare ones where short work waits."""
    shares = dict.fromkeys(QUEUES, 1)
    for number in range(max(0, total - len(QUEUES))):
        shares[_SPARE_GOES_TO[number % len(_SPARE_GOES_TO)]] += 1
    return shares
