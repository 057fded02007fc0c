"""Rings in this process when a transaction that enqueued jobs has been committed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import event

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Listener = Callable[[Sequence[int]], None]

_lock = threading.Lock()
_listeners: list[Listener] = []


def listen(listener: Listener) -> Callable[[], None]:
    """Call the listener with the ids of freshly committed jobs that are due; returns what ends it.

    It runs on the thread that committed, so it only takes note.
    """
    with _lock:
        _listeners.append(listener)

    def stop() -> None:
        with _lock:
            if listener in _listeners:
                _listeners.remove(listener)

    return stop


def ring_after_commit(session: Session, job_id: int) -> None:
    """Ring once this session's transaction is committed; nothing rings when it is rolled back."""
    waiting: list[int] | None = session.info.get("jobs_to_ring")
    if waiting is None:
        waiting = session.info["jobs_to_ring"] = []
        event.listen(session, "after_commit", _ring)
        event.listen(session, "after_rollback", _forget)
    waiting.append(job_id)


def _ring(session: Session) -> None:
    if session.in_nested_transaction():
        return  # a savepoint only: others see nothing yet
    ids = list(session.info.get("jobs_to_ring", ()))
    session.info["jobs_to_ring"] = []
    with _lock:
        listeners = list(_listeners)
    for listener in listeners if ids else ():
        listener(ids)


def _forget(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info["jobs_to_ring"] = []
