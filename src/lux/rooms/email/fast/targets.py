"""Where links lead, kept for a minute: read once for thousands of recipients, never for a number that is not known."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lux.gate import hits, reads
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.ports.contributions import installed
from lux.render.links import is_web

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.hits import Run
    from lux.kit.db import Database

BLOCK_BITS: Final = 12  # numbers of deliveries are looked at by the 4,096
KEPT_SECONDS: Final = 60.0
MOST_BLOCKS: Final = 512  # two million recipients, some 100 KB
MOST_LINKS: Final = 500  # in all, some 500 KB when all of them are as long as links get
LONGEST_LINK: Final = 1000  # characters; a longer one goes the normal way
_SOMEBODY: Final = 0  # no contact has this number


@dataclass(frozen=True, slots=True)
class Answer:
    """What a click is answered: the header and the page for programs that don't follow it."""

    location: str
    page: bytes


@dataclass(frozen=True, slots=True)
class _Block:
    until: float
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class _Links:
    until: float
    answers: dict[str, Answer]


class Targets:
    """A bounded memory of which delivery belongs to which outbound, and where its links lead."""

    def __init__(self, db: Database) -> None:
        """Know nothing yet."""
        self._db = db
        self._lock = threading.Lock()
        self._blocks: OrderedDict[int, _Block] = OrderedDict()
        self._links: OrderedDict[int, _Links] = OrderedDict()

    def find(self, delivery_id: int, number: str) -> Answer | None:
        """Return the answer of a link that is known; None = ask the database."""
        now = clock.monotonic()
        block = self._blocks.get(delivery_id >> BLOCK_BITS)
        if block is None or block.until < now:
            return None
        for run in block.runs:
            if run.first <= delivery_id <= run.last:
                links = self._links.get(run.outbound_id)
                return links.answers.get(number) if links is not None and links.until >= now else None
        return None

    def learn(self, delivery_id: int) -> None:
        """Read what lies about a delivery, unless that was done within the last minute."""
        number, now = delivery_id >> BLOCK_BITS, clock.monotonic()
        block = self._blocks.get(number)
        if block is None or block.until < now:
            with self._db.read(ALL_COMPANIES) as session:
                found = hits.runs(session, number << BLOCK_BITS, ((number + 1) << BLOCK_BITS) - 1)
            block = _Block(until=now + KEPT_SECONDS, runs=tuple(found))
            with self._lock:
                self._blocks[number] = block
                self._blocks.move_to_end(number)
                while len(self._blocks) > MOST_BLOCKS:
                    self._blocks.popitem(last=False)
        for run in block.runs:
            if run.first <= delivery_id <= run.last:
                self._learn_links(run, now)

    def _learn_links(self, run: Run, now: float) -> None:
        present = self._links.get(run.outbound_id)
        if present is not None and present.until >= now:
            return
        with self._db.read(run.company_id) as session:
            answers = _answers(session, run.outbound_id)
        with self._lock:
            self._links[run.outbound_id] = _Links(until=now + KEPT_SECONDS, answers=answers)
            self._links.move_to_end(run.outbound_id)
            while len(self._links) > 1 and sum(len(one.answers) for one in self._links.values()) > MOST_LINKS:
                self._links.popitem(last=False)


def _answers(session: Session, outbound_id: int) -> dict[str, Answer]:
    """Return number → answer of the links that are the same for every recipient."""
    urls = reads.links(session, outbound_id)
    fixed = {number: url for number, url in urls.items() if is_web(url) and len(url) <= LONGEST_LINK}
    return {str(number): _answer(url) for number, url in fixed.items() if not _is_dressed(session, url)}


def _is_dressed(session: Session, url: str) -> bool:
    """Say whether somebody adds to this target who follows it: then it differs, and is made by request."""
    return any(dresser.dressed(session, _SOMEBODY, url) != url for dresser in installed().link_dressers)


def _answer(url: str) -> Answer:
    from werkzeug.utils import redirect  # as a page would answer it; only pages ask

    made = redirect(url, 302)
    return Answer(location=made.get_wsgi_headers({})["Location"], page=made.get_data())
