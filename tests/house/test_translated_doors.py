"""Pages of people who are not signed in, what a link in a mail opens, and what is said after a deed: all translated."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from babel import Locale

from lux.identity import invitations, owner_link, tokens
from lux.identity.access import Role
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.i18n import PSEUDO_LOCALE
from lux.ports.acts import AudienceRef
from lux.ports.opt_in import OptInAsk
from lux.render.tokens import UNSUBSCRIBE
from lux.rooms.newsletter import opt_in
from lux.rooms.newsletter.models import SubscribeForm
from lux.rooms.signin import choices
from tests.factories import Installation
from tests.gate.conftest import ready, submitted
from tests.gate.guests import allow, invited
from tests.house.test_translated import in_pseudo_locale, untranslated
from tests.rooms.email import campaigns
from tests.rooms.email.test_tracking import token as mail_token
from tests.rooms.newsletter.conftest import link as mail_link
from tests.rooms.newsletter.conftest import mails

WRONG = {"email": "broken", "password": "x", "name": "", "company": ""}


@pytest.fixture(autouse=True)
def _everybody_reads_the_pseudo_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    """No browser asks for it, and no contact speaks it."""
    monkeypatch.setattr("lux.ui.web._accepted_locale", lambda: PSEUDO_LOCALE)
    monkeypatch.setattr("lux.rooms.newsletter.service.best_locale", lambda _language: PSEUDO_LOCALE)


def faults(lux: Installation, path: str, form: dict[str, str] | None = None, *, status: int = 200) -> list[str]:
    """Return what stands untranslated in the answer to a stranger."""
    client = lux.client()
    answer = client.get(path) if form is None else client.post(path, data=form, follow_redirects=True)
    assert answer.status_code == status, (path, answer.status_code)
    found = untranslated(answer.get_data(as_text=True))
    return [f"{path}: {text}" for text in found]


def test_the_doors_are_translated(lux_sqlite: Installation) -> None:
    lux = lux_sqlite
    link = owner_link.make_owner_link(lux.db, lux.settings)
    assert link is not None
    welcome = "/welcome/" + link.rpartition("/")[2]
    found = faults(lux, welcome) + faults(lux, welcome, WRONG, status=422)
    firm = lux.firm()
    with lux.db.begin(firm.id) as session:
        invited = invitations.invite(session, firm.person, email="new@example.com", role=Role.VIEWER)[1]
    with lux.db.begin(ALL_COMPANIES) as session:
        reset = tokens.issue(session, tokens.Purpose.PASSWORD_RESET, user_id=firm.user_id)
    for path in ("/sign-in", "/forgot", f"/reset/{reset}", f"/invitation/{invited}"):
        found += faults(lux, path)
    found += faults(lux, "/sign-in", WRONG, status=422)
    found += faults(lux, "/forgot", {"email": "somebody@example.com"})
    found += faults(lux, f"/reset/{reset}", {"password": "x"}, status=422)
    found += faults(lux, f"/invitation/{invited}/new", {"name": "", "password": "x"}, status=422)
    for gone in ("/welcome/gone", "/reset/gone", "/invitation/gone"):
        found += faults(lux, gone, status=404)
    assert not found, "\n".join(found)


def test_what_a_link_in_a_mail_opens_is_translated(lux_sqlite: Installation) -> None:
    lux = lux_sqlite
    firm = campaigns.ready(lux, 1)
    public_id = campaigns.sent(lux, firm)
    one = campaigns.deliveries(lux, firm, public_id)[0]
    path = f"/u/{mail_token(lux, UNSUBSCRIBE, one.id)}"
    found = faults(lux, path) + faults(lux, path, {}) + faults(lux, path)
    for gone in ("/u/gone", "/c/gone/1", "/v/gone"):
        found += faults(lux, gone, status=404)
    assert not found, "\n".join(found)


def test_what_guests_see_is_translated(lux_sqlite: Installation) -> None:
    """The door, the list, one item, what is refused, a problem, the way out; the mail is rendered elsewhere."""
    lux = lux_sqlite
    firm = ready(lux, 1)
    allow(lux, firm)
    item = submitted(lux, firm, audience=AudienceRef(source="everyone", key="", label="Everyone"), subject="Secret")
    path = f"/review/link/{invited(lux, firm, name='Secret guest')}"
    found = faults(lux, path) + faults(lux, path, {}) + faults(lux, "/review/link/gone", status=404)
    client = lux.client()
    client.post(path)
    place = f"/review/{item.public_id}"
    for path, form, status in (
        ("/review/", None, 200),
        (place, None, 200),
        ("/review/00000000-0000-7000-8000-000000000000", None, 404),
        (f"{place}/approve", {"shown_hash": item.content_hash, "confirmation": "17"}, 422),
        (f"{place}/approve", {"shown_hash": "0" * 64, "confirmation": "1"}, 409),
        (f"{place}/comment", {"text": "Secret"}, 200),
        (f"{place}/approve", {"shown_hash": item.content_hash, "confirmation": "1"}, 200),
        (f"{place}/approve", {"shown_hash": item.content_hash, "confirmation": "1"}, 409),
        ("/review/leave", {}, 200),
    ):
        answer = client.get(path) if form is None else client.post(path, data=form, follow_redirects=True)
        assert answer.status_code == status, path
        found += [f"{path}: {text}" for text in untranslated(answer.get_data(as_text=True))]
    assert not found, "\n".join(found)


def test_what_subscribers_to_be_open_is_translated(lux_sqlite: Installation) -> None:
    lux = lux_sqlite
    firm = lux.firm()
    with lux.db.begin(firm.id) as session:
        session.add(SubscribeForm(code="door", is_on=True))
    ask = OptInAsk(address="ada@example.com", address_key="ada@example.com", via="form", source="x", language="en_XA")
    with lux.db.begin(firm.id) as session:
        opt_in.start(session, ask)
    path = mail_link(mails(lux)[-1][1])
    found = faults(lux, "/subscribe/door") + faults(lux, "/subscribe/door", {"email": "x"}, status=422)
    found += faults(lux, "/subscribe/door", {"email": "bob@example.com"}) + faults(lux, "/subscribe/gone", status=404)
    found += faults(lux, path) + faults(lux, path, {}) + faults(lux, path) + faults(lux, "/confirm/gone", status=404)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/settings/subscribe-form/", {"is_on": "on", "version": "0"}),
        ("/contacts/new", {"email": "ada@example.com", "lifecycle": "lead"}),
        ("/contacts/tags", {"name": "Plan"}),
        ("/contacts/fields", {"label": "Plan", "type": "text"}),
        ("/campaigns/new", {"name": "Plan", "start": "blank"}),
        ("/settings/members/invite", {"email": "new@example.com", "role": "viewer"}),
        ("/settings/senders", {"name": "News", "email": "news@example.com"}),
        ("/approvals/stop", {"reason": "test"}),
    ],
)
def test_what_is_said_after_a_deed_is_translated(lux_sqlite: Installation, path: str, form: dict[str, str]) -> None:
    firm = lux_sqlite.firm()
    in_pseudo_locale(lux_sqlite, firm)
    answer = lux_sqlite.client(firm).post(path, data=form, follow_redirects=True)
    assert answer.status_code == 200
    html = answer.get_data(as_text=True)
    assert 'class="toast' in html or "toast" in html, "something is said"
    assert untranslated(html) == []


class Options(HTMLParser):
    """Collects what people choose from."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._is_open = False

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self._is_open = tag == "option" or (self._is_open and tag != "select")

    def handle_endtag(self, tag: str) -> None:
        self._is_open = self._is_open and tag not in {"option", "select"}

    def handle_data(self, data: str) -> None:
        if self._is_open and data.strip():
            self.texts.append(" ".join(data.split()))


