"""Website: visits, visitors, pages, where they come from, forms and conversions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from lux.identity.access import Right
from lux.rooms.site.pages import shown
from lux.rooms.site.pages.room import site
from lux.rooms.site.service import figures
from lux.ui import lists, web
from lux.ui.access import access
from lux.ui.pages import page

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@site.get("/")
@access(Right.VIEW)
def index() -> Response:
    """Show the figures of a period, or that there are none and how to get them."""
    days = shown.period(request.args.get("days", ""))
    found = lists.load("site-pages", lambda: figures.figures(web.session(), days), None)
    has_any = found is None or figures.has_any(web.session())
    context = shown.figures_context(found, days)
    return page("site/index.html", found=found, has_any=has_any, can_manage=_can_manage(), **context)


def _can_manage() -> bool:
    return web.person().has(Right.MANAGE)
