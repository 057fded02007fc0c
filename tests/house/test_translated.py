"""In the pseudo-locale every visible word that is not data is marked: nothing is left untranslated."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from sqlalchemy import update

from lux.identity.access import Role
from lux.identity.models import User
from lux.kit.db import ALL_COMPANIES
from lux.kit.i18n import DEFAULT_LOCALE, PSEUDO_LOCALE, locale
from tests.factories import Firm, Installation
from tests.full_company import filled
from tests.house import stop_button
from tests.house.test_routes import identifiers, path_of, rules

# What stands there as it is in every language: code, times, numbers, what people entered.
QUIET = {"script", "style", "code", "time", "svg", "pre", "kbd", "textarea", "option", "iframe", "noscript"}
VOID = {"meta", "link", "img", "input", "br", "hr", "source", "wbr", "path", "use", "col"}
SPOKEN = {"aria-label", "title", "placeholder", "alt", "data-confirm"}
DATA = re.compile(
    "|".join(
        (
            r"\{\{.*?\}\}",
            r"https?://\S+|\S+@\S+|\w+(\.\w+)+|[A-Z]{2,5}|v\d+|\b[0-9a-f]{12}\b|[0-9a-f-]{16,}|…[\w-]{4}|\bO\d*\b",
            r"LUX|Instagram|TikTok|Facebook|Reddit|YouTube|LinkedIn|Snapchat",
            r"Owner \d+|Person \d+|Company \d+|First\d+|Last\d+|Main Street \d+|\d{5} Town|Firm|Street \d+",
            r"Secret[\w .-]*|secret(\.csv|-block)?|</?mjml>|\bmjml\b|news\d*|News|Plan|plan|Hello|Everyone|test|email",
        )
    )
)
WORD = re.compile(r"[^\W\d_]{3,}")


class Visible(HTMLParser):
    """Collects the texts of a page that a person reads or hears."""

    def __init__(self) -> None:
        """Begin outside of everything."""
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what is spoken from the attributes."""
        if tag not in VOID:
            self.open.append(tag)
        if not QUIET & set(self.open) or tag in {"textarea", "iframe", "time"}:
            named = dict(attrs)
            self.texts.extend(str(named[name]) for name in SPOKEN if named.get(name) and tag not in {"time", "code"})

    def handle_endtag(self, tag: str) -> None:
        """Leave the tag and what was not closed inside it."""
        while tag in self.open:
            if self.open.pop() == tag:
                break

    def handle_data(self, data: str) -> None:
        """Take the text."""
        if not QUIET & set(self.open) and data.strip():
            self.texts.append(" ".join(data.split()))


def untranslated(html: str) -> list[str]:
    """Return the texts that hold a word outside of the pseudo-locale's marks."""
    parser = Visible()
    parser.feed(html)
    found = []
    for each in parser.texts:
        rest = re.sub(r"⟦[^⟦⟧]*⟧", " ", each)
        while rest != (shorter := re.sub(r"⟦[^⟦⟧]*⟧", " ", rest)):
            rest = shorter
        rest = DATA.sub(" ", rest)
        if "⟦" not in rest and "⟧" not in rest and WORD.search(rest):
            found.append(each)
    return found


def in_pseudo_locale(lux: Installation, firm: Firm) -> None:
    """Let the firm's person read in the pseudo-locale."""
    with lux.db.begin(ALL_COMPANIES) as session:
        session.execute(update(User).where(User.id == firm.user_id).values(locale=PSEUDO_LOCALE, is_operator=True))


@pytest.mark.parametrize("is_full", [True, False], ids=["full company", "empty company"])
def test_every_page_is_translated(lux_sqlite: Installation, *, is_full: bool) -> None:
    """Every page that answers a GET, of a company with everything and of one with nothing."""
    lux = lux_sqlite
    firm = filled(lux, locale=PSEUDO_LOCALE) if is_full else lux.firm()
    in_pseudo_locale(lux, firm)
    client, ids = lux.client(firm), identifiers(lux, firm)
    seen, faults, unstoppable = 0, [], set()
    for rule in rules(lux):
        if "GET" not in (rule.methods or set()) or "token" in rule.arguments:
            continue
        if rule.rule.startswith("/api/"):  # the API's reference is made from its document, which is English
            continue
        values = [{}] if not rule.arguments else [{"uuid": u, "int": ids["int"][0]} for u in ids["uuid"]]
        for value in values:
            answer = client.get(path_of(rule, ids=value), follow_redirects=True)
            if answer.status_code != 200 or answer.mimetype != "text/html":
                continue
            if any(part in rule.rule for part in ("/frame", "/preview", "/mailbox/<")):  # a message is data
                continue
            seen += 1
            unstoppable |= {rule.rule} if not stop_button.stands_on(answer.text) else set()
            faults += [f"{rule.rule}: {text}" for text in untranslated(answer.get_data(as_text=True))]
    assert seen > 15
    assert unstoppable <= stop_button.ELSEWHERE, "pages without the one press that stops everything"
    assert not faults, "\n".join(sorted(set(faults)))


@pytest.mark.parametrize(
    ("method", "path", "form", "status"),
    [
        ("GET", "/contacts/00000000-0000-7000-8000-000000000000", {}, 404),
        ("GET", "/nowhere", {}, 404),
        ("POST", "/contacts", {}, 405),
        ("GET", "/contacts/imports/new", {}, 403),
        ("POST", "/segments/new", {}, 403),
    ],
)
def test_an_answer_that_says_no_is_translated(
    lux_sqlite: Installation, method: str, path: str, form: dict[str, str], status: int
) -> None:
    """What a viewer is told when there is nothing, or nothing for them."""
    firm = lux_sqlite.firm(role=Role.VIEWER)
    in_pseudo_locale(lux_sqlite, firm)
    answer = lux_sqlite.client(firm).open(path, method=method, data=form)
    assert answer.status_code == status
    assert untranslated(answer.get_data(as_text=True)) == []


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/contacts/new", {"email": "broken", "lifecycle": "lead"}),
        ("/contacts/tags", {"name": ""}),
        ("/contacts/fields", {"label": "Tags", "type": "text"}),
        ("/segments/new", {"name": ""}),
        ("/campaigns/new", {"name": ""}),
        ("/templates/new", {"name": ""}),
        ("/settings/members/invite", {"email": "broken", "role": "viewer"}),
        ("/settings/senders", {"name": "", "email": "broken"}),
        ("/companies/new", {"company": ""}),
    ],
)
def test_a_form_that_is_refused_is_translated(lux_sqlite: Installation, path: str, form: dict[str, str]) -> None:
    """Each problem beside its field, and the summary above."""
    firm = lux_sqlite.firm()
    in_pseudo_locale(lux_sqlite, firm)
    answer = lux_sqlite.client(firm).post(path, data=form)
    assert answer.status_code == 422
    assert untranslated(answer.get_data(as_text=True)) == []


def test_a_request_leaves_no_language_behind(lux_sqlite: Installation) -> None:
    """The next one on the same thread starts from the installation's own language."""
    firm = lux_sqlite.firm()
    in_pseudo_locale(lux_sqlite, firm)
    assert "⟦" in lux_sqlite.client(firm).get("/").get_data(as_text=True)
    assert locale() == DEFAULT_LOCALE
