"""What a browser may do with our pages: a content security policy with a nonce, and its companions."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from flask import g, request

if TYPE_CHECKING:
    from flask import Flask, Response

HEADER: Final = "Content-Security-Policy"
NONCE_BYTES: Final = 16

# Every page of the application. There is no inline script or style anywhere; the nonce is for the
# modules' own tags, so that a page stays safe even behind a proxy that serves other files too.
PAGE_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; frame-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)

# Previews of mails and pages: served from their own route into a sandboxed frame. Their styles work,
# nothing in them runs, and the sandbox gives them an origin of their own.
MAIL_PREVIEW_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'self'"
)

_COMPANIONS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_HSTS: Final = "max-age=31536000; includeSubDomains"


def nonce() -> str:
    """Return this request's nonce: 128 random bits, made at the first call."""
    value: str | None = g.get("csp_nonce")
    if value is None:
        value = g.csp_nonce = secrets.token_urlsafe(NONCE_BYTES)
    return value


def use_mail_preview_policy(response: Response) -> Response:
    """Give a response the sandboxed policy of mail previews, and keep it out of caches."""
    response.headers[HEADER] = MAIL_PREVIEW_POLICY
    response.headers["Cache-Control"] = "no-store"
    return response


def register(app: Flask) -> None:
    """Add the headers to every response that does not carry its own, and the global `csp_nonce()`."""
    app.jinja_env.globals["csp_nonce"] = nonce
    app.after_request(_add_headers)


def standing(*, is_secure: bool) -> list[tuple[str, str]]:
    """Return the headers of a response that is made outside of the application, with a nonce of its own."""
    policy = PAGE_POLICY.format(nonce=secrets.token_urlsafe(NONCE_BYTES))
    found = [*_COMPANIONS.items(), (HEADER, policy), ("X-Frame-Options", "DENY")]
    return [*found, ("Strict-Transport-Security", _HSTS)] if is_secure else found


def _add_headers(response: Response) -> Response:
    for name, value in _COMPANIONS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault(HEADER, PAGE_POLICY.format(nonce=nonce()))
    if HEADER in response.headers and "frame-ancestors 'none'" in response.headers[HEADER]:
        response.headers.setdefault("X-Frame-Options", "DENY")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", _HSTS)
    return response
