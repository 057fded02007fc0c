"""Choose sent campaigns and see them side by side, as a page and as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request

from lux.identity import companies
from lux.identity.access import Right
from lux.kit.errors import InvalidInput
from lux.rooms.email import comparing, report
from lux.rooms.email.pages.campaigns import email
from lux.ui import files, web
from lux.ui.access import access
from lux.ui.pages import page

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@email.get("/compare")
@access(Right.VIEW)
def compare() -> Response:
    """Show the choice, and what was chosen side by side."""
    chosen = request.args.getlist("c")
    context = _compared(chosen) if chosen else {"found": [], "problem": None}
    status = 422 if context["problem"] else 200
    offered = comparing.offered(web.session())
    return page("email/compare.html", status=status, offered=offered, chosen=chosen, **context)


@email.get("/compare.csv")
@access(Right.VIEW)
def compare_file() -> Response:
    """Hand out a comparison as a file."""
    found = comparing.compare(web.session(), request.args.getlist("c"))
    text = comparing.as_csv(found, companies.current(web.session()).timezone)
    return files.attachment("campaigns-compared.csv", text, "text/csv")


def _compared(chosen: list[str]) -> dict[str, Any]:
    try:
        found, problem = comparing.compare(web.session(), chosen), None
    except InvalidInput as error:
        found, problem = [], error
    return {"found": found, "problem": problem, "human_words": report.human_words()}
