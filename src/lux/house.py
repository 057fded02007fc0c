"""The one composition: every room's pages, jobs and contributions; the only file that knows all rooms."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lux.kit.jobs import kinds
from lux.ports import contributions as ports

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from flask import Blueprint
    from sqlalchemy.orm import Session

    from lux.identity.access import Person
    from lux.kit.db import Database
    from lux.kit.jobs import Claim, JobKind, Schedule, Tick
    from lux.kit.jobs.run import OnError
    from lux.kit.settings import Settings
    from lux.rooms.email.fast.loading import Loader
    from lux.ui.shell import ShellSources


def blueprints() -> list[Blueprint]:
    """Return every room's pages."""
    from lux.rooms.approvals import pages as approvals
    from lux.rooms.company import pages as company
    from lux.rooms.contacts import pages as contacts
    from lux.rooms.content import pages as content
    from lux.rooms.diagnostics import pages as diagnostics
    from lux.rooms.email import pages as email
    from lux.rooms.home import pages as home
    from lux.rooms.integrations import pages as integrations
    from lux.rooms.newsletter import pages as newsletter
    from lux.rooms.notifications import pages as notifications
    from lux.rooms.safekeeping import pages as safekeeping
    from lux.rooms.search import pages as search
    from lux.rooms.segments import pages as segments
    from lux.rooms.signin import pages as signin
    from lux.rooms.site import pages as site
    from lux.rooms.trash import pages as trash

    return [
        *home.blueprints, *approvals.blueprints, *diagnostics.blueprints, *safekeeping.blueprints,
        *newsletter.blueprints, *site.blueprints,
        *email.blueprints, *segments.blueprints, *contacts.blueprints, *content.blueprints, *integrations.blueprints,
        *company.blueprints, *notifications.blueprints, *search.blueprints, *trash.blueprints, *signin.blueprints,
    ]  # fmt: skip


def api_blueprints() -> list[Blueprint]:
    """Return every room's part of the API, and its document."""
    from lux.rooms.approvals import api as approvals
    from lux.rooms.contacts import api as contacts
    from lux.rooms.content import api as content
    from lux.rooms.diagnostics import api as diagnostics
    from lux.rooms.email import api as email
    from lux.rooms.integrations import api as integrations
    from lux.rooms.segments import api as segments
    from lux.rooms.site import api as site
    from lux.ui.api import pages

    return [
        *contacts.blueprints, *segments.blueprints, *email.blueprints, *site.blueprints, *content.blueprints,
        *approvals.blueprints, *diagnostics.blueprints, *integrations.blueprints, *pages.blueprints,
    ]  # fmt: skip


def job_kinds() -> list[JobKind]:
    """Return every kind of job."""
    from lux.gate import jobs as gate
    from lux.rooms.approvals import jobs as approvals
    from lux.rooms.company import jobs as company
    from lux.rooms.contacts import jobs as contacts
    from lux.rooms.content import jobs as content
    from lux.rooms.diagnostics import jobs as diagnostics
    from lux.rooms.integrations import jobs as integrations
    from lux.rooms.newsletter import jobs as newsletter
    from lux.rooms.notifications import jobs as notifications
    from lux.rooms.safekeeping import jobs as safekeeping
    from lux.rooms.segments import jobs as segments
    from lux.rooms.signin import jobs as signin
    from lux.rooms.site import jobs as site
    from lux.rooms.trash import jobs as trash

    return [
        *gate.KINDS, *approvals.KINDS, *company.KINDS, *contacts.KINDS, *content.KINDS, *diagnostics.KINDS,
        *integrations.KINDS, *newsletter.KINDS, *notifications.KINDS, *safekeeping.KINDS, *segments.KINDS,
        *signin.KINDS, *site.KINDS, *trash.KINDS,
    ]  # fmt: skip


