"""The one composition: every room's pages, jobs and contributions; the only file that knows all rooms."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING

from lux.kit.jobs import kinds
from lux.ports import contributions as ports
from lux.ui.shell import ShellSources

if TYPE_CHECKING:
    from flask import Blueprint
    from sqlalchemy.orm import Session

    from lux.identity.access import Person
    from lux.kit.db import Database
    from lux.kit.jobs import Claim, JobKind, Schedule, Tick
    from lux.kit.jobs.run import OnError

ROOMS = (
    "home", "approvals", "diagnostics", "newsletter", "email", "segments", "contacts", "content",
    "integrations", "company", "notifications", "signin",
)  # fmt: skip


def _parts(part: str) -> Iterator[ModuleType]:
    for room in ROOMS:
        name = f"lux.rooms.{room}"
        if importlib.util.find_spec(name) and importlib.util.find_spec(f"{name}.{part}"):
            yield importlib.import_module(f"{name}.{part}")


def blueprints() -> list[Blueprint]:
    """Return every room's pages."""
    return [blueprint for module in _parts("pages") for blueprint in getattr(module, "blueprints", ())]


def job_kinds() -> list[JobKind]:
    """Return every kind of job."""
    from lux.gate import jobs as gate_jobs

    return [*gate_jobs.KINDS, *(kind for module in _parts("jobs") for kind in getattr(module, "KINDS", ()))]


def schedules() -> list[Schedule]:
    """Return what the clock starts."""
    from lux.gate import jobs as gate_jobs

    return [*gate_jobs.SCHEDULES, *(item for module in _parts("jobs") for item in getattr(module, "SCHEDULES", ()))]


def ticks() -> list[Tick]:
    """Return the short things the clock's leader does again and again."""
    from lux.gate import jobs as gate_jobs

    return [*gate_jobs.TICKS, *(item for module in _parts("jobs") for item in getattr(module, "TICKS", ()))]


def contributions() -> ports.Contributions:
    """Return what all rooms contribute."""
    merged = ports.Contributions()
    for module in _parts("contributions"):
        merged = merged.merged(getattr(module, "CONTRIBUTIONS", ports.Contributions()))
    return merged


def install() -> None:
    """Make the contributions and the kinds of jobs known to this process."""
    ports.install(contributions())
    kinds.install(job_kinds())


def shell_sources() -> ShellSources:
    """Return where the frame of the pages gets its figures."""
    from lux.gate import stop

    def unread(session: Session, person: Person) -> int:
        from lux.rooms.notifications import service

        return service.unread_count(session, person.user_id)

    return ShellSources(unread=unread, stop=stop.describe_active)


def error_recorder(db: Database, *, source: str) -> Callable[[BaseException], None]:
    """Return what writes an unexpected error into error_log."""

    def record(error: BaseException) -> None:
        from lux.rooms.diagnostics import service

        service.capture(db, error, source=source)

    return record


def job_error_recorder() -> OnError:
    """Return what writes a failed attempt of a job into error_log."""

    def record(db: Database, claim: Claim, error: Exception, is_final: bool) -> None:  # noqa: FBT001 - the engine's shape
        from lux.kit.jobs import RetryLater
        from lux.rooms.diagnostics import service

        cause = error.__cause__ if isinstance(error, RetryLater) and error.__cause__ else error
        service.capture(
            db, cause, source="job", company_id=claim.company_id, endpoint=claim.kind,
            severity="error" if is_final else "warning",
        )  # fmt: skip

    return record
