"""The pages of the website room, the script it serves, links of mails to the own site, and the API."""

from __future__ import annotations

import gzip
import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from lux.identity import api_keys
from lux.identity.access import Role
from lux.identity.api_keys import Scope
from lux.kit import clock
from lux.ledger.models import ApprovalAuditLog
from lux.rooms.contacts.models import Contact
from lux.rooms.segments.rules import parse_rule
from lux.rooms.segments.service.audience import select_rule
from lux.rooms.site import queries
from lux.rooms.site.service import identity, status
from lux.ui.assets import DIST
from tests.factories import Installation
from tests.rooms.site import sites
from tests.rooms.site.sites import ORIGIN, Site, event, view


def state(site: Site) -> str:
    with site.lux.db.read(site.firm.id) as session:
        return status.sights(session)[0].state


def test_without_tracking_figures_are_not_available(lux: Installation) -> None:
    """No zero that was never measured: the page says so and where to begin."""
    firm = lux.firm()
    shown = lux.client(firm).get("/website/").text
    assert "Not available" in shown
    assert "/website/setup/" in shown
    assert "Visits per day" not in shown


def test_the_figures_of_a_period_are_shown(lux: Installation) -> None:
    """Visits, pages, sources, conversions with their amount, in the company's zone."""
    site = sites.made(lux)
    site.send(view("/shoes", query="?utm_source=letter"), event("order", kind="conversion", value=10, currency="EUR"))
    shown = lux.client(site.firm).get("/website/?days=7").text
    for word in ("www.example.com/shoes", "letter", "order", "€10.00", "Europe/Berlin"):
        assert word in shown
    assert lux.client(site.firm).get("/website/?days=nonsense").status_code == 200


