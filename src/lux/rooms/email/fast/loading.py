"""From the spool into the ledger: a segment is one transaction, and its name keeps it from counting twice."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy import delete, select
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from lux.gate import hits
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.spool import FOLDER, Content, Segment, Spool, segments
from lux.kit.spool.models import SpoolSegment
from lux.rooms.contacts import service as contacts
from lux.rooms.email.fast import lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

    from lux.gate.hits import Hit
    from lux.kit.db import Database
    from lux.kit.settings import Settings

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 1.0
LONGEST_PAUSE: Final = 30.0  # between two tries while the database takes nothing
PATIENCE: Final = 10.0  # so long a worker of this machine has to load a segment before the pages' process does
REMEMBERED: Final = timedelta(days=1)  # of a segment without trouble; it is off the disk in the same second
TROUBLE_REMEMBERED: Final = timedelta(days=30)
FORGET_SECONDS: Final = 600.0
# The database is not there, or another writer came in between: nothing is wrong with the lines.
_PASSING: Final = (OperationalError, InterfaceError)


class Loader:
    """A thread that loads what has been spooled on this machine."""

    def __init__(
        self,
        db: Database,
        folder: Path,
        *,
        on_error: Callable[[BaseException], None],
        patience: float = 0.0,
        spool: Spool | None = None,
    ) -> None:
        """Prepare; `spool`: what this process writes itself, closed in time."""
        self._db = db
        self._folder = folder
        self._on_error = on_error
        self._patience = patience
        self._spool = spool
        self._end = threading.Event()
        self._pause = LOOK_SECONDS
        self._forgotten = 0.0
        self._thread = threading.Thread(target=self._run, name="hit-loader", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self, seconds: float = 2.0) -> None:
        """End after the segment that is being loaded; what waits is loaded by the next process."""
        self._end.set()
        self._thread.join(seconds)

    def look(self) -> int:
        """Load what is there; returns how many segments."""
        loaded, failed = 0, list[Exception]()
        for segment in segments(self._folder, patience=self._patience):
            try:
                load(self._db, segment, on_error=self._on_error)
            except _PASSING:
                raise
            except Exception as error:  # noqa: BLE001 - told below; the segments behind it do not wait for it
                failed.append(error)
            else:
                loaded += 1
            if self._end.is_set():
                break
        if failed:
            raise failed[0]
        if loaded and clock.monotonic() - self._forgotten > FORGET_SECONDS:
            self._forgotten = clock.monotonic()
            forget(self._db)
        return loaded

    def _run(self) -> None:
        next_look = 0.0
        while not self._end.wait(LOOK_SECONDS / 2):
            if self._spool is not None:
                self._spool.turn()
            if clock.monotonic() >= next_look:
                self._look_safely()
                next_look = clock.monotonic() + self._pause - LOOK_SECONDS / 2

    def _look_safely(self) -> None:
        try:
            self.look()
        except Exception as error:  # the segment stays where it is and is tried again
            if self._pause == LOOK_SECONDS:
                log.exception("hits_not_loaded", folder=str(self._folder))
                self._on_error(error)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        else:
            self._pause = LOOK_SECONDS


def loader_for(db: Database, settings: Settings, *, on_error: Callable[[BaseException], None]) -> Loader:
    """Return the loader of a worker."""
    return Loader(db, settings.home / FOLDER, on_error=on_error)


def load(db: Database, segment: Segment, *, on_error: Callable[[BaseException], None]) -> None:
    """Load a segment and take it away; one that was loaded before is only taken away.

    A line that the database does not take is left out and counted. Raises SQLAlchemyError when nothing can be written.
    """
    content = segment.read()
    found, refused = lines.hits(content.lines)
    try:
        _load(db, segment.name, content, found, refused)
    except _PASSING:
        raise
    except (SQLAlchemyError, ValueError, ArithmeticError) as error:
        on_error(error)
        _load_one_by_one(db, segment.name, content, found, refused)
    segment.remove()


def forget(db: Database) -> None:
    """Forget segments that were loaded long ago; of those with trouble later than of others."""
    now = clock.now()
    has_trouble = (SpoolSegment.dropped > 0) | (SpoolSegment.refused > 0) | (SpoolSegment.torn > 0)
    is_old = (SpoolSegment.loaded_at < now - TROUBLE_REMEMBERED) | (
        ~has_trouble & (SpoolSegment.loaded_at < now - REMEMBERED)
    )
    with db.begin(ALL_COMPANIES) as session:
        session.execute(delete(SpoolSegment).where(is_old).execution_options(synchronize_session=False))


def _load(db: Database, name: str, content: Content, found: Sequence[Hit], refused: int) -> None:
    with db.begin(ALL_COMPANIES) as session:
        if _begin(session, name, content, loaded=len(found), refused=refused) is None:
            return
        for company_id, own in _by_company(session, found).items():
            with db.within(session, company_id) as inner:
                contacts.touch_each(inner, hits.record(inner, own))


def _load_one_by_one(db: Database, name: str, content: Content, found: Sequence[Hit], refused: int) -> None:
    with db.begin(ALL_COMPANIES) as session:
        entry = _begin(session, name, content, loaded=0, refused=refused)
        if entry is None:
            return
        for company_id, own in _by_company(session, found).items():
            with db.within(session, company_id) as inner:
                for hit in own:
                    is_taken = _is_taken(inner, hit)
                    entry.loaded, entry.refused = entry.loaded + is_taken, entry.refused + (not is_taken)


def _is_taken(session: Session, hit: Hit) -> bool:
    try:
        with session.begin_nested():
            contacts.touch_each(session, hits.record(session, [hit]))
    except _PASSING:
        raise
    except (SQLAlchemyError, ValueError, ArithmeticError):
        log.exception("hit_refused", delivery_id=hit.delivery_id, number=hit.number)
        return False
    return True


def _begin(session: Session, name: str, content: Content, *, loaded: int, refused: int) -> SpoolSegment | None:
    """Take the name of the segment; None when it is loaded already."""
    known = session.scalar(select(SpoolSegment).where(SpoolSegment.name == name))
    if known is not None:
        known.loaded_at = clock.now()  # it is on the disk still: its name is not to be forgotten
        return None
    dropped = content.dropped
    entry = SpoolSegment(
        name=name,
        loaded=loaded,
        refused=refused,
        torn=content.torn,
        dropped=dropped.count if dropped else 0,
        dropped_since=dropped.since if dropped else None,
        trouble=os.strerror(dropped.errno)[:200] if dropped else "",
    )
    session.add(entry)
    session.flush()
    return entry


def _by_company(session: Session, found: Sequence[Hit]) -> dict[int, list[Hit]]:
    """Return the hits of each company, in one order for all loaders; nobody is known by the others any more."""
    owners, own = hits.companies(session, [hit.delivery_id for hit in found]), defaultdict[int, list[hits.Hit]](list)
    for hit in found:
        if hit.delivery_id in owners:
            own[owners[hit.delivery_id]].append(hit)
    return dict(sorted(own.items()))
