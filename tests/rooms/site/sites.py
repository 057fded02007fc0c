"""A company with a website, and what its pages send."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from lux.rooms.site import queries
from lux.rooms.site.service import setup
from tests.factories import Firm, Installation

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
ORIGIN = "https://www.example.com"
ADA, BEN = "a" * 32, "b" * 32  # numbers of two browsers


@dataclass
class Site:
    """A company's website."""

    lux: Installation
    firm: Firm
    key: str

    def post(self, body: object, *, origin: str | None = ORIGIN, agent: str = BROWSER, **headers: str) -> TestResponse:
        """Send what a page sends."""
        more = {"User-Agent": agent, **({"Origin": origin} if origin else {}), **headers}
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.lux.client().post(f"/s/{self.key}/collect", data=text, headers=more, content_type="text/plain")

    def send(self, *items: dict[str, Any], visitor: str = ADA, **more: Any) -> dict[str, Any]:
        """Send items of a visitor who said yes; returns the answer."""
        answer = self.post({"v": visitor, "e": list(items), **more})
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.get_json()
        return found


def made(lux: Installation, firm: Firm | None = None, host: str = "example.com", **values: Any) -> Site:
    """Register a domain of a company."""
    firm = firm or lux.firm()
    with lux.db.begin(firm.id) as session:
        setup.add_domain(session, firm.person, host)
        row = queries.setup(session)
        assert row is not None
        for name, value in values.items():
            setattr(row, name, value)
        return Site(lux, firm, row.site_key)


def view(path: str = "/", *, query: str = "", referrer: str = "", origin: str = ORIGIN) -> dict[str, Any]:
    """Return a view of a page."""
    return {"t": "view", "u": f"{origin}{path}{query}", "r": referrer}


def event(name: str, *, kind: str = "event", **properties: Any) -> dict[str, Any]:
    """Return an event of a page's own, or a conversion."""
    return {"t": kind, "n": name, "p": properties, "u": f"{ORIGIN}/"}


def form(name: str = "Newsletter", **fields: str) -> dict[str, Any]:
    """Return a form that was sent."""
    return {"t": "form", "n": name, "f": fields, "u": f"{ORIGIN}/sign-up"}
