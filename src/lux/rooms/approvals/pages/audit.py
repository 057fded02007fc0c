"""The company's audit chain, to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from lux.identity.access import Right
from lux.rooms.approvals import queries
from lux.rooms.approvals.pages.blueprint import approvals
from lux.ui.access import access
from lux.ui.pages import page
from lux.ui.paging import row_number
from lux.ui.web import company_id, session

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@approvals.get("/audit")
@access(Right.MANAGE)
def audit() -> Response:
    """Show the company's audit chain."""
    before = request.args.get("before", type=row_number)
    lines = queries.audit_lines(session(), company_id(), before=before, limit=queries.PAGE + 1)
    return page("approvals/audit.html", block="rows", lines=lines[: queries.PAGE], more=len(lines) > queries.PAGE)
