"""What is taken from a company's website, what is refused, and what becomes of it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from lux.gate import consent
from lux.kit import clock, jobs
from lux.ledger import recount
from lux.ledger.models import Fact
from lux.rooms.contacts.models import Contact
from lux.rooms.contacts.service import erase
from lux.rooms.contacts.service.removal import confirmation_of
from lux.rooms.site import queries
from lux.rooms.site.models import SiteVisit, SiteVisitor
from lux.rooms.site.service import collecting, counting, figures, identity
from tests.factories import Installation
from tests.rooms.site import sites
from tests.rooms.site.sites import ADA, BEN, ORIGIN, Site, event, form, view


def facts_of(site: Site, *kinds: str) -> list[Fact]:
    with site.lux.db.read(site.firm.id) as session:
        query = select(Fact).where(Fact.channel == "web").order_by(Fact.id)
        return [fact for fact in session.scalars(query) if not kinds or fact.kind in kinds]


def token(site: Site, contact_id: int, host: str = "example.com") -> str:
    return identity.mint(site.lux.settings, identity.CLICK, company_id=site.firm.id, number=contact_id, host=host)


def test_a_visit_is_counted_with_its_campaign_and_without_the_rest_of_its_address(lux: Installation) -> None:
    """Views make one visit; utm_ parameters stay, everything else of a query is not kept."""
    site = sites.made(lux)
    query = "?utm_source=letter&utm_campaign=spring&session=secret"
    site.send(view("/shop", query=query, referrer="https://search.example/find?q=private"))
    site.send(view("/shop/shoes"))
    [first, second] = facts_of(site, "page.viewed")
    assert first.properties == {
        "page": "/shop", "host": "www.example.com", "utm_source": "letter", "utm_campaign": "spring",
    }  # fmt: skip
    assert first.contact_id is None
    assert first.unit_id == second.unit_id
    with lux.db.read(site.firm.id) as session:
        [visit] = session.scalars(select(SiteVisit)).all()
        assert (visit.views, visit.source, visit.campaign, visit.referrer) == (2, "letter", "spring", "search.example")
        found = figures.figures(session, 7)
    assert found.visits == (1, 1, 0)
    assert found.totals["view"] == 2
    assert dict(found.pages) == {"www.example.com/shop": 1, "www.example.com/shop/shoes": 1}
    assert found.sources == [("letter", 1, 1)]
    assert sum(found.by_day.values()) == 1


def test_a_break_or_another_campaign_begins_another_visit(lux_sqlite: Installation) -> None:
    """Half an hour ends a visit; so does the click of another campaign."""
    site = sites.made(lux_sqlite)
    with time_machine.travel(clock.now(), tick=False) as time:
        site.send(view())
        time.shift(timedelta(minutes=29))
        site.send(view("/b"))
        time.shift(timedelta(minutes=31))
        site.send(view("/c"))
        site.send(view("/d", query="?utm_source=letter"))
    with lux_sqlite.db.read(site.firm.id) as session:
        assert [one.views for one in session.scalars(select(SiteVisit).order_by(SiteVisit.id))] == [2, 1, 1]
        assert session.scalars(select(SiteVisitor)).one().visits == 3


def test_addresses_of_pages_hide_people_and_secrets(lux_sqlite: Installation) -> None:
    """A path may hold an e-mail address or a reset link's token: neither is kept."""
    site = sites.made(lux_sqlite)
    site.send(view("/u/ada@example.com/reset/9f86d081884c7d659a2feaa0c55ad015"), view("/products/blue-shoes-2026"))
    assert [fact.properties["page"] for fact in facts_of(site)] == ["/u/…/reset/…", "/products/blue-shoes-2026"]


def test_own_events_and_conversions_carry_what_they_say(lux: Installation) -> None:
    """A custom event keeps its properties; a conversion its amount, in minor units, and the day's revenue grows."""
    site = sites.made(lux)
    order = event("order", kind="conversion", value=49.9, currency="EUR")
    told = site.send(view(), event("video_watched", title="Tour", seconds=90), order, event("Not a name!"))
    assert told == {"accepted": 3, "refused": 1}
    [watched] = facts_of(site, "custom.video_watched")
    assert (watched.properties["title"], watched.properties["seconds"]) == ("Tour", 90)
    [converted] = facts_of(site, "site.converted")
    assert (converted.value_minor, converted.currency, converted.properties["goal"]) == (4990, "EUR", "order")
    with lux.db.read(site.firm.id) as session:
        found = figures.figures(session, 7)
    assert [money.minor for money in found.revenue] == [4990]
    assert found.conversions == [("order", 1)]


