"""Ways to make errors and jobs for the tests of the room."""

from __future__ import annotations

import contextlib
import uuid

import pytest
from sqlalchemy import select

from lux.kit.db import ALL_COMPANIES
from lux.kit.jobs import Job, JobState, enqueue
from lux.rooms.diagnostics import fingerprint, service
from lux.rooms.diagnostics.models import ErrorGroup, ErrorLog
from lux.rooms.diagnostics.service import capturing
from lux.rooms.diagnostics.service.pace import Pace
from tests.factories import Installation


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every occurrence; the tests of the pace make their own."""
    monkeypatch.setattr(capturing, "_pace", Pace(0))


def raised(error: Exception) -> Exception:
    """Return the error with a trace."""
    with contextlib.suppress(type(error)):
        raise error
    return error


def ours(value: object = "x") -> Exception:
    """Return an error whose innermost frames are our own code's."""
    try:
        fingerprint.parameterised(value)  # type: ignore[arg-type] - a number here breaks inside our code
    except TypeError as error:
        return error
    raise AssertionError("the value did not break anything")


def captured(lux: Installation, error: Exception, **options: object) -> None:
    options = {"source": "web"} | options
    service.capture(lux.db, error, **options)  # type: ignore[arg-type]


def groups(lux: Installation) -> list[ErrorGroup]:
    with lux.db.read(ALL_COMPANIES) as session:
        return list(session.scalars(select(ErrorGroup).order_by(ErrorGroup.id)))


def occurrences(lux: Installation) -> list[ErrorLog]:
    with lux.db.read(ALL_COMPANIES) as session:
        return list(session.scalars(select(ErrorLog).order_by(ErrorLog.id)))


def make_job(
    lux: Installation, company_id: int | None, *, kind: str = "notifications.sweep", **values: object
) -> uuid.UUID:
    """Make a job in any state; returns its public id."""
    with lux.db.begin(ALL_COMPANIES) as session:
        job = session.get_one(Job, enqueue(session, kind, {}, company_id=company_id))
        for name, value in values.items():
            setattr(job, name, value)
        return job.public_id


def state_of(lux: Installation, public_id: uuid.UUID) -> JobState:
    with lux.db.read(ALL_COMPANIES) as session:
        return session.scalars(select(Job.state).where(Job.public_id == public_id)).one()
