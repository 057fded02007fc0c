"""A browser without scripts, of the standard library alone: cookies, redirects, forms, uploads."""

from __future__ import annotations

import http.client
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

from examples.page import Form, Page, PageError

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class NotReached(PageError):
    """Nobody answers at this address."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves redirects to the caller."""

    def redirect_request(self, *_args: object, **_options: object) -> None:
        """Follow nothing."""


class Browser:
    """One visitor with cookies of their own."""

    def __init__(self, base_url: str, *, agent: str = AGENT, timeout: float = 60) -> None:
        """Start without cookies; addresses without a host are those of `base_url`."""
        self.base_url = base_url.rstrip("/")
        self.jar = CookieJar(DefaultCookiePolicy(rfc2965=False))
        self._timeout = timeout
        self._headers = {"User-Agent": agent, "Accept": "text/html,*/*;q=0.8", "Accept-Language": "en"}
        handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.jar))
        self._follow = urllib.request.build_opener(*handlers)
        self._stay = urllib.request.build_opener(*handlers, _NoRedirect())

    def url(self, place: str) -> str:
        """Return the full address of a path of this server."""
        return urljoin(self.base_url + "/", place)

    def here(self, address: str) -> str:
        """Return an address that names this installation by another host as one of this server."""
        parts = urlsplit(address)
        return self.url(parts.path + (f"?{parts.query}" if parts.query else ""))

    def get(self, place: str, *, follow: bool = True) -> Page:
        """Load a page."""
        return self._send(_request(self.url(place)), follow=follow)

    def open(self, place: str) -> Page:
        """Load a page that has to be there; raises PageError when it says otherwise."""
        page = self.get(place)
        if page.status >= 400:
            raise page.lacks("no page")
        return page

    def post(self, place: str, fields: Iterable[tuple[str, str]]) -> Page:
        """Send plain form fields without having seen the form, as a mail program does."""
        body = urlencode(list(fields)).encode()
        return self._send(_request(self.url(place), body))

    def submit(
        self, form: Form, *, press: tuple[str, str] | None = None, to: str = "", files: Mapping[str, Path] | None = None
    ) -> Page:
        """Send a form as it is filled in; `press`: the button's name and value, `to`: the button's own address.

        Raises PageError when the server complains.
        """
        fields = [*form.values, *([press] if press else [])]
        address = self.url(to or form.action)
        if form.is_multipart:
            body, kind = _multipart(fields, files or {})
        else:
            body, kind = urlencode(fields).encode(), "application/x-www-form-urlencoded"
        request = _request(address, body)
        request.add_header("Content-Type", kind)
        request.add_header("Origin", self.base_url)
        page = self._send(request)
        if page.status >= 400:
            raise PageError(page.complaints or f"{address} answered {page.status}")
        return page

    def cookies(self) -> str:
        """Return the cookies as a header, for requests made another way."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.jar)

    def _send(self, request: urllib.request.Request, *, follow: bool = True) -> Page:
        for name, value in self._headers.items():
            request.add_header(name, value)
        opener = self._follow if follow else self._stay
        try:
            with opener.open(request, timeout=self._timeout) as answer:
                return Page(answer.url, answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Page(error.url, error.code, error.headers, error.read())
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise NotReached(f"{request.full_url} does not answer ({reason}).") from error


def _request(address: str, body: bytes | None = None) -> urllib.request.Request:
    if not address.startswith(("http://", "https://")):
        raise PageError(f"{address} is no web address.")
    return urllib.request.Request(address, data=body)  # noqa: S310 - looked at above


def _multipart(fields: Iterable[tuple[str, str]], files: Mapping[str, Path]) -> tuple[bytes, str]:
    mark = secrets.token_hex(16)
    parts: list[bytes] = []
    for name, value in fields:
        parts += [f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()]
    for name, path in files.items():
        head = f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{path.name}"\r\n'
        parts += [f"{head}Content-Type: text/csv\r\n\r\n".encode(), path.read_bytes(), b"\r\n"]
    return b"".join([*parts, f"--{mark}--\r\n".encode()]), f"multipart/form-data; boundary={mark}"
