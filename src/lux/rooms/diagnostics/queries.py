"""Reads errors, jobs and signs of life, always within a scope."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from lux.identity.models import Company, User
from lux.kit import clock
from lux.kit.errors import NotFound
from lux.kit.jobs import Job, JobState, JobWorker, Leader
from lux.rooms.diagnostics.models import ErrorGroup, ErrorLog, GroupState
from lux.rooms.diagnostics.scope import Scope

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

PAGE: Final = 50
SHOWN_OCCURRENCES: Final = 20
OVERDUE: Final = timedelta(seconds=60)  # due this long and still waiting: nobody takes it
JOB_TABS: Final = ("running", "queued", "overdue", "failed", "ended")


def groups(
    session: Session, scope: Scope, state: GroupState, *, before: tuple[dt.datetime, int] | None = None
) -> Sequence[ErrorGroup]:
    """Return a page of groups, the last seen first; `before` is time and id of the last one of the page before."""
    statement = select(ErrorGroup).where(scope.allows(ErrorGroup.company_id), ErrorGroup.state == state)
    if before is not None:
        moment, number = before
        older = (ErrorGroup.last_seen_at < moment) | ((ErrorGroup.last_seen_at == moment) & (ErrorGroup.id < number))
        statement = statement.where(older)
    return session.scalars(statement.order_by(ErrorGroup.last_seen_at.desc(), ErrorGroup.id.desc()).limit(PAGE)).all()


def group_counts(session: Session, scope: Scope) -> Mapping[GroupState, int]:
    """Return how many groups stand in each state."""
    statement = (
        select(ErrorGroup.state, func.count()).where(scope.allows(ErrorGroup.company_id)).group_by(ErrorGroup.state)
    )
    found = dict(session.execute(statement).all())
    return {state: found.get(state, 0) for state in GroupState}


def open_count(session: Session, company_id: int) -> int:
    """Return how many groups of a company are open, for the navigation."""
    return group_counts(session, Scope(company_id))[GroupState.OPEN]


def group(session: Session, scope: Scope, public_id: uuid.UUID) -> ErrorGroup:
    """Return one group; raises NotFound outside the scope."""
    statement = select(ErrorGroup).where(ErrorGroup.public_id == public_id, scope.allows(ErrorGroup.company_id))
    found = session.scalar(statement)
    if found is None:
        raise NotFound
    return found


def occurrences(session: Session, scope: Scope, group_id: int) -> Sequence[ErrorLog]:
    """Return the newest occurrences of a group."""
    statement = select(ErrorLog).where(ErrorLog.group_id == group_id, scope.allows(ErrorLog.company_id))
    return session.scalars(statement.order_by(ErrorLog.id.desc()).limit(SHOWN_OCCURRENCES)).all()


def jobs(session: Session, scope: Scope, tab: str, *, before: int | None = None) -> Sequence[Job]:
    """Return a page of jobs, the newest first."""
    statement = select(Job).where(scope.allows(Job.company_id), _in_tab(tab))
    if before is not None:
        statement = statement.where(Job.id < before)
    return session.scalars(statement.order_by(Job.id.desc()).limit(PAGE)).all()


def job_counts(session: Session, scope: Scope) -> Mapping[str, int]:
    """Return how many jobs each tab holds."""
    by_state = select(Job.state, func.count()).where(scope.allows(Job.company_id)).group_by(Job.state)
    found = dict(session.execute(by_state).all())
    late = select(func.count()).select_from(Job).where(scope.allows(Job.company_id), _in_tab("overdue"))
    return {
        "running": found.get(JobState.RUNNING, 0),
        "queued": found.get(JobState.QUEUED, 0),
        "overdue": session.scalar(late) or 0,
        "failed": found.get(JobState.FAILED, 0),
        "ended": found.get(JobState.DONE, 0) + found.get(JobState.CANCELLED, 0),
    }


def job(session: Session, scope: Scope, public_id: uuid.UUID) -> Job:
    """Return one job; raises NotFound outside the scope."""
    found = session.scalar(select(Job).where(Job.public_id == public_id, scope.allows(Job.company_id)))
    if found is None:
        raise NotFound
    return found


def is_overdue(job: Job) -> bool:
    """Say whether a job waits although its time came a while ago."""
    return job.state is JobState.QUEUED and job.due_at < clock.now() - OVERDUE


def company_names(session: Session, ids: Sequence[int | None]) -> Mapping[int, str]:
    """Return the names of companies, for operators."""
    wanted = {found for found in ids if found is not None}
    if not wanted:
        return {}
    return dict(session.execute(select(Company.id, Company.name).where(Company.id.in_(wanted))).all())


def user_name(session: Session, user_id: int | None) -> str:
    """Return a person's name, empty when nobody is meant."""
    user = session.get(User, user_id) if user_id else None
    return (user.name or user.email) if user else ""


def workers(session: Session) -> Sequence[JobWorker]:
    """Return the processes that run jobs, as last heard of."""
    return session.scalars(select(JobWorker).order_by(JobWorker.name)).all()


def leader(session: Session) -> Leader | None:
    """Return who ticks the clock."""
    return session.scalars(select(Leader).order_by(Leader.renewed_at.desc()).limit(1)).first()


def _in_tab(tab: str) -> ColumnElement[bool]:
    if tab == "overdue":
        return (Job.state == JobState.QUEUED) & (Job.due_at < clock.now() - OVERDUE)
    if tab == "ended":
        return Job.state.in_([JobState.DONE, JobState.CANCELLED])
    return Job.state == JobState(tab if tab in JOB_TABS else "running")
