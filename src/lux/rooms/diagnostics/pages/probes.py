"""Two addresses for machines: is the process alive, and can it do its work."""

from __future__ import annotations

from flask import Blueprint, jsonify
from werkzeug.wrappers import Response

from lux.kit.db import ALL_COMPANIES
from lux.rooms.diagnostics import health
from lux.ui import web
from lux.ui.access import public

probes = Blueprint("probes", __name__)


@probes.get("/healthz")
@public("a probe of the process supervisor; says nothing but that the process answers")
def healthz() -> Response:
    """Say that the process answers; touches nothing else."""
    return _uncached(jsonify(status="ok"))


@probes.get("/readyz")
@public("a probe of the load balancer; names parts and how they are, nothing else")
def readyz() -> Response:
    """Say how database, queue, workers, clock and disk are; 503 when one that is needed is not there."""
    levels = _levels()
    is_ready = all(levels[key] in {"ok", "warn"} for key in health.NEEDED)
    response = _uncached(jsonify(status="ready" if is_ready else "not_ready", checks=levels))
    response.status_code = 200 if is_ready else 503
    return response


def _levels() -> dict[str, str]:
    with web.database().read(ALL_COMPANIES) as session:
        found = health.findings(session, None, on_error=lambda _error: None, checks=health.READINESS)
    return {check.key: health.worst([one for one in found if one.key == check.key]) for check in health.READINESS}


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
