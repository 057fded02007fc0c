"""The operators' view of the whole installation: all companies' errors with traces, all jobs, all health."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from flask import Blueprint

from lux.identity.access import Right
from lux.rooms.diagnostics.pages import groups, shown
from lux.rooms.diagnostics.pages.shown import View
from lux.rooms.diagnostics.scope import EVERYTHING
from lux.ui.access import access
from lux.ui.forms import shows_again

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

operate = Blueprint("operate", __name__, template_folder="../templates", url_prefix="/operate")


def _view() -> View:
    return View(base="operate", scope=EVERYTHING)


@operate.get("/errors")
@access(Right.OPERATE)
def errors() -> Response:
    """Show groups of errors."""
    return groups.errors(_view())


@operate.get("/errors/<uuid:public_id>")
@access(Right.OPERATE)
def error(public_id: uuid.UUID) -> Response:
    """Show one group of errors."""
    return groups.error(_view(), public_id)


@operate.post("/errors/<uuid:public_id>")
@access(Right.OPERATE)
@shows_again(error)
def decide(public_id: uuid.UUID) -> Response:
    """Resolve, ignore or reopen a group of errors."""
    return groups.decide(_view(), public_id)


@operate.post("/errors")
@access(Right.OPERATE)
@shows_again(errors)
def decide_many() -> Response:
    """Resolve, ignore or reopen several groups of errors."""
    return groups.decide_many(_view())


@operate.get("/jobs")
@access(Right.OPERATE)
def jobs() -> Response:
    """Show background work."""
    return shown.jobs_list(_view())


@operate.get("/jobs/<uuid:public_id>")
@access(Right.OPERATE)
def job(public_id: uuid.UUID) -> Response:
    """Show one job."""
    return shown.job(_view(), public_id)


@operate.post("/jobs/<uuid:public_id>/cancel")
@access(Right.OPERATE)
def cancel_job(public_id: uuid.UUID) -> Response:
    """Cancel a job."""
    return shown.cancel_job(_view(), public_id)


@operate.post("/jobs/<uuid:public_id>/retry")
@access(Right.OPERATE)
def retry_job(public_id: uuid.UUID) -> Response:
    """Start a job again."""
    return shown.retry_job(_view(), public_id)


@operate.get("/health")
@access(Right.OPERATE)
def health() -> Response:
    """Show the state of the house."""
    return shown.health_page(_view())


@operate.post("/health")
@access(Right.OPERATE)
def look_deeper() -> Response:
    """Try what takes longer or writes: the database, the file store."""
    return shown.look_deeper(_view())
