"""The unsubscribe page: looking never acts, one press does, and the person's word counts at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lux.gate import consent
from lux.gate.consent import ConsentState, SuppressionReason
from lux.ledger.models import Fact
from lux.render import tokens
from lux.rooms.contacts.models import Contact
from lux.rooms.newsletter import service
from tests.rooms.email import campaigns
from tests.rooms.email.test_tracking import token

if TYPE_CHECKING:
    from lux.gate.consent import Standing
    from tests.factories import Firm, Installation

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def link(lux: Installation, firm: Firm, number: int = 0) -> tuple[str, str]:
    """Send a campaign; return the unsubscribe address of one recipient, and their address."""
    public_id = campaigns.sent(lux, firm)
    one = campaigns.deliveries(lux, firm, public_id)[number]
    return f"/u/{token(lux, tokens.UNSUBSCRIBE, one.id)}", one.address


def standing(lux: Installation, firm: Firm, address: str) -> Standing:
    """Return what is known of an address."""
    with lux.db.read(firm.id) as session:
        return consent.status(session, "email", [address])[address]


def facts(lux: Installation, firm: Firm, kind: str) -> list[Fact]:
    """Return the facts of a kind."""
    with lux.db.read(firm.id) as session:
        return session.query(Fact).filter(Fact.kind == kind).all()


def test_looking_does_nothing_however_often(lux: Installation) -> None:
    firm = campaigns.ready(lux, 1)
    path, address = link(lux, firm)
    for method in ("get", "head", "get"):
        assert getattr(lux.client(), method)(path).status_code == 200
    assert standing(lux, firm, address).is_mailable
    assert facts(lux, firm, "email.unsubscribed") == []


def test_one_press_unsubscribes_and_a_second_changes_nothing(lux: Installation) -> None:
    firm = campaigns.ready(lux, 2)
    path, address = link(lux, firm)
    for _ in range(3):
        answer = lux.client().post(path)
        assert answer.status_code == 200
        assert "You are unsubscribed" in answer.text
    found = standing(lux, firm, address)
    assert (found.state, found.suppressed) == (ConsentState.WITHDRAWN, SuppressionReason.UNSUBSCRIBED)
    assert len(facts(lux, firm, "email.unsubscribed")) == 1
    assert len(facts(lux, firm, "consent.withdrawn")) == 1
    assert found.proof["agent"].startswith("Werkzeug") or found.proof["agent"] == ""


def test_a_mail_programs_one_click_needs_no_cookie_and_no_csrf(lux: Installation) -> None:
    lux.app.config["WTF_CSRF_ENABLED"] = True
    firm = campaigns.ready(lux, 1)
    path, address = link(lux, firm)
    client = lux.app.test_client(use_cookies=False)
    answer = client.post(path, data=ONE_CLICK, headers={"Origin": "https://mail.example.net"})
    assert answer.status_code == 200
    found = standing(lux, firm, address)
    assert found.suppressed is SuppressionReason.UNSUBSCRIBED
    assert "one-click" in found.source


def test_who_unsubscribed_gets_no_further_campaign(lux: Installation) -> None:
    firm = campaigns.ready(lux, 2)
    path, address = link(lux, firm)
    lux.client().post(path, data=ONE_CLICK)
    again = campaigns.sent(lux, firm)
    found = {one.address: one.state.value for one in campaigns.deliveries(lux, firm, again)}
    assert found.pop(address) == "skipped"
    assert set(found.values()) == {"captured"}


def test_a_change_of_mind_is_consent_anew_with_proof(lux: Installation) -> None:
    firm = campaigns.ready(lux, 1)
    path, address = link(lux, firm)
    assert lux.client().post(f"{path}/undo").status_code == 200
    assert facts(lux, firm, "consent.given")[-1].properties["source"] == "test"
    lux.client().post(path)
    answer = lux.client().post(f"{path}/undo", headers={"User-Agent": "Reader/1"})
    assert "You are subscribed again" in answer.text
    found = standing(lux, firm, address)
    assert found.is_mailable
    assert found.proof["agent"] == "Reader/1"
    assert "I want to get e-mails from" in found.wording
    lux.client().post(path)
    assert not standing(lux, firm, address).is_mailable


@pytest.mark.parametrize("reason", [r for r in SuppressionReason if r is not SuppressionReason.UNSUBSCRIBED])
def test_the_word_of_somebody_suppressed_already_counts_and_the_page_says_so(
    lux_sqlite: Installation, reason: SuppressionReason
) -> None:
    """Bounced before, then unsubscribed: consent is withdrawn, and no button promises what it can't do."""
    lux = lux_sqlite
    firm = campaigns.ready(lux, 1)
    path, address = link(lux, firm)
    with lux.db.begin(firm.id) as session:
        consent.suppress(session, channel="email", address_key=address, reason=reason)
    assert "Shall " in lux.client().get(path).text
    for answer in (lux.client().post(path), lux.client().get(path), lux.client().post(f"{path}/undo")):
        assert "You are unsubscribed" in answer.text
        assert "<button" not in answer.text
    found = standing(lux, firm, address)
    assert (found.state, found.suppressed) == (ConsentState.WITHDRAWN, reason)


