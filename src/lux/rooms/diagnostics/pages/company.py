"""A company's own errors, jobs and health."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from flask import Blueprint

from lux.identity.access import Right
from lux.rooms.diagnostics.pages import groups, shown
from lux.rooms.diagnostics.pages.shown import View
from lux.rooms.diagnostics.scope import Scope
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import shows_again

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

diagnostics = Blueprint("diagnostics", __name__, template_folder="../templates", url_prefix="/diagnostics")


def _view() -> View:
    return View(base="diagnostics", scope=Scope(web.company_id()))


@diagnostics.get("/errors")
@access(Right.MANAGE)
def errors() -> Response:
    """Show groups of errors."""
    return groups.errors(_view())


@diagnostics.get("/errors/<uuid:public_id>")
@access(Right.MANAGE)
def error(public_id: uuid.UUID) -> Response:
    """Show one group of errors."""
    return groups.error(_view(), public_id)


@diagnostics.post("/errors/<uuid:public_id>")
@access(Right.MANAGE)
@shows_again(error)
def decide(public_id: uuid.UUID) -> Response:
    """Resolve, ignore or reopen a group of errors."""
    return groups.decide(_view(), public_id)


@diagnostics.post("/errors")
@access(Right.MANAGE)
@shows_again(errors)
def decide_many() -> Response:
    """Resolve, ignore or reopen several groups of errors."""
    return groups.decide_many(_view())


@diagnostics.get("/jobs")
@access(Right.VIEW)
def jobs() -> Response:
    """Show background work."""
    return shown.jobs_list(_view())


@diagnostics.get("/jobs/<uuid:public_id>")
@access(Right.VIEW)
def job(public_id: uuid.UUID) -> Response:
    """Show one job."""
    return shown.job(_view(), public_id)


@diagnostics.post("/jobs/<uuid:public_id>/cancel")
@access(Right.EDIT)
def cancel_job(public_id: uuid.UUID) -> Response:
    """Cancel a job."""
    return shown.cancel_job(_view(), public_id)


@diagnostics.post("/jobs/<uuid:public_id>/retry")
@access(Right.EDIT)
def retry_job(public_id: uuid.UUID) -> Response:
    """Start a job again."""
    return shown.retry_job(_view(), public_id)


@diagnostics.get("/health")
@access(Right.MANAGE)
def health() -> Response:
    """Show the state of the house."""
    return shown.health_page(_view())
