"""One call: let in, read, done once, answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from flask import g, make_response, request
from pydantic import BaseModel
from werkzeug.wrappers import Response

from lux.kit import idempotency
from lux.kit.i18n import gettext as _
from lux.ui import web
from lux.ui.api import door, reading
from lux.ui.api.problems import PreconditionFailed, VersionConflict
from lux.ui.forms import read_form

if TYPE_CHECKING:
    from lux.kit.idempotency import Kept, Ticket
    from lux.ui.api.operations import Operation

REPLAYED: Final = "Idempotent-Replayed"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer with another status, or with headers of its own."""

    content: BaseModel | None
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


def run(operation: Operation, view: Callable[..., Any], arguments: dict[str, Any]) -> Response:
    """Answer a call of one operation."""
    door.enter(operation.scope)
    if operation.query is not None:
        arguments["query"] = reading.query(operation.query)
    else:
        reading.refuse_query()
    if operation.file is not None:
        reading.take_upload(operation)
    raw = reading.raw_body() if operation.body is not None and operation.file is None else b""
    key = request.headers.get(idempotency.HEADER) if operation.method == "POST" else None
    if key is None:
        return _carried_out(operation, view, arguments, raw, None)
    program = door.program()
    begun = idempotency.begin(
        web.database(),
        web.company_id(),
        sender=f"api_key:{program.key_id}",
        key=key,
        parameters=_parameters(operation, raw),
    )
    if isinstance(begun, idempotency.Kept):
        return _replayed(begun)
    try:
        return _carried_out(operation, view, arguments, raw, begun)
    except BaseException:
        web.rollback()  # before another transaction writes: SQLite has one pen
        idempotency.give_up(web.database(), web.company_id(), begun)
        raise


def check_version(present: int, stated: int | None) -> None:
    """Compare what the caller has seen with what is there: `version` of the body, and the header If-Match.

    Raises VersionConflict (409) and PreconditionFailed (412). Without either, the present version is meant.
    """
    fix = _("Read the record again, look at what has changed, and repeat your change.")
    if stated is not None and stated != present:
        raise VersionConflict(
            _("The record is at version %(present)s now, not %(stated)s.", present=present, stated=stated), fix=fix
        )
    if request.if_match and not request.if_match.contains(str(present)):
        raise PreconditionFailed(_("The record's ETag is “%(present)s” now.", present=present), fix=fix)


def _carried_out(
    operation: Operation, view: Callable[..., Any], arguments: dict[str, Any], raw: bytes, ticket: Ticket | None
) -> Response:
    if operation.file is not None:
        arguments["file"] = reading.upload(operation.file)
    if operation.body is not None:
        is_form = operation.file is not None
        arguments["body"] = read_form(operation.body) if is_form else reading.body(operation.body, raw)
    found = view(**arguments)
    if isinstance(found, Response):
        return found
    answer = found if isinstance(found, Answer) else Answer(content=found, status=operation.status)
    kept = idempotency.Kept(
        status=answer.status,
        body=answer.content.model_dump_json() if answer.content is not None else "",
        content_type="application/json" if answer.content is not None else "",
        headers=dict(answer.headers) | _etag(answer.content),
    )
    if ticket is not None:
        idempotency.keep(web.session(), ticket, kept)
    return _response(kept)


def _etag(content: BaseModel | None) -> dict[str, str]:
    version = getattr(content, "version", None)
    return {"ETag": f'"{version}"'} if isinstance(version, int) else {}


def _response(kept: Kept) -> Response:
    response = make_response(kept.body, kept.status)
    response.headers["Content-Type"] = kept.content_type
    if not kept.content_type:
        del response.headers["Content-Type"]
    response.headers.update(kept.headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def _replayed(kept: Kept) -> Response:
    g.lux_is_replayed = True
    response = _response(kept)
    response.headers[REPLAYED] = "true"
    return response


def _parameters(operation: Operation, raw: bytes) -> bytes:
    """Return what makes two requests the same: method, address, and the body without its spaces and order."""
    sent = reading.canonical(raw) if operation.file is None else reading.fingerprint()
    return json.dumps([request.method, request.full_path, sent], separators=(",", ":"), sort_keys=True).encode()
