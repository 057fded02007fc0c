"""WSGI in front of Flask: the picture and the links of a mail, as the pages answer them, without the database.

What is not quite ordinary (another method, a prefetch, a token that is not ours, a link that is not known yet) goes to
the pages, which answer it as ever.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import SQLAlchemyError

from lux.gate.hits import PICTURE
from lux.render.tokens import CLICK, LENGTH, OPEN, read
from lux.rooms.email.fast.lines import line
from lux.rooms.email.tracking import PIXEL
from lux.ui import csp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication

    from lux.kit.spool import Spool
    from lux.rooms.email.fast.targets import Targets

_OPEN_LENGTH: Final = len("/o/") + LENGTH + len(".gif")
_NUMBER_AT: Final = len("/c/") + LENGTH
_PURPOSES: Final = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_MOZ")  # a prefetch names itself there
_UNCACHED: Final = (
    ("Cache-Control", "no-store, max-age=0"),
    ("X-Robots-Tag", "noindex, nofollow"),
    ("Vary", "Cookie"),  # as the pages say of everything
)
_PICTURE: Final = (("Content-Type", "image/gif"), ("Content-Length", str(len(PIXEL))), *_UNCACHED)


class FastPath:
    """Answers what it can; hands on the rest."""

    def __init__(
        self,
        pages: WSGIApplication,
        *,
        key: bytes,
        spool: Spool,
        targets: Targets,
        on_error: Callable[[BaseException], None],
    ) -> None:
        """Stand in front of the pages."""
        self._pages = pages
        self._key = key
        self._spool = spool
        self._targets = targets
        self._on_error = on_error

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path: str = environ.get("PATH_INFO", "")
        kind = path[:3]
        if kind not in {"/o/", "/c/"} or environ["REQUEST_METHOD"] != "GET":
            return self._pages(environ, start_response)
        if any(name in environ for name in _PURPOSES):
            return self._pages(environ, start_response)
        if kind == "/o/":
            return self._opened(path, environ, start_response)
        return self._clicked(path, environ, start_response)

    def _opened(self, path: str, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        is_whole = len(path) == _OPEN_LENGTH and path.endswith(".gif")
        delivery_id = read(self._key, OPEN, path[3 : 3 + LENGTH]) if is_whole else None
        if delivery_id is None:
            return self._pages(environ, start_response)
        self._spool.append(line(delivery_id, PICTURE, environ.get("HTTP_USER_AGENT", "")))
        start_response("200 OK", [*_PICTURE, *_standing(environ)])
        return (PIXEL,)

    def _clicked(self, path: str, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        number = path[_NUMBER_AT + 1 :]
        is_whole = path[_NUMBER_AT : _NUMBER_AT + 1] == "/" and number.isascii() and number.isdigit()
        delivery_id = read(self._key, CLICK, path[3:_NUMBER_AT]) if is_whole else None
        if delivery_id is None:
            return self._pages(environ, start_response)
        answer = self._targets.find(delivery_id, number)
        if answer is None:
            return self._unknown(delivery_id, environ, start_response)
        self._spool.append(line(delivery_id, int(number), environ.get("HTTP_USER_AGENT", "")))
        start_response(
            "302 FOUND",
            [
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Length", str(len(answer.page))),
                ("Location", answer.location),
                *_UNCACHED,
                *_standing(environ),
            ],
        )
        return (answer.page,)

    def _unknown(self, delivery_id: int, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Let the pages answer, and learn for the next reader of that campaign."""
        answered = self._pages(environ, start_response)
        try:
            self._targets.learn(delivery_id)
        except SQLAlchemyError as error:  # who clicked has their answer; the next one asks the pages as well
            self._on_error(error)
        return answered


def _standing(environ: dict[str, Any]) -> list[tuple[str, str]]:
    is_secure = environ.get("wsgi.url_scheme") == "https"
    return [("X-Request-ID", secrets.token_hex(8)), *csp.standing(is_secure=is_secure)]
