"""The pictures themselves, as mail programs load them: no session, no database, cached for good."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from flask import Blueprint, Response, request

from lux.kit.errors import NotFound
from lux.net.storage import store_of
from lux.render.pictures import NAME, TYPES
from lux.rooms.content.addresses import key_of
from lux.ui import csp, web
from lux.ui.access import public

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from lux.ports.storage import FileStore

files = Blueprint("media", __name__)
CHUNK = 2**16


@files.get("/m/<uuid:public_id>/<name>")
@public("mail programs load a mail's pictures without signing in; the address is not guessable", reads_session=False)
def file(public_id: uuid.UUID, name: str) -> AnyResponse:
    """Answer a file of the library; the name holds its fingerprint, so it never changes."""
    if NAME.fullmatch(name) is None:
        raise NotFound
    store, key = store_of(web.settings()), key_of(public_id, name)
    try:
        size = store.size(key)
    except FileNotFoundError as error:
        raise NotFound from error
    body = _body(store, key) if request.method == "GET" else b""
    return _for_good(Response(body, mimetype=TYPES[name[-3:]]), name, size).make_conditional(request)


def _for_good(response: Response, name: str, size: int) -> Response:
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers[csp.HEADER] = "default-src 'none'; sandbox"
    response.set_etag(name)
    response.content_length = size
    return response


def _body(store: FileStore, key: str) -> Iterator[bytes]:
    with store.open_read(key) as source:
        yield from _chunks(source)


def _chunks(source: BinaryIO) -> Iterator[bytes]:
    while chunk := source.read(CHUNK):
        yield chunk
