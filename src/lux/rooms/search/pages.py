"""The palette's answers, and the page of results for everybody else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, current_app, jsonify, request, url_for

from lux.identity.access import Right
from lux.rooms.search import service
from lux.rooms.search.service import Group
from lux.ui import lists, web
from lux.ui.access import access
from lux.ui.pages import page

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session
    from werkzeug.wrappers import Response

    from lux.identity.access import Person
    from lux.ports.finding import SearchHit, SearchProvider

search = Blueprint("search", __name__, template_folder="templates", url_prefix="/search")
blueprints = (search,)

IN_PALETTE: Final = 5  # hits of a room
ON_PAGE: Final = 20
SECONDS: Final = 1.5  # after that no further room is asked


@search.get("")
@access(Right.VIEW)
def index() -> Response:
    """Show everything that begins like the text."""
    text = service.cleaned(request.args.get("q", ""))
    groups = found(text, ON_PAGE)
    return page("search/index.html", q=text, groups=groups, least=service.LEAST, most=ON_PAGE)


@search.get("/suggest")
@access(Right.VIEW)
def suggest() -> Response:
    """Answer the palette."""
    text = service.cleaned(request.args.get("q", ""))
    groups = found(text, IN_PALETTE)
    shown = [{"label": one.heading, "items": [_item(one, hit) for hit in one.hits]} for one in groups if one.hits]
    absent = [one.heading for one in groups if one.is_missing]
    answer = jsonify({"groups": shown, "missing": absent, "all": url_for("search.index", q=text)})
    answer.headers["Cache-Control"] = "no-store"
    return answer


def found(text: str, limit: int) -> list[Group]:
    """Ask every room this person may see, within the time; if nothing is called so, for what is nearly called so."""
    if len(text) < service.LEAST:
        return []
    until = time.monotonic() + SECONDS
    groups = _ask_all(service.ask, text, limit, until)
    if any(one.hits for one in groups):
        return groups
    failed = {one.key for one in groups if one.is_missing}
    nearly = _ask_all(service.ask_nearly, text, limit, until, but=failed)
    return [one for one in groups if one.is_missing] + [one for one in nearly if one.hits]


def _ask_all(
    ask: Callable[[Session, Person, SearchProvider, str, int], Group],
    text: str,
    limit: int,
    until: float,
    but: set[str] = frozenset(),  # type: ignore[assignment]
) -> list[Group]:
    groups = []
    for provider in service.providers_for(web.person()):
        if provider.key in but:
            continue
        absent = service.missing(provider)
        if time.monotonic() > until:
            groups.append(absent)
            continue
        # a room whose query fails leaves the others standing; the error is recorded
        groups.append(
            lists.load(
                f"found-{provider.key}",
                lambda one=provider: ask(web.session(), web.person(), one, text, limit),  # type: ignore[misc]
                absent,
            )
        )
    return groups


def _item(group: Group, hit: SearchHit) -> dict[str, Any]:
    item = {"label": hit.label, "url": hit.url, "icon": hit.icon or group.icon, "detail": hit.detail, "kind": hit.kind}
    if hit.state:
        looks = current_app.jinja_env.get_template("ui/macros/status.html").module.LOOKS  # type: ignore[attr-defined]
        hue, icon = looks.get(hit.state, ("", "circle"))
        item["state"] = {"label": hit.state_label, "hue": hue, "icon": icon}  # type: ignore[assignment]
    return item
