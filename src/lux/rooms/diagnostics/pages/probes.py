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
@public("a probe of the load balancer; names parts and whether they work, nothing else")
def readyz() -> Response:
    """Say whether database, workers, clock and disk are there; 503 when one is not."""
    levels = _levels()
    is_ready = "bad" not in levels.values() and "unknown" not in levels.values()
    response = _uncached(jsonify(status="ready" if is_ready else "not_ready", checks=levels))
    response.status_code = 200 if is_ready else 503
    return response


def _levels() -> dict[str, str]:
    levels = {check.key: "unknown" for check in health.READINESS}
    with web.database().read(ALL_COMPANIES) as session:
        found = health.findings(session, None, on_error=lambda _error: None, checks=health.READINESS)
    return levels | {finding.key: finding.level for finding in found}


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
