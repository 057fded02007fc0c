"""Who holds which job: claims by compare-and-set, leases, the sweep of what the dead held."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import CursorResult, and_, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from lux.kit import clock
from lux.kit.db.session import ALL_COMPANIES, Database, dialect_of
from lux.kit.jobs.errors import LeaseLost
from lux.kit.jobs.kinds import Kinds
from lux.kit.jobs.models import Job, JobState

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

MOST_LOSSES: Final = 25  # workers that may die over one job before it is taken for the cause
_SWEPT_AT_ONCE: Final = 200
_other = aliased(Job)  # made once: making it is the dearest part of the query


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A job that this worker has won; the fence proves it."""

    job_id: int
    public_id: uuid.UUID
    kind: str
    company_id: int | None
    args: Mapping[str, Any] = field(repr=False)
    queue: str
    fence: int
    attempt: int  # 1 = the first
    max_attempts: int
    lease_seconds: float


def claim_due(db: Database, worker: str, kinds: Kinds, free: Mapping[str, int]) -> list[Claim]:
    """Win due jobs for the free threads of each queue, oldest first."""
    wanted = sum(free.values())
    if wanted < 1:
        return []
    if db.dialect == "sqlite" and not _is_any_due(db, kinds, free):
        return []  # there only one can write at a time, so an idle look must not open a write transaction
    left, claims, keys = dict(free), list[Claim](), set[str]()
    with db.begin(ALL_COMPANIES) as session:
        statement = _due(kinds, free).limit(wanted * 4).with_for_update(skip_locked=True)
        for job in session.scalars(statement):
            queue = job.queue or kinds[job.kind].queue
            if left.get(queue, 0) < 1 or (job.key is not None and job.key in keys):
                continue
            claim = _take(session, job, worker, kinds)
            if claim is not None:
                left[queue] -= 1
                claims.append(claim)
                keys.update({job.key} if job.key is not None else ())
    return claims


def claim_one(db: Database, worker: str, kinds: Kinds, job_id: int) -> Claim | None:
    """Win one job by its id; None when somebody else has it, it is not due, or its key is taken."""
    with db.begin(ALL_COMPANIES) as session:
        statement = _due(kinds, None).where(Job.id == job_id).with_for_update(skip_locked=True)
        job = session.scalar(statement)
        return None if job is None else _take(session, job, worker, kinds)


def held(claim: Claim) -> ColumnElement[bool]:
    """Return the condition under which a claim still stands."""
    return and_(Job.id == claim.job_id, Job.fence == claim.fence, Job.state == JobState.RUNNING)


def require_held(session: Session, claim: Claim) -> None:
    """Raise LeaseLost unless the claim stands; keep it standing until this transaction ends.

    It also lengthens the lease: a chunk that outlasted it (on SQLite nobody could renew meanwhile)
    leaves a whole one behind.
    """
    until = lease_clock(session) + timedelta(seconds=claim.lease_seconds)
    if not change_held(session, claim, lease_until=until):
        raise LeaseLost(f"job {claim.job_id}: another worker has taken it over")


def change_held(session: Session, claim: Claim, **values: object) -> bool:
    """Change the job's row if the claim stands; says whether it did."""
    return _count(session, update(Job).where(held(claim)).values(**values)) == 1


def release(session: Session, claim: Claim, state: JobState, **values: object) -> bool:
    """End the claim and leave the job in a state; says whether the claim still stood."""
    values = {"running_key": None, "lease_until": None, "leased_by": None} | values
    if state is not JobState.QUEUED:
        values = {"finished_at": clock.now(), "open_key": None, "is_cancelling": False} | values
    return change_held(session, claim, state=state, **values)


def renew(session: Session, claim: Claim) -> tuple[bool, bool]:
    """Lengthen the lease; returns (the claim stands, a person asked to cancel)."""
    until = lease_clock(session) + timedelta(seconds=claim.lease_seconds)
    if not change_held(session, claim, lease_until=until):
        return (False, False)
    return (True, bool(session.scalar(select(Job.is_cancelling).where(Job.id == claim.job_id))))


def sweep(db: Database) -> int:
    """Return jobs whose lease has run out to the queue; returns how many there were."""
    with db.read(ALL_COMPANIES) as session:
        late = (Job.state == JobState.RUNNING) & (Job.lease_until < lease_clock(session))
        if session.scalar(select(Job.id).where(late).limit(1)) is None:
            return 0
    with db.begin(ALL_COMPANIES) as session:
        late = (Job.state == JobState.RUNNING) & (Job.lease_until < lease_clock(session))
        return _free_lost(session, late)


