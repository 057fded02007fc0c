"""The document of the API, for programs and for people."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, make_response
from markupsafe import Markup, escape

from lux.kit.i18n import gettext as _
from lux.ui import web
from lux.ui.access import public
from lux.ui.api.document import document
from lux.ui.api.operations import PREFIX, operations_of
from lux.ui.pages import page

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

docs = Blueprint("api_docs", __name__, url_prefix=PREFIX)
blueprints = (docs,)
WHY = "It says what the API can do and holds no company's data."


@docs.get("/openapi.json")
@public(WHY)
def openapi() -> Response:
    """Send the OpenAPI 3.1 document."""
    response = make_response(_text())
    response.mimetype = "application/json"
    return response


@docs.get("/docs")
@public(WHY)
def read() -> Response:
    """Show the document to people."""
    found = json.loads(_text())
    return page("ui/api.html", document=found, groups=_groups(found), kind=kind, prose=prose)


def _text() -> bytes:
    """Return the document as JSON; it is made when somebody first asks, and kept packed: a tenth of its size."""
    packed: bytes | None = current_app.extensions.get("lux_api_document")
    if packed is None:
        made = document(list(operations_of(current_app)), web.settings().base_url)
        packed = zlib.compress(json.dumps(made, separators=(",", ":")).encode())
        current_app.extensions["lux_api_document"] = packed
    return zlib.decompress(packed)


def _groups(whole: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return (tag, operations with method and path) in the order of the document."""
    found: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in whole["tags"]}
    for path, methods in whole["paths"].items():
        for method, one in methods.items():
            found[one["tags"][0]].append({"method": method.upper(), "path": PREFIX + path, **one, **_bodies(one)})
    return list(found.items())


def _bodies(one: dict[str, Any]) -> dict[str, Any]:
    """Return the names of what goes in and what comes out."""
    content: dict[str, Any] = one.get("requestBody", {}).get("content", {})
    sent: dict[str, Any] = next((kind["schema"] for kind in content.values()), {})
    got = next(response for status, response in one["responses"].items() if status.startswith("2"))
    answer = got.get("content", {}).get("application/json", {}).get("schema", {})
    return {"sent": _name(sent), "got": _name(answer)}


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def kind(schema: dict[str, Any]) -> str:
    """Return what a field holds in a few words: "text", "whole number or null", "list of ContactOut"."""
    if "$ref" in schema:
        return _name(schema)
    if "anyOf" in schema:
        return _(" or ").join(dict.fromkeys(kind(one) for one in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return " · ".join(str(value) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return _("list of %(what)s", what=kind(schema.get("items", {})))
    words = {"string": _("text"), "integer": _("whole number"), "number": _("number"), "boolean": _("yes or no"),
             "null": "null", "object": _("object")}  # fmt: skip
    formats = {"date-time": _("time (RFC 3339)"), "uuid": _("id (UUID)"), "date": _("day")}
    return formats.get(schema.get("format", "")) or words.get(schema.get("type", ""), _("anything"))


def prose(text: str) -> Markup:
    """Return a text of the document with what stands between backticks as code."""
    parts = enumerate(text.split("`"))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if index % 2 else escape(part) for index, part in parts
    )