def test_a_click_in_a_mail_says_who_comes_and_what_they_did_before_becomes_theirs(lux: Installation) -> None:
    """The sealed word joins browser and contact, also for views from before; other browsers stay unknown."""
    site = sites.made(lux)
    [ada] = lux.contacts(site.firm)
    site.send(view("/before"))
    site.send(view("/elsewhere"), visitor=BEN)
    site.send(view("/after"), i=token(site, ada))
    assert [(f.properties["page"], f.contact_id) for f in facts_of(site)] == [
        ("/before", ada), ("/elsewhere", None), ("/after", ada),
    ]  # fmt: skip
    with lux.db.read(site.firm.id) as session:
        assert queries.visitors_of(session, ada)[0].known_by == "click"
        assert session.get_one(Contact, ada).last_activity_at is not None


def test_a_word_is_good_once_for_its_domain_and_not_for_long(lux: Installation) -> None:
    """Shown twice, late, by another company, for another domain, or changed: it says nothing."""
    site = sites.made(lux)
    [ada] = lux.contacts(site.firm)
    first = token(site, ada)
    site.send(view(), i=first)
    site.send(view(), visitor=BEN, i=first)
    site.send(view(), visitor="c" * 32, i=token(site, ada, host="other.example"))
    site.send(view(), visitor="d" * 32, i="A" + token(site, ada)[1:])
    with time_machine.travel(clock.now() - timedelta(minutes=16)):
        old = token(site, ada)
    site.send(view(), visitor="e" * 32, i=old)
    foreign = sites.made(lux, host="example.com")
    site.send(view(), visitor="f" * 32, i=token(foreign, ada))
    assert [fact.contact_id for fact in facts_of(site)] == [ada, None, None, None, None, None]


def test_an_address_in_a_form_leads_to_its_contact_and_gives_no_consent(lux: Installation) -> None:
    """A new address makes a contact that may not be written to; password and card never arrive."""
    site = sites.made(lux)
    site.send(view("/pricing"))
    secret = {"password": "mauve", "cvc": "123", "note": "4111 1111 1111 1111"}
    site.send(form(email="Ada@Example.com", first_name="Ada", message="Hello", **secret))
    with lux.db.read(site.firm.id) as session:
        contact = session.scalars(select(Contact)).one()
        assert (contact.email_key, contact.first_name, contact.source) == (
            "ada@example.com",
            "Ada",
            "Website: Newsletter",
        )
        assert not consent.status(session, "email", ["ada@example.com"])["ada@example.com"].is_mailable
    [sent] = facts_of(site, "form.submitted")
    assert sent.properties["fields"] == {"email": "Ada@Example.com", "first_name": "Ada", "message": "Hello"}
    assert {fact.contact_id for fact in facts_of(site)} == {contact.id}


def test_a_click_outlasts_what_is_typed(lux_sqlite: Installation) -> None:
    """Who comes from a mail and types a friend's address stays who they are; the form alone is the friend's."""
    site = sites.made(lux_sqlite)
    ada, friend = lux_sqlite.contacts(site.firm, 2, email="friend@example.com")[::-1]
    site.send(view("/gifts"), form(email="friend@example.com"), i=token(site, ada))
    site.send(view("/later"))
    assert [fact.contact_id for fact in facts_of(site)] == [ada, friend, ada]
    site.send(view("/mine"), form(email="friend@example.com"), visitor=BEN)
    site.send(view("/mine"), visitor=BEN, i=token(site, ada))
    assert [fact.contact_id for fact in facts_of(site)][3:] == [friend, friend, ada]


def test_a_stranger_who_types_somebodys_address_changes_nothing_about_them(lux_sqlite: Installation) -> None:
    """An existing contact is not rewritten; what was typed stands in the fact alone."""
    site = sites.made(lux_sqlite)
    [ada] = lux_sqlite.contacts(site.firm, email="ada@example.com", first_name="Ada", last_name="")
    site.send(form(email="ada@example.com", first_name="Mallory", last_name="Mallet"))
    with lux_sqlite.db.read(site.firm.id) as session:
        found = session.get_one(Contact, ada)
        assert (found.first_name, found.last_name) == ("Ada", "")
    assert facts_of(site)[0].contact_id == ada


def test_a_form_without_one_clear_address_keeps_no_answers(lux_sqlite: Installation) -> None:
    """What nobody's erasure would find is not kept: the names of the fields alone."""
    site = sites.made(lux_sqlite)
    site.send(form("Survey", opinion="I live at 5 Main Street"), form("Two", a="a@example.com", b="b@example.com"))
    for fact in facts_of(site, "form.submitted"):
        assert fact.contact_id is None
        assert "fields" not in fact.properties
        assert fact.properties["asked"]


