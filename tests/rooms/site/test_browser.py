"""lux.js in a real browser, on pages of another origin: before a yes, after it, and when it is taken back."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from lux.ledger.models import Fact
from lux.render import tokens
from lux.rooms.contacts.models import Contact
from lux.rooms.site import queries
from lux.rooms.site.models import ConsentMode, SiteVisit
from lux.rooms.site.service import script, status
from tests.factories import Installation
from tests.rooms.email import campaigns
from tests.rooms.email.test_tracking import token
from tests.rooms.served import served
from tests.rooms.site import sites
from tests.rooms.site.sites import BROWSER, Site
from tests.services.chromium import Pages

HOST = "www.site.localhost"
FORM = """<form data-lux-form="Newsletter" action="/thanks">
<label>E-mail <input name="email" type="email"></label><label>First name <input name="first_name"></label>
<label>Password <input name="password" type="password"></label>
<label>Card <input name="n" autocomplete="cc-number"></label>
<input name="csrf" type="hidden" value="hidden"><label>Note <input name="note" data-lux-ignore></label>
<button>Send</button></form>
<form action="/thanks"><input name="email" value="unmarked@example.com"><button>Other</button></form>"""


@dataclass
class World:
    """LUX at one address, a company's website at another, and a browser that visits it."""

    lux: Installation
    site: Site
    address: str  # of LUX
    home: str  # of the website
    pages: Pages
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # (path, body) that LUX was sent

    def visitor(self, **options: Any) -> Page:
        """Return a browser that was never there."""
        page = self.pages.open(self.home, user_agent=BROWSER, **options)
        page.context.on("request", self._note)
        return page

    def _note(self, request: Any) -> None:
        if request.url.startswith(self.address) and request.method == "POST":
            assert "cookie" not in request.headers
            self.asked.append((urlsplit(request.url).path, json.loads(request.post_data or "{}")))

    def facts(self) -> list[Fact]:
        """Return what stands in the ledger about the website."""
        with self.lux.db.read(self.site.firm.id) as session:
            return list(session.scalars(select(Fact).where(Fact.channel == "web").order_by(Fact.id)))

    def kinds(self) -> list[str]:
        """Return the kinds of these facts."""
        return [fact.kind for fact in self.facts()]


