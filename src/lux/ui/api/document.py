"""The OpenAPI 3.1 document, made from the declared operations and their models."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from lux import __version__
from lux.kit.idempotency import HEADER, MAX_KEY
from lux.ui.api.operations import PREFIX, Operation
from lux.ui.api.reading import MULTIPART
from lux.ui.api.shapes import Output

_ARGUMENT: Final = re.compile(r"<(?:(\w+):)?(\w+)>")
_REF: Final = "#/components/schemas/{model}"
_REFUSALS: Final = {
    400: "The body is not JSON.",
    401: "No key, or one that is not valid.",
    403: "The key lacks the scope.",
    404: "There is no such record in the key's company.",
    409: "The record has changed, is in another state, or the same request is being worked on.",
    412: "The record's ETag is another one.",
    413: "The body is too large.",
    415: "The body is of another media type.",
    422: "Some fields can't be used; `errors` names them.",
    429: "Too many calls; Retry-After says when to go on.",
}
INTRODUCTION: Final = """Every call carries a key of the company: `Authorization: Bearer <key>`. People make keys under
Settings → API keys, each with the scopes it needs. No key can approve, resume, switch or read a secret: that takes a
person who is signed in."""


class ProblemField(Output):
    """One field and what is wrong with it."""

    field: str
    message: str
    fix: str


class Problem(Output):
    """Why a call was refused (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    errors: list[ProblemField]


def document(operations: Sequence[Operation], server: str) -> dict[str, Any]:
    """Return the document of these operations."""
    known = _schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(address(one), {})[one.method.lower()] = _operation(one, known)
    return {
        "openapi": "3.1.0",
        "info": {"title": "LUX", "version": __version__, "description": " ".join(INTRODUCTION.split())},
        "servers": [{"url": server + PREFIX}],
        "security": [{"key": []}],
        "tags": [{"name": name} for name in dict.fromkeys(one.tag for one in operations)],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "A key of the company."}},
            "schemas": known,
        },
    }


def address(one: Operation) -> str:
    """Return an operation's path as OpenAPI writes it: /contacts/{id}."""
    return _ARGUMENT.sub(lambda found: "{" + _shown_name(found[2]) + "}", one.path)


def _schemas(operations: Sequence[Operation]) -> dict[str, Any]:
    sent = {one.body for one in operations if one.body} | {one.query for one in operations if one.query}
    got = {one.answer for one in operations if one.answer} | {Problem}
    wanted: list[tuple[type[BaseModel], Any]] = [(model, "validation") for model in sent]
    wanted += [(model, "serialization") for model in got]
    wanted.sort(key=lambda pair: pair[0].__name__)
    found: dict[str, Any] = models_json_schema(wanted, ref_template=_REF)[1]["$defs"]
    for one in operations:
        if one.file is not None and one.body is not None:
            _add_file(found[one.body.__name__], one.file)
    return found


def _add_file(schema: dict[str, Any], name: str) -> None:
    """Say that a multipart body holds a file as well."""
    file = {"type": "string", "contentMediaType": "application/octet-stream", "description": "the file"}
    schema["properties"] = {name: file, **schema["properties"]}
    schema["required"] = [name, *schema.get("required", ())]


def _operation(one: Operation, known: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": one.name,
        "tags": [one.tag],
        "summary": one.summary,
        "description": f"{one.description} Needs the scope `{one.scope.value}`.".strip(),
        "parameters": [*_path(one), *_query(one, known), *_headers(one)],
        "responses": {str(one.status): _success(one), **_refusals(one)},
    }
    if one.body is not None:
        schema = {"$ref": _REF.format(model=one.body.__name__)}
        sent = "application/json" if one.file is None else MULTIPART
        found["requestBody"] = {"required": True, "content": {sent: {"schema": schema}}}
    return found


def _path(one: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": _shown_name(found[2]),
            "in": "path",
            "required": True,
            "schema": {"type": "string", "format": "uuid"} if found[1] == "uuid" else {"type": "string"},
        }
        for found in _ARGUMENT.finditer(one.path)
    ]


def _query(one: Operation, known: dict[str, Any]) -> list[dict[str, Any]]:
    if one.query is None:
        return []
    schema = known[one.query.__name__]
    found = []
    for name, given in schema["properties"].items():
        own = {key: value for key, value in given.items() if key != "description"}
        choices = [part for part in own.get("anyOf", ()) if part != {"type": "null"}]
        if len(choices) == 1:  # null has no spelling in an address
            own = choices[0]
        parameter = {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": own}
        found.append(parameter | ({"description": given["description"]} if "description" in given else {}))
    return found


def _headers(one: Operation) -> list[dict[str, Any]]:
    if one.method == "POST":
        words = "The same key again gets the first answer again, for 24 hours."
        schema: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": "^[ -~]+$"}
        return [{"name": HEADER, "in": "header", "required": False, "description": words, "schema": schema}]
    if one.method == "PATCH" and one.body is not None and "version" in one.body.model_fields:
        words = "The ETag you have seen; refused with 412 when it is another one now."
        return [
            {"name": "If-Match", "in": "header", "required": False, "description": words, "schema": {"type": "string"}}
        ]
    return []


def _success(one: Operation) -> dict[str, Any]:
    if one.status == HTTPStatus.NO_CONTENT:
        return {"description": "Done; there is nothing to tell."}
    if one.answer is None:
        return {"description": "The file.", "content": {one.media_type: {"schema": {"type": "string"}}}}
    schema = {"$ref": _REF.format(model=one.answer.__name__)}
    return {"description": one.summary, "content": {one.media_type: {"schema": schema}}}


def _refusals(one: Operation) -> dict[str, Any]:
    statuses = [401, 403, 422, 429]
    if "<" in one.path or one.method == "POST":
        statuses.append(404)
    if one.method != "GET":
        statuses.append(409)
    if one.body is not None:
        statuses += [400, 413, 415]
    if _headers(one) and one.method == "PATCH":
        statuses.append(412)
    if one.method == "GET" and "<" in one.path:
        statuses.append(409)  # a rule that names what is gone, a campaign never submitted
    content = {"application/problem+json": {"schema": {"$ref": _REF.format(model=Problem.__name__)}}}
    return {str(status): {"description": _REFUSALS[status], "content": content} for status in sorted(statuses)}


def _shown_name(name: str) -> str:
    return name.removeprefix("public_")