def test_figures_that_can_not_be_read_are_not_called_missing(
    lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that fails is said as such, with a way to try again: never "not available", never 0."""

    def broken(*_arguments: object) -> None:
        raise OperationalError("SELECT", {}, Exception("broken"))

    site = sites.made(lux_sqlite)
    site.send(view())
    monkeypatch.setattr("lux.rooms.site.service.figures.figures", broken)
    shown = lux_sqlite.client(site.firm).get("/website/").text
    assert "could not be loaded" in shown
    assert "Not available" not in shown


def test_a_domain_is_registered_shown_and_taken_off(lux: Installation) -> None:
    """The first one makes the key and the snippet; each change stands in the audit log."""
    firm = lux.firm()
    client = lux.client(firm)
    assert client.post("/website/setup/domains", data={"host": "https://Shop.Example.com/path"}).status_code == 303
    shown = client.get("/website/setup/").text
    assert "shop.example.com" in shown
    assert "/lux.js" in shown
    assert "Not seen yet" in shown
    with lux.db.read(firm.id) as session:
        [domain] = queries.domains(session)
    assert client.post(f"/website/setup/domains/{domain.public_id}/remove").status_code == 303
    with lux.db.read(firm.id) as session:
        assert not queries.domains(session)
        actions = session.scalars(select(ApprovalAuditLog.action).where(ApprovalAuditLog.company_id == firm.id)).all()
    assert {"site.domain_added", "site.domain_removed"} <= set(actions)


@pytest.mark.parametrize(
    "typed", ["com", "192.168.0.1", "https://[::1]/", "exa mple.com", "ftp://example.com", "a@b.com"]
)
def test_what_is_no_website_is_refused_and_kept_in_the_field(lux_sqlite: Installation, typed: str) -> None:
    """A whole top-level domain, an address of a machine, a typing error: the field is named, nothing is lost."""
    answer = lux_sqlite.client(lux_sqlite.firm()).post("/website/setup/domains", data={"host": typed})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert typed.replace("&", "&amp;") in answer.text


def test_a_domain_is_registered_once(lux_sqlite: Installation) -> None:
    """The second time says so."""
    site = sites.made(lux_sqlite)
    answer = lux_sqlite.client(site.firm).post("/website/setup/domains", data={"host": "example.com"})
    assert answer.status_code == 422
    assert "registered already" in answer.text


def test_how_visitors_are_asked_can_be_changed(lux: Installation) -> None:
    """The words of the company stand in its script; two who save at once hear of each other."""
    site = sites.made(lux)
    client = lux.client(site.firm)
    data = {"consent_mode": "banner", "banner_text": "Darf </script> ich?", "keep_days": "60", "version": "1"}
    assert client.post("/website/setup/", data=data).status_code == 303
    script = lux.client().get(f"/s/{site.key}/lux.js").text
    assert "Darf \\u003c/script> ich?" in script
    assert '"s": 0' in script
    assert client.post("/website/setup/", data=data).status_code == 409
    wrong = client.post(
        "/website/setup/", data=data | {"version": "2", "keep_days": "1", "privacy_url": "javascript:x"}
    )
    assert wrong.status_code == 422
    assert "Darf &lt;/script&gt; ich?" in wrong.text


def test_only_those_who_manage_set_it_up(lux_sqlite: Installation) -> None:
    """Everybody sees figures; a marketer can't change what is taken from visitors."""
    site = sites.made(lux_sqlite)
    marketer = lux_sqlite.client(lux_sqlite.member(site.firm.id, Role.MARKETER))
    assert marketer.get("/website/").status_code == 200
    assert "/website/setup/" not in marketer.get("/website/").text
    assert marketer.get("/website/setup/").status_code == 403
    assert marketer.post("/website/setup/domains", data={"host": "x.com"}).status_code == 403


def test_the_script_is_small_and_served_for_caches(lux_sqlite: Installation) -> None:
    """Less than 4 KB as it travels, with its words in it; five minutes fresh; asked again, nothing travels."""
    site = sites.made(lux_sqlite, banner_text="x" * 500)
    client = lux_sqlite.client()
    assert len(gzip.compress((DIST / "lux.js").read_bytes(), 9)) < 4096
    answer = client.get(f"/s/{site.key}/lux.js", headers={"Accept-Encoding": "gzip", "Referer": f"{ORIGIN}/"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.data) < 4096
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"].startswith("public, max-age=300")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Set-Cookie" not in answer.headers
    again = client.get(f"/s/{site.key}/lux.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get("/s/nobody/lux.js").status_code == 404


def test_the_check_says_what_was_seen_and_never_more(lux: Installation) -> None:
    """Never seen → script loaded → a look came back → a visitor came; after a day without anything it is quiet."""
    site = sites.made(lux)
    assert state(site) == "never"
    lux.client().get(f"/s/{site.key}/lux.js", headers={"Referer": f"{ORIGIN}/"})
    assert state(site) == "loaded"
    with lux.db.read(site.firm.id) as session:
        look = status.sights(session)[0].look_url
    assert look.startswith("https://example.com/#lux_check=")
    word = look.partition("=")[2]
    assert site.post({"c": "A" + word[1:], "u": f"{ORIGIN}/start"}).get_json()["seen"] is False
    answer = site.post({"c": word, "u": f"{ORIGIN}/start?x=1"}, origin=ORIGIN)
    assert answer.get_json() == {"seen": True, "say": "LUX sees this page."}
    assert state(site) == "checked"
    assert "www.example.com/start" in lux.client(site.firm).get("/website/setup/").text
    site.send(view("/real"))
    assert state(site) == "seen"
    with time_machine.travel(clock.now() + timedelta(days=2)):
        assert state(site) == "quiet"


def test_the_list_of_domains_looks_again_by_itself(lux_sqlite: Installation) -> None:
    """The block alone answers htmx; it carries its own next question."""
    site = sites.made(lux_sqlite)
    part = lux_sqlite.client(site.firm).get("/website/setup/", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith("<section")
    assert 'hx-trigger="every 5s"' in part
    assert "example.com" in part


def test_a_forgotten_domain_is_named(lux_sqlite: Installation) -> None:
    """Who asked and was refused is told to those who can add it."""
    site = sites.made(lux_sqlite)
    site.post({"v": sites.ADA, "e": []}, origin="https://blog.example.net")
    assert "blog.example.net asked and was refused" in lux_sqlite.client(site.firm).get("/website/setup/").text


def test_links_to_the_own_site_carry_a_word_and_others_never(lux: Installation) -> None:
    """Registered domain, https, switched on: the word stands behind the #. Anything else stays letter by letter."""
    site = sites.made(lux)
    [ada] = lux.contacts(site.firm)

    def dressed(url: str) -> str:
        with lux.db.read(site.firm.id) as session:
            return identity.dressed(session, ada, url)

    assert re.fullmatch(r"https://www\.example\.com/a\?b=1#lux_id=[\w-]{50,}", dressed("https://www.example.com/a?b=1"))
    inside = dressed("https://example.com/a#part")
    assert re.fullmatch(r"https://example\.com/a\?lux_id=[\w-]{50,}#part", inside)
    for url in (
        "https://other.example/", "http://example.com/", "https://example.com.evil.example/", "https://x@example.com/",
        "https://evil.example/?u=https://example.com/", "mailto:ada@example.com", "https://notexample.com/",
        "//example.com",
    ):  # fmt: skip
        assert dressed(url) == url
    with lux.db.begin(site.firm.id) as session:
        setup = queries.setup(session)
        assert setup is not None
        setup.identifies_clicks = False
    assert dressed("https://example.com/") == "https://example.com/"


def test_the_contacts_page_shows_their_visits(lux: Installation) -> None:
    """Panel and timeline name pages, events and how the contact is known."""
    site = sites.made(lux)
    [ada] = lux.contacts(site.firm)
    word = identity.mint(lux.settings, identity.CLICK, company_id=site.firm.id, number=ada, host="example.com")
    site.send(view("/shoes"), event("tour_watched"), i=word)
    with lux.db.read(site.firm.id) as session:
        public_id = session.get_one(Contact, ada).public_id
    shown = lux.client(site.firm).get(f"/contacts/{public_id}").text
    for words in ("known by a click in a mail", "www.example.com/shoes", "Viewed a page", "tour_watched"):
        assert words in shown


def test_segments_ask_for_pages_and_events(lux: Installation) -> None:
    """A rule over a viewed page and one over an own event find who did it."""
    site = sites.made(lux)
    ada, ben = lux.contacts(site.firm, 2)
    for one, path, number in ((ada, "/shoes", "a" * 32), (ben, "/hats", "b" * 32)):
        word = identity.mint(lux.settings, identity.CLICK, company_id=site.firm.id, number=one, host="example.com")
        site.send(view(path), event("tour", seconds=len(path)), visitor=number, i=word)
    page = {"name": "page", "test": {"type": "text", "op": "contains", "value": "/shoes"}}
    seconds = {"name": "seconds", "test": {"type": "number", "op": "less", "value": 6}}
    viewed = {"kind": "fact", "op": "did", "event": "page.viewed", "property": page}
    watched = {"kind": "fact", "op": "did", "event": "custom.tour", "property": seconds}
    with lux.db.read(site.firm.id) as session:
        for condition, who in ((viewed, ada), (watched, ben)):
            rule = parse_rule({"version": 1, "root": {"kind": "group", "match": "all", "rules": [condition]}})
            assert list(session.scalars(select_rule(session, site.firm.id, rule))) == [who]


def test_programs_read_figures_and_state(lux: Installation) -> None:
    """Null where nothing was reported; then the same figures as on the page."""
    firm = lux.firm()
    with lux.db.begin(firm.id) as session:
        key = api_keys.issue(session, name="Test", scopes=[Scope.FACTS_READ], by=firm.person)[1]
    client, headers = lux.client(), {"Authorization": f"Bearer {key}"}
    before = client.get("/api/v1/website/figures", headers=headers).get_json()
    assert (before["is_available"], before["visits"]) == (False, None)
    site = sites.made(lux, firm)
    site.send(view("/shoes"))
    after = client.get("/api/v1/website/figures?days=7", headers=headers).get_json()
    assert (after["visits"], after["pages"]) == (1, [{"name": "www.example.com/shoes", "count": 1}])
    told = client.get("/api/v1/website", headers=headers).get_json()
    assert told["domains"][0]["state"] == "seen"
    assert site.key in told["snippet"]