@contextmanager
def website(snippet: str, lux_address: str) -> Iterator[str]:
    """Serve a company's pages, under a content security policy as the docs ask for; yields their address."""
    policy = (
        f"default-src 'self'; script-src 'unsafe-inline' {lux_address}; connect-src {lux_address}; style-src 'self'"
    )
    page = (
        f"<!doctype html><html lang=en><head><title>Shop</title>{snippet}</head><body><h1>Shop</h1>{FORM}</body></html>"
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204 if self.path == "/favicon.ico" else 200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            if self.path != "/favicon.ico":
                self.wfile.write(page.encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://{HOST}:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def world(lux_sqlite: Installation, pages: Pages, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Return a company that follows its website with LUX's own banner."""
    site = sites.made(lux_sqlite, campaigns.ready(lux_sqlite, 1), host="site.localhost")
    with served(lux_sqlite) as address:
        monkeypatch.setattr(script, "base_url", lambda _session: address)
        with lux_sqlite.db.read(site.firm.id) as session:
            setup = queries.setup(session)
            assert setup is not None
            snippet = script.snippet(session, setup)
        with website(snippet, address) as home:
            pages.watch.allow(f"foreign request: {address}/s/{site.key}/")
            yield World(lux_sqlite, site, address, home, pages)


def kept(page: Page) -> dict[str, Any]:
    """Return everything a page could have left in the browser."""
    found: dict[str, Any] = page.evaluate(
        """async () => ({cookie: document.cookie, local: {...localStorage}, session: {...sessionStorage},
        bases: (await indexedDB.databases()).length, caches: window.caches ? (await caches.keys()).length : 0})"""
    )
    return {**found, "jar": page.context.cookies()}


NOTHING = {"cookie": "", "local": {}, "session": {}, "bases": 0, "caches": 0, "jar": []}


def accept(page: Page) -> None:
    """Say yes and wait until it arrived."""
    with page.expect_response("**/collect"):
        page.get_by_role("button", name="Yes, that is fine").click()


def test_nothing_is_stored_or_sent_before_a_yes_and_a_no_is_the_end(world: World) -> None:
    """The banner is there, with two equal buttons; without an answer and after a no there is no request at all."""
    page = world.visitor()
    page.goto("/?utm_source=letter")
    banner = page.get_by_role("region", name="Your privacy")
    expect(banner).to_be_visible()
    boxes = [banner.get_by_role("button", name=name).bounding_box() for name in ("No, thank you", "Yes, that is fine")]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert abs(boxes[0]["width"] - boxes[1]["width"]) < 2
    page.evaluate("lux('event', 'too_early')")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/thanks**")
    assert kept(page) == NOTHING
    page.get_by_role("button", name="No, thank you").click()
    assert list(kept(page)["local"]) == ["lux"]
    assert kept(page)["local"]["lux"].startswith("no.")
    page.goto("/later")
    page.wait_for_function("window.lux && !window.lux.q")
    expect(page.get_by_role("region", name="Your privacy")).to_have_count(0)
    assert world.asked == []
    assert world.facts() == []


def test_after_a_yes_visits_events_conversions_and_marked_forms_arrive(world: World) -> None:
    """The page of before the answer counts with its campaign; what a form holds arrives without its secrets."""
    page = world.visitor()
    page.goto("/shop?utm_source=letter&utm_campaign=spring&order=private")
    accept(page)
    assert page.context.cookies() == []
    with page.expect_response("**/collect"):
        page.evaluate(
            "lux('event', 'video_watched', {seconds: 90}); lux('conversion', 'order', {value: 5, currency: 'EUR'})"
        )
    page.get_by_role("button", name="Other").click()
    page.wait_for_url("**/thanks**")
    for label, text in (
        ("E-mail", "ada@example.com"),
        ("First name", "Ada"),
        ("Password", "mauve otter"),
        ("Card", "4111111111111111"),
        ("Note", "private"),
    ):
        page.get_by_label(label).fill(text)
    with page.expect_response("**/collect"):
        page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/thanks?email=ada**")
    page.wait_for_function("window.lux && !window.lux.q")
    page.wait_for_timeout(200)
    assert world.kinds()[:4] == ["page.viewed", "custom.video_watched", "site.converted", "page.viewed"]
    [form] = [fact for fact in world.facts() if fact.kind == "form.submitted"]
    assert form.properties["fields"] == {"email": "ada@example.com", "first_name": "Ada"}
    sent = json.dumps(world.asked)
    for secret in ("mauve", "4111", "private", "hidden", "unmarked"):
        assert secret not in sent
    with world.lux.db.read(world.site.firm.id) as session:
        ada = session.scalars(select(Contact).where(Contact.email_key == "ada@example.com")).one()
        [visit] = session.scalars(select(SiteVisit)).all()
    assert {fact.contact_id for fact in world.facts()} == {ada.id}
    assert (visit.source, visit.campaign) == ("letter", "spring")


def test_a_click_in_a_mail_names_the_visitor_after_the_yes_alone(world: World) -> None:
    """The word leaves the address bar at once and no request carries it before the answer."""
    body = campaigns.BODY.replace("https://shop.example.com/a", f"{world.home}/offer")
    public_id = campaigns.sent(world.lux, world.site.firm, source=body)
    campaigns.later(world.lux, world.site.firm)
    delivery = campaigns.deliveries(world.lux, world.site.firm, public_id)[0]
    world.pages.watch.allow(f"foreign request: {world.address}/c/")
    page = world.visitor()
    page.goto(f"{world.address}/c/{token(world.lux, tokens.CLICK, delivery.id)}/1")
    expect(page.get_by_role("region", name="Your privacy")).to_be_visible()
    assert page.url == f"{world.home}/offer"
    assert kept(page) == NOTHING
    assert world.asked == []
    accept(page)
    [(_path, sent)] = world.asked
    assert len(sent["i"]) > 50
    [fact] = world.facts()
    assert fact.contact_id == delivery.contact_id is not None
    with page.expect_response("**/collect"):
        page.goto("/next")
    assert world.asked[-1][1]["i"] == ""
    assert world.facts()[-1].contact_id == delivery.contact_id


def test_a_yes_can_be_taken_back(world: World) -> None:
    """The number is gone from the browser and leads nowhere on the server; nothing is sent any more."""
    page = world.visitor()
    page.goto("/")
    accept(page)
    number = kept(page)["local"]["lux"].split(".")[0]
    page.evaluate("lux('ask')")
    with page.expect_response("**/collect"):
        page.get_by_role("button", name="No, thank you").click()
    assert number not in json.dumps(kept(page))
    before = len(world.asked)
    page.goto("/later")
    page.evaluate("lux('event', 'after')")
    page.wait_for_timeout(200)
    assert len(world.asked) == before
    assert world.kinds() == ["page.viewed"]


def test_a_consent_tool_of_the_site_decides_instead(world: World) -> None:
    """No banner; nothing before lux("consent", true), everything after it."""
    with world.lux.db.begin(world.site.firm.id) as session:
        setup = queries.setup(session)
        assert setup is not None
        setup.consent_mode = ConsentMode.TOOL
    page = world.visitor()
    page.goto("/")
    page.wait_for_function("window.lux && !window.lux.q")
    expect(page.get_by_role("region", name="Your privacy")).to_have_count(0)
    assert kept(page) == NOTHING
    with page.expect_response("**/collect"):
        page.evaluate("lux('consent', true)")
    assert world.kinds() == ["page.viewed"]
    with page.expect_response("**/collect"):
        page.evaluate("lux('consent', false)")
    assert kept(page) == NOTHING


def test_a_browser_that_says_no_is_not_even_asked(world: World) -> None:
    """Global Privacy Control: no banner, no storage, no request, whatever the page calls."""
    page = world.visitor()
    page.add_init_script("Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})")
    page.goto("/")
    page.wait_for_function("window.lux && !window.lux.q")
    page.evaluate("lux('consent', true); lux('event', 'x'); lux('ask')")
    page.wait_for_timeout(200)
    expect(page.get_by_role("region", name="Your privacy")).to_have_count(0)
    assert kept(page) == NOTHING
    assert world.asked == []


def test_a_look_from_the_set_up_page_is_answered_by_the_site(world: World) -> None:
    """The page says that LUX sees it, and LUX says which page it saw; still nothing is stored."""
    with world.lux.db.read(world.site.firm.id) as session:
        word = status.sights(session)[0].look_url.partition("#")[2]
    page = world.visitor()
    page.goto(f"/landing#{word}")
    expect(page.get_by_text("LUX sees this page.")).to_be_visible()
    assert page.url == f"{world.home}/landing"
    assert kept(page) == NOTHING
    with world.lux.db.read(world.site.firm.id) as session:
        [sight] = status.sights(session)
    assert sight.state == "checked"
    assert sight.domain.checked_page == f"{HOST}/landing"
    assert world.facts() == []
