"""The set-up path: from the first sign-in to the first sent mail, each step looked at when the page is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from lux.identity import companies
from lux.identity.access import Right
from lux.ports.contributions import installed
from lux.rooms.company import service
from lux.rooms.company.pages.blueprint import company
from lux.ui import web
from lux.ui.access import access
from lux.ui.pages import page, redirect_to

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@company.get("/setup")
@access(Right.VIEW)
def setup() -> Response:
    """Show the steps and how far they are."""
    session, row = web.session(), companies.current(web.session())
    steps = sorted(
        (provider.step(session, row.id) for provider in installed().setup_steps), key=lambda step: step.order
    )
    hidden = service.is_setup_dismissed(session, web.person().user_id, row)
    return page("company/setup.html", steps=steps, done=sum(step.is_done for step in steps), is_hidden=hidden)


@company.post("/setup/hide")
@access(Right.VIEW)
def hide_setup() -> Response:
    """Hide the path from one's dashboard, or show it there again."""
    row = companies.current(web.session())
    is_dismissed = request.form.get("show") is None
    service.dismiss_setup(web.session(), web.person(), row, is_dismissed=is_dismissed)
    return redirect_to("home.index" if is_dismissed else "company.setup")