def schedules() -> list[Schedule]:
    """Return what the clock starts."""
    from lux.gate import jobs as gate
    from lux.rooms.approvals import jobs as approvals
    from lux.rooms.company import jobs as company
    from lux.rooms.contacts import jobs as contacts
    from lux.rooms.diagnostics import jobs as diagnostics
    from lux.rooms.integrations import jobs as integrations
    from lux.rooms.newsletter import jobs as newsletter
    from lux.rooms.notifications import jobs as notifications
    from lux.rooms.safekeeping import jobs as safekeeping
    from lux.rooms.segments import jobs as segments
    from lux.rooms.signin import jobs as signin
    from lux.rooms.site import jobs as site
    from lux.rooms.trash import jobs as trash

    return [
        *gate.SCHEDULES, *approvals.SCHEDULES, *company.SCHEDULES, *contacts.SCHEDULES, *diagnostics.SCHEDULES,
        *integrations.SCHEDULES, *newsletter.SCHEDULES, *notifications.SCHEDULES, *safekeeping.SCHEDULES,
        *segments.SCHEDULES, *signin.SCHEDULES, *site.SCHEDULES, *trash.SCHEDULES,
    ]  # fmt: skip


def ticks() -> list[Tick]:
    """Return the short things the clock's leader does again and again."""
    from lux.gate import jobs as gate

    return [*gate.TICKS]


def in_front_of(
    pages: WSGIApplication, db: Database, settings: Settings, *, on_error: Callable[[BaseException], None]
) -> WSGIApplication:
    """Return what answers opens and clicks before a request reaches the pages, and begin to look after its spool."""
    from lux.rooms.email.fast import standing

    return standing.in_front_of(pages, db, settings, on_error=on_error)


def loader(db: Database, settings: Settings) -> Loader:
    """Return what loads opens and clicks from the spool of this machine."""
    from lux.rooms.email.fast.loading import loader_for

    return loader_for(db, settings, on_error=error_recorder(db, source="job"))


def contributions() -> ports.Contributions:
    """Return what all rooms contribute, from the top of the house down."""
    from lux.rooms.approvals.contributions import CONTRIBUTIONS as APPROVALS
    from lux.rooms.company.contributions import CONTRIBUTIONS as COMPANY
    from lux.rooms.contacts.contributions import CONTRIBUTIONS as CONTACTS
    from lux.rooms.content.contributions import CONTRIBUTIONS as CONTENT
    from lux.rooms.diagnostics.contributions import CONTRIBUTIONS as DIAGNOSTICS
    from lux.rooms.email.contributions import CONTRIBUTIONS as EMAIL
    from lux.rooms.home.contributions import CONTRIBUTIONS as HOME
    from lux.rooms.integrations.contributions import CONTRIBUTIONS as INTEGRATIONS
    from lux.rooms.newsletter.contributions import CONTRIBUTIONS as NEWSLETTER
    from lux.rooms.notifications.contributions import CONTRIBUTIONS as NOTIFICATIONS
    from lux.rooms.safekeeping.contributions import CONTRIBUTIONS as SAFEKEEPING
    from lux.rooms.segments.contributions import CONTRIBUTIONS as SEGMENTS
    from lux.rooms.site.contributions import CONTRIBUTIONS as SITE
    from lux.rooms.trash.contributions import CONTRIBUTIONS as TRASH

    merged = ports.Contributions()
    for one in (
        HOME, APPROVALS, DIAGNOSTICS, SAFEKEEPING, NEWSLETTER, SITE, EMAIL, SEGMENTS, CONTACTS, CONTENT, INTEGRATIONS,
        COMPANY, NOTIFICATIONS, TRASH,
    ):  # fmt: skip
        merged = merged.merged(one)
    return merged


def install() -> None:
    """Make the contributions and the kinds of jobs known to this process."""
    ports.install(contributions())
    kinds.install(job_kinds())


def shell_sources() -> ShellSources:
    """Return where the frame of the pages gets its figures."""
    from lux.gate import stop
    from lux.ui.shell import ShellSources

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
        if is_final:
            service.tell_failed(db, claim)

    return record


def tick_error_recorder(db: Database) -> Callable[[str, BaseException], None]:
    """Return what writes a failed tick of the clock into error_log."""

    def record(name: str, error: BaseException) -> None:
        from lux.rooms.diagnostics import service

        service.capture(db, error, source="clock", endpoint=name, severity="warning")

    return record