def test_consent_withdrawn_by_the_company_shows_as_unsubscribed_and_can_be_given_anew(lux_sqlite: Installation) -> None:
    """Withdrawn without a suppression: the page says so, and the person's own word brings mail again."""
    firm = campaigns.ready(lux_sqlite, 1)
    path, address = link(lux_sqlite, firm)
    with lux_sqlite.db.begin(firm.id) as session:
        consent.withdraw(session, channel="email", address_key=address, source="phone", suppress_too=False)
    assert "You are unsubscribed" in lux_sqlite.client().get(path).text
    assert "You are subscribed again" in lux_sqlite.client().post(f"{path}/undo").text
    assert standing(lux_sqlite, firm, address).is_mailable


def test_an_undo_lifts_no_other_suppression(lux: Installation) -> None:
    firm = campaigns.ready(lux, 1)
    path, address = link(lux, firm)
    with lux.db.begin(firm.id) as session:
        consent.suppress(session, channel="email", address_key=address, reason=SuppressionReason.BOUNCED)
    lux.client().post(f"{path}/undo")
    assert standing(lux, firm, address).suppressed is SuppressionReason.BOUNCED


def test_the_page_shows_the_company_and_not_the_address(lux: Installation) -> None:
    firm = campaigns.ready(lux, 2)
    path, address = link(lux, firm)
    shown = lux.client().get(path).text
    assert address not in shown
    assert f"{address[0]}•••@example.com" in shown
    with lux.db.read(firm.id) as session:
        from lux.identity import companies

        assert companies.current(session).name in shown
    assert "<script" not in shown
    assert shown.count("<button") == 1


def test_a_foreign_or_broken_token_is_a_friendly_page(lux: Installation) -> None:
    for text in ("nonsense", "A" * 24, token(lux, tokens.UNSUBSCRIBE, 999_999)):
        for answer in (lux.client().get(f"/u/{text}"), lux.client().post(f"/u/{text}", data=ONE_CLICK)):
            assert answer.status_code == 404
            assert "This link does not work" in answer.text


def test_a_token_acts_in_its_own_company_only(lux: Installation) -> None:
    first, second = campaigns.ready(lux, 0), campaigns.ready(lux, 0)
    for firm in (first, second):
        lux.contacts(firm, 1, email="both@example.com")
    path, _address = link(lux, first)
    signed_in_elsewhere = lux.client(second)
    assert signed_in_elsewhere.post(path).status_code == 200
    assert not standing(lux, first, "both@example.com").is_mailable
    assert standing(lux, second, "both@example.com").is_mailable


def test_an_erased_person_has_no_page(lux_sqlite: Installation) -> None:
    from lux.gate import engagement

    firm = campaigns.ready(lux_sqlite, 1)
    path, address = link(lux_sqlite, firm)
    with lux_sqlite.db.begin(firm.id) as session:
        contact_id = session.query(Contact.id).scalar()
        engagement.forget(session, contact_id, address)
    assert lux_sqlite.client().get(path).status_code == 404
    assert lux_sqlite.client().post(path).status_code == 404


def test_the_readers_language_is_used_where_we_speak_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lux.kit.i18n.available_locales", lambda: ["en", "de", "pt_BR"])
    assert service.best_locale("de-AT") == "de"
    assert service.best_locale("pt-BR") == "pt_BR"
    assert service.best_locale("fr") == ""
    assert service.best_locale("") == ""


def test_an_address_is_shown_so_that_only_its_owner_knows_it() -> None:
    assert service.masked("ada@example.com") == "a•••@example.com"
    assert service.masked("x@y.example") == "x•••@y.example"
