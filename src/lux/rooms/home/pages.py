"""The dashboard's page: in order, what waits, what is broken, what leaves today, how it went, where to go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, render_template
from markupsafe import Markup

from lux.identity import companies
from lux.identity.access import Right
from lux.rooms.company import service as company
from lux.rooms.home import board
from lux.ui import pages as ui
from lux.ui import web
from lux.ui.access import access

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from lux.ports.contributions import Tile

home = Blueprint("home", __name__, template_folder="templates")
blueprints = (home,)


@home.get("/")
@access(Right.VIEW, needs_company=False)
def index() -> Response:
    """Show the dashboard; somebody without a company is told how to get into one."""
    person = web.person()
    if person.company_id is None or person.role is None:
        return ui.page("home/nowhere.html")
    session, on_error = web.session(), web.runtime().on_error
    path = board.setup_path(session, person.company_id, on_error=on_error)
    if company.is_setup_dismissed(session, person.user_id, companies.current(session)):
        path = board.SetupPath(steps=())
    found = board.sections(session, person.company_id, person.role.value, draw=_draw, on_error=on_error)
    return ui.page("home/index.html", path=path, rows=board.in_rows(found))


def _draw(tile: Tile) -> Markup:
    tile = board.framed(tile)
    has_body = tile.state in board.BODY_STATES
    return Markup(render_template("home/tile.html", tile=tile, has_body=has_body, **tile.context))  # noqa: S704 - Jinja escaped it