def test_forms_make_a_bounded_number_of_contacts(lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of invented addresses ends at the hour's limit; the forms themselves are still counted."""
    monkeypatch.setattr("lux.rooms.site.service.captured.NEW_PER_HOUR", 2)
    site = sites.made(lux_sqlite)
    for number in range(4):
        site.send(form(email=f"flood{number}@example.com"), visitor=f"{number}" * 32)
    with lux_sqlite.db.read(site.firm.id) as session:
        assert session.scalar(select(func.count(Contact.id))) == 2
    assert len(facts_of(site, "form.submitted")) == 4


def test_forms_are_taken_only_where_the_company_wants_it(lux_sqlite: Installation) -> None:
    """Switched off, a form is refused and nobody is made."""
    site = sites.made(lux_sqlite, captures_forms=False)
    assert site.send(view(), form(email="ada@example.com")) == {"accepted": 1, "refused": 1}


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (ORIGIN, 202),
        ("https://example.com", 202),
        ("http://shop.example.com:8080", 202),
        ("https://example.com.evil.example", 403),
        ("https://notexample.com", 403),
        ("null", 403),
        (None, 403),
    ],
)
def test_only_registered_domains_are_listened_to(lux_sqlite: Installation, origin: str | None, status: int) -> None:
    """The browser's Origin decides; others are refused and not shown the answer either."""
    site = sites.made(lux_sqlite)
    page = view(origin=origin or ORIGIN)
    answer = site.post({"v": ADA, "e": [page]}, origin=origin)
    assert answer.status_code == status
    assert answer.headers.get("Access-Control-Allow-Origin") == (origin if status == 202 else None)
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert len(facts_of(site)) == (1 if status == 202 else 0)


def test_what_can_not_be_used_is_refused_with_the_reason(lux_sqlite: Installation) -> None:
    """Unknown key, no JSON, too long, too many, unknown fields, without a visitor: a 4xx that says which."""
    site = sites.made(lux_sqlite)
    assert Site(lux_sqlite, site.firm, "nobody").post({}).status_code == 404
    assert site.post("no json").status_code == 400
    assert site.post(b"\xff\xfe").status_code == 400
    assert site.post({"v": ADA, "e": [view()] * 21}).status_code == 400
    assert site.post({"v": "short", "e": []}).status_code == 400
    assert site.post({"v": ADA, "x": 1}).status_code == 400
    assert site.post({"e": [view()]}).status_code == 400
    too_large = site.post({"v": ADA, "e": [], "u": "x" * 20_000})
    assert (too_large.status_code, too_large.get_json()["code"]) == (413, "too_large")
    assert too_large.headers["Access-Control-Allow-Origin"] == ORIGIN
    claim = {"CONTENT_LENGTH": str(10**15)}  # nothing of that size is ever made ready for it
    said = lux_sqlite.client().post(f"/s/{site.key}/collect", headers={"Origin": ORIGIN}, environ_overrides=claim)
    assert (said.status_code, said.get_json()["code"]) == (413, "too_large")
    odd = {"t": "event", "n": "odd", "u": f"{ORIGIN}/", "p": {"nul\x00": "a\x00b", "n": 1e300}}
    assert site.send(odd, {"t": "unknown"}, view(origin="https://else.example"))["refused"] == 2
    assert facts_of(site)[0].properties == {"nul": "a b", "page": "/", "host": "www.example.com"}


