"""Every page in a real browser: no axe violation, no sideways scrolling, no console error, nothing foreign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from lux.identity import invitations
from lux.identity import tokens as one_time
from lux.identity.access import Role
from lux.identity.models import User
from lux.kit.db import ALL_COMPANIES
from lux.render import tokens
from tests.browser.axe import violations
from tests.full_company import filled
from tests.house.test_routes import identifiers, path_of, rules
from tests.rooms.email import campaigns
from tests.rooms.email.test_tracking import token
from tests.rooms.served import served, signed_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from playwright.sync_api import Page
    from werkzeug.routing import Rule

    from tests.factories import Firm, Installation
    from tests.services.chromium import Pages

WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
EXAMPLES = 2  # pages looked at of one route: two campaigns, two contacts
WORDS = {"provider": "smtp", "bin_key": "segments"}
TOO_WIDE = """() => {
  const limit = document.documentElement.clientWidth
  if (document.documentElement.scrollWidth <= limit) return ''
  const out = [...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > limit + 1)
  return out.slice(0, 4).map(e => e.outerHTML.slice(0, 120)).join(' | ') || 'the page itself'
}"""


def candidates(rule: Rule, ids: dict[str, list[str]]) -> list[str]:
    """Return a route's addresses with every id that may fit it."""
    for name, value in WORDS.items():
        if name in rule.arguments:
            return [rule.rule.replace(f"<{name}>", value)]
    if not rule.arguments:
        return [path_of(rule, ids={})]
    kind = "int" if "<int:" in rule.rule and "<uuid:" not in rule.rule else "uuid"
    return [path_of(rule, ids={kind: value}) for value in dict.fromkeys(ids[kind])]


def pages_of(lux: Installation, client: FlaskClient, ids: dict[str, list[str]]) -> list[str]:
    """Return the addresses that answer with a whole page: not fragments, files, mails in their sandbox or redirects."""
    found: list[str] = []
    for rule in rules(lux):
        if "GET" not in (rule.methods or set()):
            continue
        shown = [path for path in candidates(rule, ids) if is_page(client, path)]
        found += shown[:EXAMPLES]
    return found


def is_page(client: FlaskClient, path: str) -> bool:
    """Say whether an address answers with a page of ours."""
    answer = client.get(path)
    is_html = answer.status_code == 200 and answer.mimetype == "text/html"
    is_mail = "sandbox" in answer.headers.get("Content-Security-Policy", "")
    return is_html and not is_mail and "<html" in answer.text[:600]


def faults_of(page: Page, path: str) -> list[str]:
    """Open a page wide and look with axe; make it a phone and look for sideways scrolling in both."""
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    answer = page.goto(path)
    assert answer is not None
    found = [f"status {answer.status}"] if answer.status >= 500 else []
    found += [f"axe: {words}" for words in violations(page)]
    for size in (WIDE, PHONE):
        if page.viewport_size != size:
            page.set_viewport_size(size)  # type: ignore[arg-type]
        out = settled_width(page)
        found += [f"{size['width']} px: {out}"] if out else []
    return [f"{path}: {fault}" for fault in found]


def settled_width(page: Page) -> str:
    """Return what is too wide once charts have followed the new size; they take a moment."""
    for _ in range(15):
        out = page.evaluate(TOO_WIDE)
        if not out:
            return ""
        page.wait_for_timeout(200)
    return str(out)


def operator(lux: Installation, firm: Firm) -> None:
    """Let the firm's person run the installation, so that the operators' pages open."""
    with lux.db.begin(ALL_COMPANIES) as session:
        session.execute(update(User).where(User.id == firm.user_id).values(is_operator=True))


@pytest.mark.parametrize("company", ["full", pytest.param("empty", marks=pytest.mark.slow)])
def test_every_page_is_accessible_and_fits(lux_sqlite: Installation, pages: Pages, company: str) -> None:
    """Each route that answers with a page, for a company with a row of everything and for one with nothing."""
    lux = lux_sqlite
    firm = filled(lux) if company == "full" else lux.firm()
    operator(lux, firm)
    paths = pages_of(lux, lux.client(firm), identifiers(lux, firm))
    assert len(paths) > (55 if company == "full" else 25)
    with served(lux) as address:
        page = signed_in(pages, address, lux, firm)
        faults = [fault for path in paths for fault in faults_of(page, path)]
    assert not faults, "\n".join(faults)


def links(lux: Installation) -> list[str]:
    """Return one living link of each kind that a message or the console gives to somebody."""
    firm = campaigns.ready(lux)
    delivery = campaigns.deliveries(lux, firm, campaigns.sent(lux, firm))[0].id
    with lux.db.begin(ALL_COMPANIES) as session:
        owner = one_time.issue(session, one_time.Purpose.OWNER_LINK)
        reset = one_time.issue(session, one_time.Purpose.PASSWORD_RESET, user_id=firm.user_id)
    with lux.db.begin(firm.id) as session:
        _, invited = invitations.invite(session, firm.person, email="new@example.com", role=Role.MARKETER)
    return [
        f"/u/{token(lux, tokens.UNSUBSCRIBE, delivery)}",
        f"/welcome/{owner}",
        f"/reset/{reset}",
        f"/invitation/{invited}",
    ]


def test_every_page_for_strangers_is_accessible_and_fits(lux_sqlite: Installation, pages: Pages) -> None:
    """The doors, the API's page and the unsubscribe page by living links, the same by dead ones, and none."""
    lux = lux_sqlite
    paths = ["/sign-in", "/forgot", "/api/v1/docs", *links(lux)]
    dead = ["/u/none", "/v/none", "/welcome/none", "/reset/none", "/invitation/none", "/nothing-here"]
    pages.watch.allow(r"status of 4\d\d")
    with served(lux) as address:
        page = pages.open(address)
        faults = [fault for path in [*paths, *dead] for fault in faults_of(page, path)]
    assert not faults, "\n".join(faults)
