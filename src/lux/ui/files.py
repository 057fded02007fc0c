"""Files that leave by a page or by the API: handed out here and nowhere else (tests/house/test_taken.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response as FlaskResponse
from flask import request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from werkzeug.wrappers import Response


def attachment(
    name: str, blocks: Iterable[bytes] | Iterable[str] | bytes | str, media_type: str, *, size: int | None = None
) -> Response:
    """Answer with a file to be saved, kept by no cache; a HEAD gets the headers alone. `size` in bytes, where known.

    Who calls this leaves a row in the audit chain, or says in the house test why there is nothing to note.
    """
    response = FlaskResponse(blocks if request.method == "GET" else (), mimetype=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "no-store"
    if size is not None:
        response.content_length = size
    return response