def test_too_many_requests_have_to_wait(lux: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """One address and one site have limits shared by all processes; the answer says how long."""
    site = sites.made(lux)
    monkeypatch.setattr(collecting, "PER_ADDRESS", 3)
    with time_machine.travel(clock.now().replace(second=1), tick=False):
        answers = [site.post({"v": ADA, "e": [view()]}) for _ in range(5)]
    assert [one.status_code for one in answers] == [202, 202, 202, 429, 429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert len(facts_of(site)) == 3


def test_one_sender_can_not_use_up_the_share_of_all_visitors(
    lux: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = sites.made(lux)
    monkeypatch.setattr(collecting, "PER_ADDRESS", 2)
    monkeypatch.setattr(collecting, "PER_SITE", 4)
    raw = json.dumps({"v": ADA, "e": [view()]}).encode()

    def sent(address: str) -> int:
        asked = collecting.Asked(key=site.key, origin=ORIGIN, address=address, agent=sites.BROWSER)
        return collecting.take(lux.db, asked, raw).status

    with time_machine.travel(clock.now().replace(second=1), tick=False):
        assert [sent("192.0.2.1") for _ in range(9)] == [202] * 2 + [429] * 7
        assert [sent("192.0.2.2"), sent("192.0.2.3")] == [202, 202]


def test_robots_and_visitors_whose_browser_says_no_are_not_counted(lux_sqlite: Installation) -> None:
    """They get 202 and are told that nothing was kept; with the company's setting off, the signal does not count."""
    site = sites.made(lux_sqlite)
    body = {"v": ADA, "e": [view()]}
    robot = site.post(body, agent="Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")
    assert robot.get_json() == {"accepted": 0, "reason": "bot"}
    for name in ("Sec-GPC", "DNT"):
        assert site.post(body, **{name: "1"}).get_json() == {"accepted": 0, "reason": "privacy_signal"}
    assert not facts_of(site)
    open_site = sites.made(lux_sqlite, respects_signals=False)
    assert open_site.post(body, **{"Sec-GPC": "1"}).get_json()["accepted"] == 1


def test_a_yes_taken_back_cuts_the_browser_off(lux: Installation) -> None:
    """Its number leads nowhere any more; the same number later is a stranger. What was counted stays."""
    site = sites.made(lux)
    [ada] = lux.contacts(site.firm)
    site.send(view(), i=token(site, ada))
    assert site.send({"t": "withdraw"})["withdrawn"] is True
    with lux.db.read(site.firm.id) as session:
        assert not queries.visitors_of(session, ada)
        assert figures.figures(session, 7).visits.visits == 1
    site.send(view("/later"))
    assert facts_of(site)[-1].contact_id is None


def test_an_erased_person_is_cut_off_from_what_they_did(lux: Installation) -> None:
    """Facts lose contact and properties, the browser its number; counts stay true."""
    site = sites.made(lux)
    [ada] = lux.contacts(site.firm)
    site.send(view("/private", referrer="https://friend.example/"), i=token(site, ada))
    with lux.db.begin(site.firm.id) as session:
        contact = session.get_one(Contact, ada)
        erase(session, contact, site.firm.person, confirmation=confirmation_of(contact))
    with lux.db.read(site.firm.id) as session:
        visit = session.scalars(select(SiteVisit)).one()
        assert (visit.entry_page, visit.referrer, visit.views) == ("", "", 1)
        assert session.scalars(select(SiteVisitor)).one().contact_id is None
        assert figures.figures(session, 7).totals["view"] == 1
    [fact] = facts_of(site)
    assert (fact.contact_id, fact.properties) == (None, {})
    assert not [row for row in recount.rebuild(lux.db, site.firm.id, is_dry=True) if row.differing]
    site.send(view("/again"))
    assert facts_of(site)[-1].contact_id is None


def test_visitors_are_forgotten_when_their_time_is_over(lux: Installation) -> None:
    """The daily job removes who was not seen for as long as the company keeps them; counts per day stay."""
    site = sites.made(lux, keep_days=30)
    with time_machine.travel(clock.now() - timedelta(days=31)):
        site.send(view("/old"))
    site.send(view("/new"), visitor=BEN)
    with lux.db.begin(site.firm.id) as session:
        jobs.enqueue(session, "site.clean_up", {})
    lux.work()
    with lux.db.read(site.firm.id) as session:
        assert [one.entry_page for one in session.scalars(select(SiteVisit))] == ["www.example.com/new"]
        assert figures.figures(session, 90).totals["view"] == 2


def test_a_day_holds_a_bounded_number_of_pages(lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who invents addresses fills one line, not a table."""
    monkeypatch.setattr(counting, "MOST_VALUES", 3)
    site = sites.made(lux_sqlite)
    for number in range(6):
        site.send(view(f"/p{number}"))
    with lux_sqlite.db.read(site.firm.id) as session:
        found = dict(figures.figures(session, 7).pages)
    assert found[counting.OTHERS] == 3
    assert sum(found.values()) == 6


def test_days_are_the_companys(lux_sqlite: Installation) -> None:
    """A visit at half past eleven at night UTC is the next day's in Berlin."""
    site = sites.made(lux_sqlite)
    with time_machine.travel("2026-06-01T22:30:00Z", tick=False):
        site.send(view())
        with lux_sqlite.db.read(site.firm.id) as session:
            found = figures.figures(session, 7)
    assert str(found.last) == "2026-06-02"
    assert found.by_day[found.last] == 1
    assert found.visits.visits == 1


def test_one_companys_site_says_nothing_to_another(lux: Installation) -> None:
    """The same domain in two companies: each key leads to its own, browsers and figures stay apart."""
    one, two = sites.made(lux), sites.made(lux)
    one.send(view("/one"))
    with lux.db.read(two.firm.id) as session:
        assert not figures.has_any(session)
        assert session.scalars(select(SiteVisitor)).all() == []
    assert [fact.properties["page"] for fact in facts_of(one)] == ["/one"]
    assert not facts_of(two)
