"""Answer with a page, a fragment of it, a redirect or a toast; htmx and plain browsers alike."""

from __future__ import annotations

import json

from flask import flash, make_response, redirect, render_template, request, url_for
from jinja2_fragments.flask import render_block
from werkzeug.wrappers import Response

HTMX = "HX-Request"


def is_fragment() -> bool:
    """Say whether htmx asks for a part of a page (a boosted or history request wants the whole)."""
    return (
        request.headers.get(HTMX) == "true"
        and request.headers.get("HX-Boosted") != "true"
        and request.headers.get("HX-History-Restore-Request") != "true"
    )


def page(template: str, *, block: str | None = None, status: int = 200, **context: object) -> Response:
    """Render a template, or only one block of it when htmx asks for that part."""
    is_part = block is not None and is_fragment()
    body = render_block(template, str(block), **context) if is_part else render_template(template, **context)
    response = make_response(body, status)
    response.headers["Vary"] = HTMX
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def redirect_to(endpoint: str, **values: object) -> Response:
    """Go to another page after a form (303; htmx navigates)."""
    target = url_for(endpoint, **values)  # type: ignore[arg-type]
    if is_fragment():
        response = make_response("", 204)
        response.headers["HX-Redirect"] = target
        return response
    return redirect(target, 303)


def local_path(target: str | None, fallback: str) -> str:
    """Return `target` when it is a path of this site, else the fallback: never an open redirect."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")) and "\\" not in target:
        return target
    return fallback


def toast(message: str, level: str = "ok") -> None:
    """Tell the person something on the next page they see; level ok | info | warn | bad."""
    flash(message, level)


def trigger_toast(response: Response, message: str, level: str = "ok") -> Response:
    """Tell the person something with this very fragment."""
    response.headers["HX-Trigger"] = json.dumps({"lux:toast": {"message": message, "level": level}})
    return response
