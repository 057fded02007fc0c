"""Puts jobs into the queue in the caller's transaction; lets people cancel and retry them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import CursorResult, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from lux.kit import clock
from lux.kit.db.session import ALL_COMPANIES, Database, dialect_of
from lux.kit.errors import WrongState
from lux.kit.i18n import gettext as _
from lux.kit.jobs import bell
from lux.kit.jobs.kinds import QUEUES
from lux.kit.jobs.models import UNFINISHED, Job, JobState

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy.orm import Session

_KEY_LENGTH: Final = 254
_TRIES: Final = 3
_other = aliased(Job)


def enqueue(
    session: Session,
    kind: str,
    args: Mapping[str, Any],
    *,
    company_id: int | None = None,
    queue: str | None = None,
    key: str | None = None,
    dedup_key: str | None = None,
    due_at: dt.datetime | None = None,
    max_attempts: int | None = None,
) -> int:
    """Write a job into the caller's transaction and return its id; it starts after the commit.

    `key`: of all jobs with the same key one runs at a time. `dedup_key`: while a job of this kind
    and company with the same dedup key is unfinished (also while it runs), no second one is made
    and its id is returned; a handler that wants to go on raises RetryLater instead of enqueueing
    itself. `args` are JSON and hold ids, never secrets. Queue and attempts are the kind's own
    unless given.
    """
    if queue is not None and queue not in QUEUES:
        raise ValueError(f"no queue {queue!r}; there are {', '.join(QUEUES)}")
    open_key = _open_key(kind, company_id, dedup_key)
    job = Job(
        kind=kind,
        args=dict(args),
        company_id=company_id,
        queue=queue,
        key=key,
        dedup_key=dedup_key,
        open_key=open_key,
        due_at=due_at or clock.now(),
        max_attempts=max_attempts,
    )
    if open_key is None:
        session.add(job)
        session.flush()
    else:
        found = _insert_unless_open(session, job, open_key)
        if found is not None:
            return found
    bell.ring_after_commit(session, job.id)
    return job.id


def cancel(session: Session, job_id: int) -> JobState:
    """Cancel a job: at once while it waits, at its next step while it runs.

    Raises WrongState when it has ended.
    """
    waiting = (
        update(Job)
        .where(Job.id == job_id, Job.state == JobState.QUEUED)
        .values(state=JobState.CANCELLED, finished_at=clock.now(), open_key=None)
    )
    if _changed(session, waiting):
        return JobState.CANCELLED
    running = update(Job).where(Job.id == job_id, Job.state == JobState.RUNNING).values(is_cancelling=True)
    if _changed(session, running):
        return JobState.RUNNING
    raise WrongState(_("This job has ended already."))


def retry(session: Session, job_id: int) -> None:
    """Put a failed or cancelled job back into the queue.

    Raises WrongState when it is neither, or when the same work stands there already.
    """
    job = session.get(Job, job_id, populate_existing=True)
    if job is None or job.state not in {JobState.FAILED, JobState.CANCELLED}:
        raise WrongState(_("Only a job that failed or was cancelled can be started again."))
    again = (
        update(Job)
        .where(Job.id == job_id, Job.state.in_([JobState.FAILED, JobState.CANCELLED]))
        .values(
            state=JobState.QUEUED,
            open_key=_open_key(job.kind, job.company_id, job.dedup_key),
            due_at=clock.now(),
            attempts=0,
            losses=0,
            is_cancelling=False,
            finished_at=None,
        )
    )
    try:
        with session.begin_nested():
            is_ours = _changed(session, again)
    except IntegrityError:
        raise WrongState(_("The same work stands in the queue already.")) from None
    if not is_ours:
        raise WrongState(_("Only a job that failed or was cancelled can be started again."))
    session.expire(job)
    bell.ring_after_commit(session, job_id)


def due_ids(session: Session, kinds: Sequence[str], *, limit: int) -> list[int]:
    """Return the ids of due jobs that could run now, oldest first, for a runner that carries ids elsewhere.

    Of jobs with one key only the oldest can, and none while one runs.
    """
    statement = (
        select(Job.id, Job.key)
        .where(
            Job.state == JobState.QUEUED,
            Job.due_at <= clock.now(),
            Job.kind.in_(kinds),
            ~exists().where(_other.running_key == Job.key),
        )
        .order_by(Job.due_at, Job.id)
        .limit(limit)
    )
    first: dict[object, int] = {}
    for job_id, key in session.execute(statement):
        first.setdefault(job_id if key is None else key, job_id)
    return list(first.values())


def due_among(session: Session, ids: Sequence[int]) -> Sequence[tuple[int, str, str | None]]:
    """Return (id, kind, queue of its own) of those of the jobs that are due."""
    statement = select(Job.id, Job.kind, Job.queue).where(
        Job.id.in_(ids), Job.state == JobState.QUEUED, Job.due_at <= clock.now()
    )
    rows = session.execute(statement.order_by(Job.due_at, Job.id))
    return [(job_id, kind, own) for job_id, kind, own in rows]


def due_after(session: Session, job_id: int) -> list[int]:
    """Return what can run now that this job was let go: its own next step, or the oldest of its key."""
    key = session.scalar(select(Job.key).where(Job.id == job_id))
    same = Job.id == job_id if key is None else Job.key == key
    statement = select(Job.id).where(Job.state == JobState.QUEUED, Job.due_at <= clock.now(), same)
    return list(session.scalars(statement.order_by(Job.due_at, Job.id).limit(1)))


def keep_due(db: Database, *, back: float) -> None:
    """Keep due what was due before the clock was set back by so many seconds; what was yet to come keeps its time."""
    now = clock.now()
    was_due = Job.due_at.between(now, now + timedelta(seconds=back))
    with db.begin(ALL_COMPANIES) as session:
        again = update(Job).where(Job.state == JobState.QUEUED, was_due).values(due_at=now)
        session.execute(again.execution_options(synchronize_session=False))


def unfinished(session: Session, kind: str, *, company_id: int | None) -> int:
    """Return how many jobs of a kind and a company (None = the installation) wait or run."""
    owner = Job.company_id.is_(None) if company_id is None else Job.company_id == company_id
    statement = select(func.count()).select_from(Job).where(Job.kind == kind, owner, Job.state.in_(UNFINISHED))
    return session.scalar(statement) or 0


def _insert_unless_open(session: Session, job: Job, open_key: str) -> int | None:
    """Insert the job and return None, or return the id of the unfinished one in its place."""
    for attempt in range(_TRIES):
        look = select(Job.id).where(Job.open_key == open_key)
        if attempt and dialect_of(session) == "mysql":  # its snapshot is older than that row: lock to see it
            look = look.with_for_update(read=True)
        found = session.scalar(look)
        if found is not None:
            return found
        try:
            with session.begin_nested():
                session.add(job)
                session.flush()
        except IntegrityError:
            continue
        return None
    raise RuntimeError(f"job {job.kind}: its dedup key changed hands {_TRIES} times in a row")


def _open_key(kind: str, company_id: int | None, dedup_key: str | None) -> str | None:
    """Scope a dedup key by kind and company; a long one is kept unique by its hash."""
    if dedup_key is None:
        return None
    full = f"{kind} {company_id or 0} {dedup_key}"
    if len(full) <= _KEY_LENGTH:
        return full
    return full[: _KEY_LENGTH - 65] + " " + hashlib.sha256(full.encode()).hexdigest()


def _changed(session: Session, statement: Any) -> bool:  # noqa: ANN401 - any UPDATE
    result = cast("CursorResult[Any]", session.execute(statement.execution_options(synchronize_session=False)))
    return result.rowcount == 1
