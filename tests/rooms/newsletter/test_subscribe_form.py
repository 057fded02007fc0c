"""The subscribe form: anybody may ask, nobody learns who is there, and only who confirms becomes a contact."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy import func, select

from lux.gate import consent
from lux.gate.consent import ConsentState, SuppressionReason
from lux.identity.access import Role
from lux.kit import clock
from lux.ledger.models import Fact
from lux.rooms.contacts.models import Contact, Lifecycle
from lux.rooms.newsletter import opt_in_pages
from lux.rooms.newsletter.models import OptIn, SubscribeForm
from lux.rooms.segments.models import Segment, SegmentMember
from tests.rooms.newsletter.conftest import link, mails

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from tests.factories import Firm, Installation

SETTINGS = "/settings/subscribe-form/"
ADA = "ada@example.com"


def opened(lux: Installation, firm: Firm, **values: str) -> str:
    """Switch the form on; returns its path."""
    form = {"is_on": "on", "title": "", "intro": "", "wording": "", "list_id": "", "version": "0"} | values
    answer = lux.client(firm).post(SETTINGS, data=form)
    assert answer.status_code == 303, answer.text
    with lux.db.read(firm.id) as session:
        return f"/subscribe/{session.scalars(select(SubscribeForm.code)).one()}"


def fill(lux: Installation, path: str, email: str = ADA, address: str = "192.0.2.1", **values: str) -> TestResponse:
    """Fill the form in."""
    sender = {"REMOTE_ADDR": address}
    return lux.client().post(path, data={"email": email, "name": "", **values}, environ_overrides=sender)


def contacts(lux: Installation, firm: Firm) -> list[Contact]:
    """Return all contacts."""
    with lux.db.read(firm.id) as session:
        return list(session.scalars(select(Contact)))


def test_from_the_form_to_a_contact_who_may_be_written_to(lux: Installation) -> None:
    firm = lux.firm("Ada & Sons")
    with lux.db.begin(firm.id) as session:
        segment = Segment(name="Readers", name_key="readers", is_dynamic=False)
        session.add(segment)
        session.flush()
        list_id = str(segment.public_id)
    path = opened(lux, firm, title="Our news", intro="Once a month.", wording="Yes, write to me.", list_id=list_id)
    page = lux.client().get(path).get_data(as_text=True)
    for words in ("Our news", "Once a month.", "Yes, write to me.", "Ada &amp; Sons"):
        assert words in page
    assert "<script" not in page
    answer = fill(lux, path, name="Ada King Lovelace")
    assert "Look into your mailbox" in answer.get_data(as_text=True)
    assert contacts(lux, firm) == [], "nobody is stored as a contact before they confirm"
    ((recipient, text),) = mails(lux)
    assert ADA in recipient
    assert "Lovelace" not in text, "what a stranger typed is not mailed to anybody"
    lux.client().post(link(text))
    (contact,) = contacts(lux, firm)
    assert (contact.email, contact.first_name, contact.last_name) == (ADA, "Ada", "King Lovelace")
    assert (contact.lifecycle, contact.source) == (Lifecycle.NEWSLETTER, "subscribe form")
    with lux.db.read(firm.id) as session:
        standing = consent.status(session, "email", [ADA])[ADA]
        assert session.scalars(select(SegmentMember.contact_id)).all() == [contact.id]
        kinds = set(session.scalars(select(Fact.kind).where(Fact.contact_id == contact.id)))
    assert standing.is_mailable
    assert (standing.basis, standing.wording, standing.source) == (
        "double_opt_in",
        "Yes, write to me.",
        "subscribe form",
    )
    assert standing.proof["asked"]["ip"] == "192.0.2.1"
    assert {"contact.created", "form.submitted"} <= kinds


def test_everybody_gets_the_same_answer(lux_sqlite: Installation) -> None:
    """Known or not, asked, blocked or subscribed already: the page says nothing of it."""
    lux, firm = lux_sqlite, lux_sqlite.firm()
    path = opened(lux, firm)
    lux.contacts(firm, email="subscribed@example.com")
    with lux.db.begin(firm.id) as session:
        consent.suppress(
            session, channel="email", address_key="blocked@example.com", reason=SuppressionReason.COMPLAINED
        )
    addresses = ("new@example.com", "new@example.com", "subscribed@example.com", "blocked@example.com")
    said = {fill(lux, path, one).get_data(as_text=True) for one in addresses}
    trapped = fill(lux, path, "bot@example.com", homepage="https://spam.example")
    assert said == {trapped.get_data(as_text=True)}
    assert [recipient for recipient, _text in mails(lux)] == ["new@example.com"]


def test_what_is_no_address_is_said_and_nothing_typed_is_lost(lux_sqlite: Installation) -> None:
    path = opened(lux_sqlite, lux_sqlite.firm())
    answer = fill(lux_sqlite, path, "ada at example", name="Ada")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "is not an e-mail address" in page
    assert 'value="Ada"' in page
    assert 'value="ada at example"' in page


def test_one_sender_can_not_ask_for_everybody(lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opt_in_pages, "PER_HOUR", 2)
    lux = lux_sqlite
    path = opened(lux, lux.firm())
    assert [fill(lux, path, f"a{n}@example.com").status_code for n in range(2)] == [200, 200]
    refused = fill(lux, path, "a3@example.com")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) <= 3600
    assert fill(lux, path, "a3@example.com", "192.0.2.2").status_code == 200


def test_who_unsubscribed_may_come_back_by_their_own_hand(lux_sqlite: Installation) -> None:
    lux, firm = lux_sqlite, lux_sqlite.firm()
    path = opened(lux, firm)
    (contact_id,) = lux.contacts(firm, email=ADA, first_name="Ada", last_name="Lovelace")
    with lux.db.begin(firm.id) as session:
        consent.withdraw(session, channel="email", address_key=ADA, contact_id=contact_id, source="unsubscribe page")
    fill(lux, path, name="Somebody Else")
    lux.client().post(link(mails(lux)[-1][1]))
    (contact,) = contacts(lux, firm)
    assert (contact.first_name, contact.last_name) == ("Ada", "Lovelace"), "a stranger's words replace nothing"
    with lux.db.read(firm.id) as session:
        standing = consent.status(session, "email", [ADA])[ADA]
    assert (standing.state, standing.suppressed) == (ConsentState.GIVEN, None)


def test_a_contact_in_the_trash_stays_there(lux_sqlite: Installation) -> None:
    lux, firm = lux_sqlite, lux_sqlite.firm()
    path = opened(lux, firm)
    (contact_id,) = lux.contacts(firm, email=ADA, with_consent=False)
    with lux.db.begin(firm.id) as session:
        session.get_one(Contact, contact_id).trashed_at = clock.now()
    fill(lux, path)
    assert "You are subscribed" in lux.client().post(link(mails(lux)[-1][1])).get_data(as_text=True)
    assert contacts(lux, firm)[0].trashed_at is not None


def test_switched_off_it_leads_nowhere(lux_sqlite: Installation) -> None:
    lux, firm = lux_sqlite, lux_sqlite.firm()
    path = opened(lux, firm)
    form = {"title": "", "intro": "", "wording": "", "list_id": "", "version": "1"}
    assert lux.client(firm).post(SETTINGS, data=form).status_code == 303
    assert lux.client().get(path).status_code == fill(lux, path).status_code == 404
    assert lux.client().get("/subscribe/nothing").status_code == 404
    assert mails(lux) == []


def test_the_snippet_works_on_a_foreign_page(lux_sqlite: Installation) -> None:
    """Plain HTML: its fields are what the form reads, it needs no cookie, and another origin may post it."""
    lux, firm = lux_sqlite, lux_sqlite.firm('Quote" & <b>Co</b>')
    path = opened(lux, firm)
    page = lux.client(firm).get(SETTINGS).get_data(as_text=True)
    snippet = unescape(page[page.index("&lt;form action=") : page.index("&lt;/form&gt;")])
    assert path in snippet
    assert "<b>Co" not in snippet
    assert "<script" not in snippet
    names = re.findall(r'<input name="(\w+)"', snippet)
    assert names == ["name", "email", "homepage"]
    lux.app.config["WTF_CSRF_ENABLED"] = True
    values = dict.fromkeys(names, "") | {"email": ADA}
    answer = lux.client().post(path, data=values, headers={"Origin": "https://shop.example"})
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert len(mails(lux)) == 1


def test_the_settings_name_what_is_wrong_and_who_was_faster(lux_sqlite: Installation) -> None:
    lux, firm = lux_sqlite, lux_sqlite.firm()
    opened(lux, firm)
    form = {"is_on": "on", "title": "Mine", "intro": "", "wording": "", "list_id": "", "version": "0"}
    late = lux.client(firm).post(SETTINGS, data=form)
    assert late.status_code == 409
    assert 'value="Mine"' in late.get_data(as_text=True)
    unknown = lux.client(firm).post(SETTINGS, data=form | {"version": "1", "list_id": "nobody"})
    assert unknown.status_code == 422
    assert lux.client(lux.member(firm.id, Role.MARKETER)).get(SETTINGS).status_code == 403


def test_a_list_that_was_thrown_away_is_told_of(lux_sqlite: Installation) -> None:
    lux, firm = lux_sqlite, lux_sqlite.firm()
    with lux.db.begin(firm.id) as session:
        segment = Segment(name="Readers", name_key="readers", is_dynamic=False)
        session.add(segment)
        session.flush()
        list_id = str(segment.public_id)
    opened(lux, firm, list_id=list_id)
    client = lux.client(firm)
    assert "in the trash, or gone" not in client.get(SETTINGS).text
    client.post(f"/segments/{list_id}/trash")
    assert "in the trash, or gone" in client.get(SETTINGS).text


def test_companies_have_forms_of_their_own(lux: Installation) -> None:
    first, second = lux.firm(), lux.firm()
    path = opened(lux, first)
    opened(lux, second)
    fill(lux, path)
    lux.client().post(link(mails(lux)[-1][1]))
    assert len(contacts(lux, first)) == 1
    assert contacts(lux, second) == []


def test_asking_again_the_next_day_keeps_one_row(lux_sqlite: Installation) -> None:
    lux, firm = lux_sqlite, lux_sqlite.firm()
    path = opened(lux, firm)
    fill(lux, path)
    with time_machine.travel(clock.now() + timedelta(days=1, minutes=1)):
        fill(lux, path)
        assert len(mails(lux)) == 2
    with lux.db.read(firm.id) as session:
        assert session.scalar(select(func.count()).select_from(OptIn)) == 1
