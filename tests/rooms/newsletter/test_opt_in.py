"""Double opt-in: who is asked, how often, and that only a press on the page behind the link counts, once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import func, select

from lux.gate import consent
from lux.gate.consent import ConsentEntry, ConsentState, Standing, SuppressionReason
from lux.gate.models import ApprovalDecision, FeatureToggle
from lux.gate.states import Method
from lux.identity import api_keys, companies
from lux.identity.api_keys import Scope
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.ledger.models import Fact
from lux.rooms.contacts.models import Contact
from lux.rooms.contacts.queries import people
from lux.rooms.contacts.service import removal
from lux.rooms.newsletter import opt_in
from lux.rooms.newsletter.models import OptIn
from tests.rooms.newsletter.conftest import link, mails

if TYPE_CHECKING:
    from tests.factories import Firm, Installation

ADA = "ada@example.com"


def deliver(lux: Installation, firm: Firm, **fields: Any) -> dict[str, Any]:
    """Deliver somebody as Zapier does; returns the answer."""
    with lux.db.begin(firm.id) as session:
        shown = api_keys.issue(session, name="Zap", scopes=[Scope.ZAPIER], by=firm.person)[1]
    body = {"email": ADA, "source": "Website newsletter"} | fields
    answer = lux.client().post("/api/webhook/zapier-contact", headers={"X-API-Key": shown}, json=body)
    assert answer.status_code in {200, 201}, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def standing(lux: Installation, firm: Firm, address: str = ADA) -> Standing:
    """Return what is known of an address."""
    with lux.db.read(firm.id) as session:
        return consent.status(session, "email", [address])[address]


def asked(lux: Installation, firm: Firm) -> str:
    """Let Ada be asked; returns the path of her link."""
    assert deliver(lux, firm)["double_opt_in"] == "sent"
    return link(mails(lux)[-1][1])


def tags(lux: Installation, firm: Firm) -> list[str]:
    """Return the tags of the one contact."""
    with lux.db.read(firm.id) as session:
        contact = session.scalars(select(Contact)).one()
        return [tag.name for tag in people.tags_of(session, [contact.id]).get(contact.id, [])]


def test_from_a_delivery_without_consent_to_a_consent_with_its_proof(lux: Installation) -> None:
    firm = lux.firm("Ada & Sons")
    answer = deliver(lux, firm)
    assert (answer["mailable"], answer["double_opt_in_needed"], answer["double_opt_in"]) == (False, True, "sent")
    ((recipient, text),) = mails(lux)
    assert ADA in recipient
    assert "Ada & Sons" in text
    assert standing(lux, firm).state is ConsentState.REQUESTED
    assert "double opt-in needed" in tags(lux, firm)
    path, browser = link(text), {"User-Agent": "Ada's browser"}
    shown = lux.client().get(path, headers=browser).get_data(as_text=True)
    assert "Shall a•••@example.com get e-mails from Ada &amp; Sons?" in shown
    done = lux.client().post(path, headers=browser, environ_overrides={"REMOTE_ADDR": "192.0.2.9"})
    assert "You are subscribed" in done.get_data(as_text=True)
    found = standing(lux, firm)
    assert found.is_mailable
    assert (found.basis, found.source) == ("double_opt_in", "Website newsletter")
    assert found.wording in shown.replace("&amp;", "&"), "the proof is what the page said"
    assert (found.proof["ip"], found.proof["agent"]) == ("192.0.2.9", "Ada's browser")
    assert found.proof["asked"]["via"] == "zapier"
    assert found.at is not None
    assert clock.now() - found.at < timedelta(minutes=5)
    assert tags(lux, firm) == []
    with lux.db.read(firm.id) as session:
        kinds = list(session.scalars(select(Fact.kind).where(Fact.kind.like("consent.%")).order_by(Fact.id)))
        (contact,) = session.scalars(select(Contact))
        given = session.scalars(select(Fact).where(Fact.kind == "consent.given")).one()
    assert kinds == ["consent.requested", "consent.given"]
    assert given.contact_id == contact.id


def test_scanners_that_open_the_link_confirm_nothing(lux: Installation) -> None:
    firm = lux.firm()
    path = asked(lux, firm)
    for method in ("get", "head", "options", "get"):
        assert getattr(lux.client(), method)(path).status_code in {200, 405}
    assert standing(lux, firm).state is ConsentState.REQUESTED


def test_a_link_works_once_also_after_an_unsubscribe(lux: Installation) -> None:
    firm = lux.firm()
    path = asked(lux, firm)
    lux.client().post(path)
    with lux.db.begin(firm.id) as session:
        consent.withdraw(session, channel="email", address_key=ADA, source="unsubscribe page")
    again = lux.client().post(path).get_data(as_text=True)
    assert "confirmed already" in again
    assert not standing(lux, firm).is_mailable


def test_a_link_ends_after_seven_days_and_a_newer_one_replaces_it(lux_sqlite: Installation) -> None:
    lux = lux_sqlite
    firm = lux.firm()
    first = asked(lux, firm)
    with time_machine.travel(clock.now() + timedelta(days=2)):
        second = asked(lux, firm)
        assert lux.client().post(first).status_code == 404
    with time_machine.travel(clock.now() + timedelta(days=9, minutes=1)):
        assert "too old" in lux.client().get(second).get_data(as_text=True)
        lux.client().post(second)
        assert standing(lux, firm).state is ConsentState.REQUESTED
    lux.client().post(second)
    assert standing(lux, firm).is_mailable


@pytest.mark.parametrize("path", ["/confirm/x", f"/confirm/{'x' * 43}", "/confirm/../../etc", "/confirm/%00"])
def test_what_is_no_link_of_ours_says_nothing(lux_sqlite: Installation, path: str) -> None:
    for method in ("get", "post"):
        assert getattr(lux_sqlite.client(), method)(path).status_code == 404


def test_an_address_is_asked_once_a_day(lux_sqlite: Installation) -> None:
    lux = lux_sqlite
    firm = lux.firm()
    found = [deliver(lux, firm)["double_opt_in"] for _ in range(3)]
    assert found == ["sent", "asked_before", "asked_before"]
    assert len(mails(lux)) == 1
    with time_machine.travel(clock.now() + timedelta(hours=24, minutes=1)):
        assert deliver(lux, firm)["double_opt_in"] == "sent"
        assert len(mails(lux)) == 2


def test_a_company_that_runs_wild_is_held_and_asks_later(
    lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opt_in, "PER_HOUR", 2)
    lux = lux_sqlite
    firm, other = lux.firm(), lux.firm()
    found = [deliver(lux, firm, email=f"a{n}@example.com")["double_opt_in"] for n in range(3)]
    assert found == ["sent", "sent", "too_many"]
    assert deliver(lux, other)["double_opt_in"] == "sent"
    with time_machine.travel(clock.now() + timedelta(hours=1, minutes=1)):
        assert deliver(lux, firm, email="a2@example.com")["double_opt_in"] == "sent"


def test_one_address_is_not_flooded_by_many_companies(lux_sqlite: Installation) -> None:
    """The cap of system mails counts over all companies of the installation."""
    found = [deliver(lux_sqlite, lux_sqlite.firm())["double_opt_in"] for _ in range(11)]
    assert found == ["sent"] * 10 + ["too_many"]


def test_a_yes_needs_no_question(lux_sqlite: Installation) -> None:
    firm = lux_sqlite.firm()
    answer = deliver(lux_sqlite, firm, consent=True)
    assert (answer["mailable"], answer["double_opt_in_needed"], answer["double_opt_in"]) == (True, False, "not_needed")
    assert mails(lux_sqlite) == []
    assert deliver(lux_sqlite, firm, email="b@example.com", source="order")["double_opt_in"] == "not_needed"
    assert mails(lux_sqlite) == []


@pytest.mark.parametrize("reason", [one for one in SuppressionReason if one is not SuppressionReason.UNSUBSCRIBED])
def test_a_block_is_never_asked_and_never_undone(lux_sqlite: Installation, reason: SuppressionReason) -> None:
    lux, firm = lux_sqlite, lux_sqlite.firm()
    path = asked(lux, firm)
    with lux.db.begin(firm.id) as session:
        consent.suppress(session, channel="email", address_key=ADA, reason=reason)
    assert "stopped for another reason" in lux.client().post(path).get_data(as_text=True)
    assert standing(lux, firm).suppressed is reason
    assert not standing(lux, firm).is_mailable
    with time_machine.travel(clock.now() + timedelta(days=60)):
        assert deliver(lux, firm, consent=True)["double_opt_in"] == "blocked"
        assert len(mails(lux)) == 1


def test_who_unsubscribed_is_asked_again_only_where_they_agreed_anew_and_rarely(lux_sqlite: Installation) -> None:
    lux, firm = lux_sqlite, lux_sqlite.firm()
    with lux.db.begin(firm.id) as session:
        consent.withdraw(session, channel="email", address_key=ADA, source="unsubscribe page")
    assert deliver(lux, firm)["double_opt_in"] == "refused_before"
    assert deliver(lux, firm, consent=False)["double_opt_in"] == "refused_before"
    assert deliver(lux, firm, consent=True)["double_opt_in"] == "sent"
    with time_machine.travel(clock.now() + timedelta(days=2)):
        assert deliver(lux, firm, consent=True)["double_opt_in"] == "asked_before"
    assert standing(lux, firm).state is ConsentState.WITHDRAWN, "the no counts until they press"
    lux.client().post(link(mails(lux)[-1][1]))
    assert standing(lux, firm).is_mailable


def test_consent_false_takes_nothing_back(lux_sqlite: Installation) -> None:
    firm = lux_sqlite.firm()
    deliver(lux_sqlite, firm, consent=True)
    answer = deliver(lux_sqlite, firm, consent=False)
    assert (answer["mailable"], answer["double_opt_in"]) == (True, "not_needed")


def test_it_leaves_as_a_system_act_whatever_the_switch_says(lux_sqlite: Installation) -> None:
    """A fixed template to one recipient under an automatic decision; `channel_email` is off."""
    firm = lux_sqlite.firm()
    deliver(lux_sqlite, firm)
    assert len(mails(lux_sqlite)) == 1
    with lux_sqlite.db.read(firm.id) as session:
        assert session.scalar(select(func.count()).select_from(FeatureToggle)) == 0
        assert session.scalars(select(ApprovalDecision.method)).one() is Method.SYSTEM


def test_the_mail_speaks_the_contacts_language_and_uses_the_companys_address(lux_sqlite: Installation) -> None:
    lux, firm = lux_sqlite, lux_sqlite.firm()
    with lux.db.begin(ALL_COMPANIES) as session:
        companies.by_id(session, firm.id).public_url = "https://mail.example.org"
    deliver(lux, firm, language="de")
    ((_to, text),) = mails(lux)
    assert "https://mail.example.org/confirm/" in text
    with lux.db.read(firm.id) as session:
        row = session.scalars(select(OptIn)).one()
    assert row.locale in {"de", "en"}
    assert link(text).removeprefix("/confirm/") not in {row.token_hash, row.wording}, "the link is nowhere in clear"


def test_who_waits_is_shown_on_their_page_and_forgotten_with_them(lux_sqlite: Installation) -> None:
    lux, firm = lux_sqlite, lux_sqlite.firm()
    path = asked(lux, firm)
    with lux.db.read(firm.id) as session:
        contact = session.scalars(select(Contact)).one()
    page, client = f"/contacts/{contact.public_id}", lux.client(firm)
    assert "Waits for their confirmation" in client.get(page).get_data(as_text=True)
    with time_machine.travel(clock.now() + timedelta(days=7, minutes=1)):
        assert "Not confirmed" in lux.client(lux.sign_in(firm.user_id, firm.id)).get(page).get_data(as_text=True)
    with lux.db.begin(firm.id) as session:
        found = session.get_one(Contact, contact.id)
        removal.erase(session, found, firm.person, confirmation=removal.confirmation_of(found))
    with lux.db.read(firm.id) as session:
        assert session.scalar(select(func.count()).select_from(OptIn)) == 0
    assert lux.client().post(path).status_code == 404


def test_what_nobody_confirmed_is_forgotten_after_a_month(lux_sqlite: Installation) -> None:
    firm = lux_sqlite.firm()
    asked(lux_sqlite, firm)
    for days, left in ((36, 1), (38, 0)):
        with time_machine.travel(clock.now() + timedelta(days=days)), lux_sqlite.db.begin(ALL_COMPANIES) as session:
            opt_in.sweep(session)
            assert session.scalar(select(func.count()).select_from(OptIn)) == left


def test_companies_are_asked_for_apart(lux: Installation) -> None:
    first, second = lux.firm(), lux.firm()
    path = asked(lux, first)
    assert deliver(lux, second)["double_opt_in"] == "sent"
    lux.client().post(path)
    assert standing(lux, first).is_mailable
    assert not standing(lux, second).is_mailable


def test_a_yes_that_came_otherwise_is_not_overwritten_by_asking(lux_sqlite: Installation) -> None:
    lux, firm = lux_sqlite, lux_sqlite.firm()
    with lux.db.begin(firm.id) as session:
        given = ConsentEntry(
            channel="email", address_key=ADA, state=ConsentState.GIVEN, basis="contract", source="desk"
        )
        consent.record(session, given)
    assert deliver(lux, firm)["double_opt_in"] == "not_needed"
    assert standing(lux, firm).basis == "contract"
