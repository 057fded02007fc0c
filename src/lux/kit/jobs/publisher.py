"""Tells the broker of due jobs: fresh ones after their commit, and all of them again from the clock."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from lux.kit import clock
from lux.kit.db.session import ALL_COMPANIES, Database
from lux.kit.jobs import bell, kinds, queue
from lux.kit.jobs.broker import Broker, BrokerAway, Hint
from lux.kit.jobs.kinds import Kinds

if TYPE_CHECKING:
    from lux.kit.settings import Settings

log = structlog.get_logger(__name__)

MOST_WAITING: Final = 10_000  # ids kept while the broker is slow; what falls out is found by the clock
AT_ONCE: Final = 200
PAUSE_SECONDS: Final = 2.0  # after the broker did not answer
RESEND_SECONDS: Final = 5.0  # a hint that nobody has followed after this time may be lost


class Publisher:
    """Publishes from a thread of its own, so that whoever commits a job never waits for the broker."""

    def __init__(self, db: Database, broker: Broker, known: Callable[[], Kinds]) -> None:
        """Start nothing: the thread begins with the first id, in the process that offers it."""
        self._db = db
        self._broker = broker
        self._kinds = known
        self._waiting: deque[int] = deque(maxlen=MOST_WAITING)
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._unlisten: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Listen to what this process commits."""
        self._unlisten = bell.listen(self.offer)

    def offer(self, job_ids: Sequence[int]) -> None:
        """Take note of ids and return at once."""
        self._waiting.extend(job_ids)
        self._wake.set()
        if self._thread is None:
            self._begin()

    def stop(self, seconds: float) -> bool:
        """Take no more; say whether what waited was handed over in time."""
        self._unlisten()
        self._end.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(seconds)
            if self._thread.is_alive():
                return False
        self._broker.close()
        return not self._waiting

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="job-publisher", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        is_away = False
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._waiting:
                try:
                    self._publish(self._take())
                    is_away = False
                except Exception as error:  # whatever it is, the next ids are tried: the clock finds these
                    if not isinstance(error, (BrokerAway, SQLAlchemyError)):
                        log.exception("job_publishing_failed")
                    elif not is_away:  # once for each time that it is away
                        log.warning("job_hints_not_published", why=type(error).__name__)
                    is_away = True
                    self._end.wait(PAUSE_SECONDS)
                if self._end.is_set() and is_away:
                    return
            if self._end.is_set():
                return

    def _take(self) -> list[int]:
        ids: list[int] = []
        while self._waiting and len(ids) < AT_ONCE:
            ids.append(self._waiting.popleft())
        return ids

    def _publish(self, ids: Sequence[int]) -> None:
        self._broker.publish(due_hints(self._db, self._kinds(), ids))


class Resender:
    """The clock's runner: gives the broker again what is due and not claimed, as far as it does not hold it already."""

    def __init__(self, db: Database, broker: Broker, known: Kinds, *, pause: float = RESEND_SECONDS) -> None:
        """Remember nothing yet: a new leader offers everything once."""
        self._db = db
        self._broker = broker
        self._kinds = known
        self._pause = pause
        self._sent: dict[int, float] = {}
        self._is_away = False

    def start(self) -> None:
        """Wait for the clock."""

    def offer(self, job_ids: Sequence[int]) -> None:
        """Publish hints for due rows; a row whose hint is young is left alone, and so is a queue that holds enough."""
        self._sent = {job_id: sent for job_id in job_ids if (sent := self._sent.get(job_id)) is not None}
        now = clock.monotonic()
        if all(now - self._sent.get(job_id, -self._pause) < self._pause for job_id in job_ids):
            return
        try:
            chosen = self._choose(due_hints(self._db, self._kinds, job_ids), now)
            self._broker.publish(chosen)
        except BrokerAway as error:
            if not self._is_away:
                log.warning("job_broker_away", why=str(error))
            self._is_away = True
            self._sent.clear()  # when it is back it may have forgotten everything
            return
        if self._is_away:
            log.info("job_broker_back")
        self._is_away = False
        self._sent.update({hint.job_id: now for hint in chosen})

    def stop(self, seconds: float) -> bool:  # noqa: ARG002 - the runner's shape
        """Close the connection."""
        self._broker.close()
        return True

    def _choose(self, hints: Sequence[Hint], now: float) -> list[Hint]:
        room = {name: -depth for name, depth in self._broker.depths().items()}
        for hint in hints:
            room[hint.queue] += 1
        chosen: list[Hint] = []
        for hint in hints:
            is_old = now - self._sent.get(hint.job_id, -self._pause) >= self._pause
            if is_old and room[hint.queue] > 0:
                room[hint.queue] -= 1
                chosen.append(hint)
        return chosen


def due_hints(db: Database, known: Kinds, ids: Sequence[int]) -> list[Hint]:
    """Return hints for those of the jobs that are due now, with the queues they are for."""
    with db.read(ALL_COMPANIES) as session:
        rows = queue.due_among(session, ids)
    return [Hint(job_id=job_id, queue=own or known[kind].queue) for job_id, kind, own in rows if own or kind in known]


def listen_in_pages(db: Database, settings: Settings) -> Publisher:
    """Tell the broker of what the pages commit, for as long as their process lives."""
    publisher = Publisher(db, Broker(settings), kinds.installed)
    publisher.start()
    return publisher
