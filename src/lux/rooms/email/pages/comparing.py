"""Choose sent campaigns and see them side by side, as a page and as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import make_response, request

from lux.identity import companies
from lux.identity.access import Right
from lux.kit.errors import InvalidInput
from lux.rooms.email import comparing, report
from lux.rooms.email.pages.campaigns import email
from lux.ui import web
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
    answer = make_response(comparing.as_csv(found, companies.current(web.session()).timezone))
    answer.headers["Content-Type"] = "text/csv; charset=utf-8"
    answer.headers["Content-Disposition"] = 'attachment; filename="campaigns-compared.csv"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _compared(chosen: list[str]) -> dict[str, Any]:
    try:
        found, problem = comparing.compare(web.session(), chosen), None
    except InvalidInput as error:
        found, problem = [], error
    return {"found": found, "problem": problem, "human_words": report.human_words()}
