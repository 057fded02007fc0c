"""Looks at the house: database, workers, clock, disk, late and failed work, and what other rooms contribute."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from babel import dates

from lux.kit import clock
from lux.kit.db.session import settings_of
from lux.kit.i18n import babel_locale, ngettext
from lux.kit.i18n import gettext as _
from lux.ports.contributions import HealthCheck, HealthFinding, installed
from lux.rooms.diagnostics import queries
from lux.rooms.diagnostics.engine_health import how_to_start_a_worker, how_to_start_the_clock
from lux.rooms.diagnostics.scope import Scope
from lux.rooms.diagnostics.storage_health import DatabaseHealth

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SILENT: Final = timedelta(seconds=20)  # a sign of life comes every five seconds, the clock's every three
STUCK: Final = timedelta(minutes=15)  # due this long and not taken: nobody gets to it
LEAST_DISK: Final = 200 * 1024**2  # bytes
SCARCE_DISK: Final = 1024**3  # bytes


class WorkersHealth:
    """Somebody carries out background work."""

    key = "workers"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:
        """Look when workers were last heard of."""
        if company_id is not None:
            return ()
        oldest = clock.now() - SILENT
        count = sum(worker.seen_at >= oldest for worker in queries.workers(session))
        if count:
            message = ngettext("One worker is at work.", "%(num)s workers are at work.", count)
            return (HealthFinding(key=self.key, level="ok", message=message),)
        message = _("No worker is at work: imports, sending and everything else in the background waits.")
        return (HealthFinding(key=self.key, level="bad", message=message, fix=how_to_start_a_worker(session)),)


class QueueHealth:
    """Work that is due is taken soon."""

    key = "queue"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:
        """Look how much waits, and since when."""
        if company_id is not None:
            return ()
        count, oldest = queries.waiting(session)
        if oldest is None:
            return (HealthFinding(key=self.key, level="ok", message=_("Nothing waits in the queue.")),)
        age = clock.now() - oldest
        message = ngettext(
            "One job waits in the queue, for %(long)s.", "%(num)s jobs wait in the queue, the first for %(long)s.",
            count, long=dates.format_timedelta(age, threshold=1.5, locale=babel_locale()),
        )  # fmt: skip
        if age < queries.OVERDUE:
            return (HealthFinding(key=self.key, level="ok", message=message),)
        fix = _(
            "See whether a worker is at work. If all are busy, start one more (`lux worker`) or raise LUX_JOB_THREADS."
        )
        level = "warn" if age < STUCK else "bad"
        return (HealthFinding(key=self.key, level=level, message=message, fix=fix, url="/operate/jobs?tab=overdue"),)


class ClockHealth:
    """Somebody looks at the clock."""

    key = "clock"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:
        """Look when the leader last renewed its lease."""
        if company_id is not None:
            return ()
        leader = queries.leader(session)
        if leader is not None and leader.renewed_at >= clock.now() - SILENT:
            message = _("The clock ticks; its leader is %(name)s.", name=leader.holder)
            return (HealthFinding(key=self.key, level="ok", message=message),)
        message = _("The clock stands still: nothing starts by its schedule.")
        return (HealthFinding(key=self.key, level="bad", message=message, fix=how_to_start_the_clock(session)),)


class DiskHealth:
    """There is room for what LUX writes."""

    key = "disk"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:
        """Look at the disk that holds the home folder."""
        if company_id is not None:
            return ()
        free = free_bytes(settings_of(session).home)
        size = _("%(size)s GB", size=f"{free / 1024**3:.1f}")
        if free >= SCARCE_DISK:
            return (HealthFinding(key=self.key, level="ok", message=_("%(size)s are free on the disk.", size=size)),)
        level = "warn" if free >= LEAST_DISK else "bad"
        message = _("Only %(size)s are free on the disk.", size=size)
        fix = _("Make room, or move LUX_HOME. Below 1 GB it is time to look, below 200 MB LUX counts as not ready.")
        return (HealthFinding(key=self.key, level=level, message=message, fix=fix),)


class JobsHealth:
    """Background work gets done."""

    key = "jobs"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:
        """Count what is late and what has failed."""
        counts = queries.job_counts(session, Scope(company_id))
        base = "/operate/jobs" if company_id is None else "/diagnostics/jobs"
        found: list[HealthFinding] = []
        if counts["overdue"]:
            message = ngettext("One job is late.", "%(num)s jobs are late.", counts["overdue"])
            fix = _("If it lasts, see whether a worker is at work.")
            found.append(HealthFinding(key=self.key, level="warn", message=message, fix=fix, url=f"{base}?tab=overdue"))
        if counts["failed"]:
            message = ngettext("One job has failed.", "%(num)s jobs have failed.", counts["failed"])
            fix = _("Look at them; start again what is still wanted.")
            found.append(HealthFinding(key=self.key, level="warn", message=message, fix=fix, url=f"{base}?tab=failed"))
        return found or (HealthFinding(key=self.key, level="ok", message=_("No job is late, none has failed.")),)


READINESS: Final[tuple[HealthCheck, ...]] = (
    DatabaseHealth(), QueueHealth(), WorkersHealth(), ClockHealth(), DiskHealth(),
)  # fmt: skip
# Without these nothing gets done. A long queue is work, and sending people away from the pages would not shorten it.
NEEDED: Final = frozenset({"database", "workers", "clock", "disk"})
ORDER: Final = ("bad", "warn", "unknown", "ok")


def findings(
    session: Session,
    company_id: int | None,
    *,
    on_error: Callable[[BaseException], None],
    checks: Sequence[HealthCheck] | None = None,
) -> list[HealthFinding]:
    """Return what all checks find, the worst first; a check that fails itself is unknown, and recorded."""
    found: list[HealthFinding] = []
    for check in installed().health if checks is None else checks:
        try:
            found.extend(check.check(session, company_id))
        except Exception as error:  # noqa: BLE001 - recorded and shown as unknown; the other checks go on
            session.rollback()
            on_error(error)
            message = _("This could not be looked at (%(key)s).", key=check.key)
            fix = _("The error has been recorded; it stands under Errors. Look again in a moment.")
            found.append(HealthFinding(key=check.key, level="unknown", message=message, fix=fix))
    return sorted(found, key=lambda finding: ORDER.index(finding.level))


def worst(found: Sequence[HealthFinding]) -> str:
    """Return the worst level among findings; without any it is not known how things are."""
    return min((finding.level for finding in found), key=ORDER.index, default="unknown")


def free_bytes(folder: Path) -> int:
    """Return how many bytes are free where a folder is, or will be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free
