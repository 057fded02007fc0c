"""Jobs and health, as a company's pages and the operators' show them; they differ in scope and in how much is told."""

from __future__ import annotations

import platform
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import request

import lux
from lux.identity.access import Right
from lux.kit import clock, jobs
from lux.kit.db import measure
from lux.kit.errors import WrongState
from lux.kit.i18n import gettext as _
from lux.rooms.diagnostics import health, queries, storage_health, words
from lux.rooms.diagnostics.scope import EVERYTHING, Scope
from lux.ui import web
from lux.ui.pages import page, redirect_to, toast
from lux.ui.paging import row_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response

    from lux.ports.contributions import HealthFinding


@dataclass(frozen=True, kw_only=True)
class View:
    """Who looks: the blueprint that links lead to, and the scope."""

    base: str
    scope: Scope

    @property
    def is_operator(self) -> bool:
        """Say whether traces and other companies are shown."""
        return self.scope == EVERYTHING


def jobs_list(view: View) -> Response:
    """Show jobs in one tab; the list refreshes itself."""
    counts = queries.job_counts(web.session(), view.scope)
    tab = request.args.get("tab", "running")
    tab = tab if tab in queries.JOB_TABS else "running"
    rows = queries.jobs(web.session(), view.scope, tab, before=request.args.get("before", type=row_number))
    return page(
        "diagnostics/jobs.html",
        block="rows",
        view=view,
        tab=tab,
        job_tabs=queries.JOB_TABS,
        rows=rows,
        more=rows[-1].id if len(rows) == queries.PAGE else None,
        is_first="before" not in request.args,
        counts=counts,
        companies=queries.company_names(web.session(), [row.company_id for row in rows]),
        words=words,
        label_of=jobs.label_of,
        is_overdue=queries.is_overdue,
        may_act=view.is_operator or web.person().has(Right.EDIT),
    )


def job(view: View, public_id: uuid.UUID) -> Response:
    """Show one job; what changes while it runs refreshes itself."""
    found = queries.job(web.session(), view.scope, public_id)
    return page(
        "diagnostics/job.html",
        block="status",
        view=view,
        job=found,
        company=queries.company_names(web.session(), [found.company_id]).get(found.company_id or 0, ""),
        words=words,
        label=jobs.label_of(found.kind),
        is_overdue=queries.is_overdue(found),
        may_act=view.is_operator or web.person().has(Right.EDIT),
    )


def cancel_job(view: View, public_id: uuid.UUID) -> Response:
    """Cancel a job that waits or runs."""
    found = queries.job(web.session(), view.scope, public_id)
    try:
        is_ended = jobs.cancel(web.session(), found.id) is jobs.JobState.CANCELLED
        toast(_("Cancelled.") if is_ended else _("It is asked to stop and does so at its next step."))
    except WrongState as error:
        toast(error.message, "warn")
    return redirect_to(f"{view.base}.job", public_id=public_id)


def retry_job(view: View, public_id: uuid.UUID) -> Response:
    """Start a job again."""
    found = queries.job(web.session(), view.scope, public_id)
    try:
        jobs.retry(web.session(), found.id)
        toast(_("It stands in the queue again."))
    except WrongState as error:
        toast(error.message, "warn")
    return redirect_to(f"{view.base}.job", public_id=public_id)


def health_page(view: View, deep: Sequence[HealthFinding] = ()) -> Response:
    """Show what every room says of its health, and what a deeper look found."""
    session = web.session()
    found = health.findings(session, view.scope.company_id, on_error=web.runtime().on_error)
    return page(
        "diagnostics/health.html",
        view=view,
        findings=found,
        deep=deep,
        counts=[(level, sum(finding.level == level for finding in found)) for level in health.ORDER],
        versions=_versions() if view.is_operator else {},
        workers=queries.workers(session) if view.is_operator else (),
        leader=queries.leader(session) if view.is_operator else None,
        oldest_sign=clock.now() - health.SILENT,
    )


def look_deeper(view: View) -> Response:
    """Show the page again with what a deeper look finds."""
    checks = storage_health.DEEP
    found = health.findings(web.session(), None, on_error=web.runtime().on_error, checks=checks)
    return health_page(view, found)


def _versions() -> dict[str, str]:
    session = web.session()
    return {
        _("Version of LUX"): lux.__version__,
        _("Version of Python"): platform.python_version(),
        _("Database"): f"{web.database().dialect} {measure.server_version(session)}",
        _("Revision of the schema"): measure.revision(session),
        _("System"): f"{platform.system()} {platform.release()}",
    }
