"""What a company's pages and the operators' have in common; they differ in scope and in how much is told."""

from __future__ import annotations

import platform
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from flask import request

import lux
from lux.identity.access import Right
from lux.kit import jobs
from lux.kit.errors import WrongState
from lux.kit.i18n import gettext as _
from lux.rooms.diagnostics import health, queries, service, words
from lux.rooms.diagnostics.forms import DecideForm
from lux.rooms.diagnostics.models import GroupState
from lux.rooms.diagnostics.scope import EVERYTHING, Scope
from lux.ui import web
from lux.ui.forms import form_state, read_form
from lux.ui.pages import page, redirect_to, toast
from lux.ui.paging import as_moment, as_row_number, decode_cursor, encode_cursor, row_number

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@dataclass(frozen=True, kw_only=True)
class View:
    """Who looks: the blueprint that links lead to, and the scope."""

    base: str
    scope: Scope

    @property
    def is_operator(self) -> bool:
        """Say whether traces and other companies are shown."""
        return self.scope == EVERYTHING


def errors(view: View) -> Response:
    """Show groups of errors in one state."""
    state = _state(request.args.get("state", "open"))
    rows = queries.groups(web.session(), view.scope, state, before=_before())
    more = encode_cursor(rows[-1].last_seen_at.isoformat(), rows[-1].id) if len(rows) == queries.PAGE else None
    return page(
        "diagnostics/errors.html",
        block="rows",
        view=view,
        state=state,
        states=list(GroupState),
        rows=rows,
        more=more,
        is_first="cursor" not in request.args,
        counts=queries.group_counts(web.session(), view.scope),
        companies=queries.company_names(web.session(), [row.company_id for row in rows]),
        words=words,
    )


def error(view: View, public_id: uuid.UUID) -> Response:
    """Show one group with its latest occurrences."""
    found = queries.group(web.session(), view.scope, public_id)
    return page(
        "diagnostics/error.html",
        view=view,
        group=found,
        plain=words.of_group(found),
        occurrences=queries.occurrences(web.session(), view.scope, found.id),
        company=queries.company_names(web.session(), [found.company_id]).get(found.company_id or 0, ""),
        decided_by=queries.user_name(web.session(), found.decided_by),
        form=form_state({"note": found.note}),
        words=words,
    )


def decide(view: View, public_id: uuid.UUID) -> Response:
    """Resolve, ignore or reopen a group."""
    form = read_form(DecideForm)
    state = GroupState(form.state)
    service.decide(web.session(), view.scope, public_id, state=state, by=web.person().user_id, note=form.note)
    toast(
        {
            GroupState.RESOLVED: _("Marked as resolved. If it comes back, it opens again."),
            GroupState.IGNORED: _("It is ignored from now on."),
            GroupState.OPEN: _("It is open again."),
        }[state]
    )
    return redirect_to(f"{view.base}.error", public_id=public_id)


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


def health_page(view: View) -> Response:
    """Show what every room says of its health."""
    session = web.session()
    found = health.findings(session, view.scope.company_id, on_error=web.runtime().on_error)
    versions = {
        _("Version of LUX"): lux.__version__,
        _("Version of Python"): platform.python_version(),
        _("Database"): web.database().dialect,
    }
    return page(
        "diagnostics/health.html",
        view=view,
        findings=found,
        versions=versions if view.is_operator else {},
        workers=queries.workers(session) if view.is_operator else (),
        leader=queries.leader(session) if view.is_operator else None,
    )


def _state(name: str) -> GroupState:
    try:
        return GroupState(name)
    except ValueError:
        return GroupState.OPEN


def _before() -> tuple[datetime, int] | None:
    cursor = request.args.get("cursor")
    if not cursor:
        return None
    moment, number = decode_cursor(cursor, 2)
    return as_moment(moment), as_row_number(number)