def release_workers(db: Database, workers: Sequence[str], *, is_orderly: bool = False) -> int:
    """Free at once what these workers held: they are dead, or (orderly) they stop now."""
    if not workers:
        return 0
    with db.begin(ALL_COMPANIES) as session:
        mine = (Job.state == JobState.RUNNING) & Job.leased_by.in_(workers)
        return _free_lost(session, mine, is_orderly=is_orderly)


def lease_clock(session: Session) -> dt.datetime:
    """Return the time leases are measured by: the database's, so that machines need not agree."""
    dialect = dialect_of(session)
    if dialect == "postgresql":
        return cast("dt.datetime", session.scalar(select(func.clock_timestamp()))).astimezone(UTC)
    if dialect == "mysql":
        return cast("dt.datetime", session.scalar(select(func.utc_timestamp(6)))).replace(tzinfo=UTC)
    return clock.now()  # SQLite: all workers are on this machine


def _due(kinds: Kinds, free: Mapping[str, int] | None) -> Select[Job]:
    """Select due jobs of known kinds, whose key is free, in the queues with free threads."""
    key_is_taken = exists().where(_other.running_key == Job.key)
    statement = select(Job).where(
        Job.state == JobState.QUEUED,
        Job.due_at <= clock.now(),
        Job.kind.in_(list(kinds)),
        ~key_is_taken,
    )
    if free is not None:
        queues = [name for name, count in free.items() if count > 0]
        own = [kind.name for kind in kinds.values() if kind.queue in queues]
        statement = statement.where(or_(Job.queue.in_(queues), and_(Job.queue.is_(None), Job.kind.in_(own))))
    return statement.order_by(Job.due_at, Job.id)


def _is_any_due(db: Database, kinds: Kinds, free: Mapping[str, int]) -> bool:
    with db.read(ALL_COMPANIES) as session:
        return session.scalar(_due(kinds, free).limit(1)) is not None


def _take(session: Session, job: Job, worker: str, kinds: Kinds) -> Claim | None:
    kind = kinds[job.kind]
    claim = Claim(
        job_id=job.id,
        public_id=job.public_id,
        kind=job.kind,
        company_id=job.company_id,
        args=dict(job.args),
        queue=job.queue or kind.queue,
        fence=job.fence + 1,
        attempt=job.attempts + 1,
        max_attempts=job.max_attempts or kind.max_attempts,
        lease_seconds=kind.lease_seconds,
    )
    statement = (
        update(Job)
        .where(Job.id == job.id, Job.state == JobState.QUEUED, Job.fence == job.fence)
        .values(
            state=JobState.RUNNING,
            fence=claim.fence,
            leased_by=worker,
            lease_until=lease_clock(session) + timedelta(seconds=claim.lease_seconds),
            running_key=job.key,
            started_at=clock.now(),
            is_cancelling=False,
        )
    )
    if job.key is None:
        return claim if _count(session, statement) == 1 else None
    try:
        with session.begin_nested():
            return claim if _count(session, statement) == 1 else None
    except IntegrityError:
        return None  # another job took the key in this moment


def _free_lost(session: Session, which: ColumnElement[bool], *, is_orderly: bool = False) -> int:
    """Free jobs whose worker is gone: queued again, cancelled, or failed if they kill them."""
    statement = select(Job.id, Job.is_cancelling, Job.losses).where(which)
    rows = session.execute(statement.limit(_SWEPT_AT_ONCE).with_for_update(skip_locked=True)).all()
    for job_id, is_cancelling, losses in rows:
        values: dict[str, object] = {"running_key": None, "lease_until": None, "leased_by": None}
        if is_cancelling:
            values |= {"state": JobState.CANCELLED, "finished_at": clock.now(), "open_key": None}
        elif not is_orderly and losses + 1 >= MOST_LOSSES:
            words = f"Its worker died {losses + 1} times while it ran."
            values |= {
                "state": JobState.FAILED,
                "finished_at": clock.now(),
                "open_key": None,
                "error": words,
            }
        else:
            values |= {
                "state": JobState.QUEUED,
                "due_at": clock.now(),
                "losses": losses + (0 if is_orderly else 1),
            }
        _count(session, update(Job).where(Job.id == job_id).values(**values))
    return len(rows)


def _count(session: Session, statement: Any) -> int:  # noqa: ANN401 - any UPDATE
    result = cast("CursorResult[Any]", session.execute(statement.execution_options(synchronize_session=False)))
    return result.rowcount
