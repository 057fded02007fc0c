"""Reads errors, jobs and signs of life, always within a scope."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import case, func, literal, or_, select

from lux.identity.models import ApiKey, Company, User
from lux.kit import clock
from lux.kit.errors import NotFound
from lux.kit.jobs import Job, JobState, JobWorker, Leader
from lux.rooms.diagnostics.models import ErrorGroup, ErrorLog, ErrorTally, GroupState, Severity
from lux.rooms.diagnostics.scope import Scope

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

Tallies = Mapping[int, int]
PAGE: Final = 50
SHOWN_OCCURRENCES: Final = 20
OVERDUE: Final = timedelta(seconds=60)  # due this long and still waiting: nobody takes it
SOURCES: Final = ("web", "job", "clock", "cli")
JOB_TABS: Final = ("running", "queued", "overdue", "failed", "ended")


@dataclass(frozen=True, kw_only=True)
class Sought:
    """Which groups are looked for, besides their state."""

    company_id: int | None = None  # of one company, 0 = the installation's own; None = all that the scope allows
    source: str = ""  # "" = all
    severity: Severity | None = None
    since: dt.datetime | None = None  # occurred at or after it
    text: str = ""
    kinds: Sequence[str] = ()  # endpoints whose names for people hold the text
    sees_internals: bool = False  # the text is looked for in what only operators see, too


ALL_GROUPS: Final = Sought()


def groups(
    session: Session,
    scope: Scope,
    state: GroupState,
    sought: Sought = ALL_GROUPS,
    *,
    before: tuple[dt.datetime, int] | None = None,
    limit: int = PAGE,
) -> Sequence[ErrorGroup]:
    """Return a page of groups, the last seen first; `before` is time and id of the last one of the page before."""
    statement = select(ErrorGroup).where(*_conditions(scope, sought), ErrorGroup.state == state)
    if before is not None:
        moment, number = before
        older = (ErrorGroup.last_seen_at < moment) | ((ErrorGroup.last_seen_at == moment) & (ErrorGroup.id < number))
        statement = statement.where(older)
    return session.scalars(statement.order_by(ErrorGroup.last_seen_at.desc(), ErrorGroup.id.desc()).limit(limit)).all()


def group_counts(session: Session, scope: Scope, sought: Sought = ALL_GROUPS) -> Mapping[GroupState, int]:
    """Return how many groups stand in each state."""
    statement = select(ErrorGroup.state, func.count()).where(*_conditions(scope, sought)).group_by(ErrorGroup.state)
    found = dict(session.execute(statement).all())
    return {state: found.get(state, 0) for state in GroupState}


def groups_by_public_id(session: Session, scope: Scope, public_ids: Sequence[uuid.UUID]) -> Sequence[ErrorGroup]:
    """Return those of the groups that stand within the scope."""
    statement = select(ErrorGroup).where(ErrorGroup.public_id.in_(public_ids), scope.allows(ErrorGroup.company_id))
    return session.scalars(statement.order_by(ErrorGroup.id)).all()


def tallies(
    session: Session, scope: Scope, group_ids: Sequence[int], starts: Sequence[dt.datetime]
) -> Mapping[int, Tallies]:
    """Return how often each group occurred from each moment on until the next, by the moments' places.

    The moments are in order and stand at quarters of an hour, as the beginnings of days do in every zone.
    """
    later = [(_is_before(moment), place) for place, moment in enumerate(starts[1:])]
    place = case(*later, else_=len(starts) - 1) if later else literal(0)
    wanted = (ErrorTally.group_id.in_(group_ids), ~_is_before(starts[0]), scope.allows(ErrorTally.company_id))
    rows = select(ErrorTally.group_id, place.label("place"), ErrorTally.count).where(*wanted).subquery()
    found: dict[int, dict[int, int]] = {}
    summed = select(rows.c.group_id, rows.c.place, func.sum(rows.c.count)).group_by(rows.c.group_id, rows.c.place)
    for group_id, number, count in session.execute(summed):
        found.setdefault(group_id, {})[number] = int(count)
    return found


def quarter_of(moment: dt.datetime) -> tuple[dt.date, int]:
    """Return the day in UTC and the quarter of an hour, since midnight, in which a moment is counted."""
    at = moment.astimezone(dt.UTC)
    return at.date(), (at.hour * 60 + at.minute) // 15


def _is_before(moment: dt.datetime) -> ColumnElement[bool]:
    day, quarter = quarter_of(moment)
    return (ErrorTally.day < day) | ((ErrorTally.day == day) & (ErrorTally.quarter < quarter))


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


def occurrences(
    session: Session, scope: Scope, group_id: int, *, before: int | None = None, limit: int = SHOWN_OCCURRENCES
) -> Sequence[ErrorLog]:
    """Return a page of the occurrences that are kept of a group, the newest first."""
    statement = select(ErrorLog).where(ErrorLog.group_id == group_id, scope.allows(ErrorLog.company_id))
    if before is not None:
        statement = statement.where(ErrorLog.id < before)
    return session.scalars(statement.order_by(ErrorLog.id.desc()).limit(limit)).all()


def people_touched(session: Session, scope: Scope, group_id: int) -> int:
    """Return how many people met it, as far as occurrences are kept (at most some hundreds)."""
    statement = select(func.count(ErrorLog.user_id.distinct())).where(
        ErrorLog.group_id == group_id, scope.allows(ErrorLog.company_id)
    )
    return session.scalar(statement) or 0


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


def waiting(session: Session) -> tuple[int, dt.datetime | None]:
    """Return how many jobs of the installation are due and not taken yet, and since when the first of them is."""
    statement = select(func.count(), func.min(Job.due_at)).where(
        Job.state == JobState.QUEUED, Job.due_at <= clock.now()
    )
    count, oldest = session.execute(statement).one()
    return count, oldest


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


def companies_with_errors(session: Session) -> Sequence[tuple[int, uuid.UUID, str]]:
    """Return (id, public id, name) of the companies that have any, by name, for operators."""
    having = select(ErrorGroup.company_id).where(ErrorGroup.company_id.is_not(None))
    query = select(Company.id, Company.public_id, Company.name).where(Company.id.in_(having))
    return [(row.id, row.public_id, row.name) for row in session.execute(query.order_by(Company.name, Company.id))]


def user_name(session: Session, user_id: int | None) -> str:
    """Return a person's name, empty when nobody is meant."""
    user = session.get(User, user_id) if user_id else None
    return (user.name or user.email) if user else ""