# Codes, addresses, and what Babel translates: currencies, countries, languages, places that name a zone.
CODED = re.compile(r"[A-Z]{3} · .+|UTC|\S+@\S+|.*<\S+@\S+>")
PLACES = ("/contacts", "/contacts/new", "/contacts/fields", "/segments/new", "/settings", "/settings/members",
          "/settings/integrations/new/smtp", "/campaigns/", "/account")  # fmt: skip


def named_by_babel() -> set[str]:
    """Return names that Babel translates, and places, which the zones' own database names."""
    english = Locale("en")
    places = {text for pairs in choices.zones().values() for _zone, text in pairs}
    return {*english.territories.values(), *english.languages.values(), *places, *clock.zone_names()}


@pytest.mark.parametrize("path", PLACES)
def test_choices_are_translated(lux_sqlite: Installation, path: str) -> None:
    firm = lux_sqlite.firm()
    in_pseudo_locale(lux_sqlite, firm)
    answer = lux_sqlite.client(firm).get(path, follow_redirects=True)
    assert answer.status_code == 200
    parser = Options()
    parser.feed(answer.get_data(as_text=True))
    left = [text for text in parser.texts if "⟦" not in text and not CODED.fullmatch(text)]
    words = {text for text in left if re.search(r"[^\W\d_]{3,}", text)}
    assert words - named_by_babel() == set()
