"""The document of the API, for programs and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, jsonify
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
    return jsonify(_document())


@docs.get("/docs")
@public(WHY)
def read() -> Response:
    """Show the document to people."""
    return page("ui/api.html", document=_document(), groups=_groups(), kind=kind, prose=prose)


def _document() -> dict[str, Any]:
    found = current_app.extensions.get("lux_api_document")
    if found is None:
        base = web.settings().base_url
        found = current_app.extensions["lux_api_document"] = document(list(operations_of(current_app)), base)
    return dict(found)


def _groups() -> list[tuple[str, list[dict[str, Any]]]]:
    """Return (tag, operations with method and path) in the order of the document."""
    found: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in _document()["tags"]}
    for path, methods in _document()["paths"].items():
        for method, one in methods.items():
            found[one["tags"][0]].append({"method": method.upper(), "path": PREFIX + path, **one, **_bodies(one)})
    return list(found.items())


def _bodies(one: dict[str, Any]) -> dict[str, Any]:
    """Return the names of what goes in and what comes out."""
    sent = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    got = next(response for status, response in one["responses"].items() if status.startswith("2"))
    answer = got["content"].get("application/json", {}).get("schema", {})
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