def key_name(session: Session, company_id: int | None, key_id: int | None) -> str:
    """Return the name of a company's API key, empty when it is none of its own."""
    statement = select(ApiKey.name).where(ApiKey.id == key_id, ApiKey.company_id == company_id)
    return session.scalar(statement) or "" if key_id and company_id else ""


def workers(session: Session) -> Sequence[JobWorker]:
    """Return the processes that run jobs, as last heard of."""
    return session.scalars(select(JobWorker).order_by(JobWorker.name)).all()


def leader(session: Session) -> Leader | None:
    """Return who ticks the clock."""
    return session.scalars(select(Leader).order_by(Leader.renewed_at.desc()).limit(1)).first()


def _conditions(scope: Scope, sought: Sought) -> list[ColumnElement[bool]]:
    found = [scope.allows(ErrorGroup.company_id)]
    if sought.company_id is not None:
        found.append(ErrorGroup.company_id == (sought.company_id or None))
    if sought.source:
        found.append(ErrorGroup.source == sought.source)
    if sought.severity is not None:
        found.append(ErrorGroup.severity == sought.severity)
    if sought.since is not None:
        found.append(ErrorGroup.last_seen_at >= sought.since)
    if sought.text:
        columns = [ErrorGroup.words, ErrorGroup.fix, ErrorGroup.endpoint]
        columns += [ErrorGroup.message, ErrorGroup.type, ErrorGroup.place] if sought.sees_internals else []
        by_text = [column.icontains(sought.text, autoescape=True) for column in columns]
        found.append(or_(*by_text, ErrorGroup.endpoint.in_(sought.kinds)))
    return found


def _in_tab(tab: str) -> ColumnElement[bool]:
    if tab == "overdue":
        return (Job.state == JobState.QUEUED) & (Job.due_at < clock.now() - OVERDUE)
    if tab == "ended":
        return Job.state.in_([JobState.DONE, JobState.CANCELLED])
    return Job.state == JobState(tab if tab in JOB_TABS else "running")
