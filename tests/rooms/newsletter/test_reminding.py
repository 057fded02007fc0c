"""“Ask again”: only somebody who was asked and has not answered, seldom, by a person's hand; one mailbox is one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import time_machine
from sqlalchemy import delete, select

from lux.gate import consent
from lux.identity.access import Role
from lux.kit import clock
from lux.ledger.models import Fact
from lux.rooms.contacts.models import Contact
from lux.rooms.newsletter.models import OptIn
from tests.rooms.newsletter.conftest import link, mails
from tests.rooms.newsletter.test_opt_in import ADA, asked, deliver, standing

if TYPE_CHECKING:
    from tests.factories import Firm, Installation


def page_of(lux: Installation, firm: Firm) -> str:
    """Return the path of the one contact's page."""
    with lux.db.read(firm.id) as session:
        return f"/contacts/{session.scalars(select(Contact)).one().public_id}"


def test_the_button_mails_the_same_question_anew_and_then_that_is_enough(lux: Installation) -> None:
    """The newer link counts, the fact names the person; after three mails there is no button any more."""
    firm = lux.firm()
    first = asked(lux, firm)
    path = page_of(lux, firm)
    assert "asked within the last 24 hours" in lux.client(firm).get(path).text
    lux.client(firm).post(f"{path}/ask-again")
    assert len(mails(lux)) == 1, "not twice a day, button or not"
    links = [first]
    for day in (2, 4):
        with time_machine.travel(clock.now() + timedelta(days=day)):
            client = lux.client(lux.sign_in(firm.user_id, firm.id))
            assert "Ask again" in client.get(path).text
            assert client.post(f"{path}/ask-again").status_code == 303
            links.append(link(mails(lux)[-1][1]))
    assert len(set(links)) == 3
    with time_machine.travel(clock.now() + timedelta(days=6)):
        client = lux.client(lux.sign_in(firm.user_id, firm.id))
        shown = client.get(path).text
        assert "that is enough" in shown
        assert "Ask again" not in shown
        client.post(f"{path}/ask-again")
        assert len(mails(lux)) == 3
        assert [lux.client().post(one).status_code for one in links] == [404, 404, 200]
        client.post(f"{path}/ask-again")
    found = standing(lux, firm)
    assert (found.is_mailable, found.source) == (True, "Website newsletter")
    assert len(mails(lux)) == 3, "who has answered is not asked"
    with lux.db.read(firm.id) as session:
        actors = session.scalars(select(Fact.actor).where(Fact.kind == "consent.requested").order_by(Fact.id)).all()
    assert actors == ["system", f"person:{firm.user_id}", f"person:{firm.user_id}"]


def test_who_was_asked_long_ago_is_asked_anew_and_whom_nobody_asked_is_not(lux_sqlite: Installation) -> None:
    lux, firm = lux_sqlite, lux_sqlite.firm()
    asked(lux, firm)
    path, viewer = page_of(lux, firm), lux.member(firm.id, Role.VIEWER)
    with time_machine.travel(clock.now() + timedelta(days=40)):
        with lux.db.begin(firm.id) as session:
            session.execute(delete(OptIn))
        assert lux.client(lux.sign_in(viewer.user_id, firm.id)).post(f"{path}/ask-again").status_code == 403
        client = lux.client(lux.sign_in(firm.user_id, firm.id))
        assert "Not confirmed" in client.get(path).text
        client.post(f"{path}/ask-again")
        assert len(mails(lux)) == 2
        with lux.db.begin(firm.id) as session:
            consent.withdraw(session, channel="email", address_key=ADA, source="unsubscribe page")
        assert "Ask again" not in client.get(path).text
    other = lux.firm()
    lux.contacts(other, 1, with_consent=False)
    lux.client(other).post(f"{page_of(lux, other)}/ask-again")
    lux.client(other).post(f"{path}/ask-again")
    assert len(mails(lux)) == 2


def test_what_follows_a_plus_is_the_same_mailbox(lux_sqlite: Installation) -> None:
    """Whoever fills in a form a hundred times with ada+1@, ada+2@ … sends one mail, not a hundred."""
    lux, firm = lux_sqlite, lux_sqlite.firm()
    addresses = ("ada+1@example.com", "ada@example.com", "ada+2@example.com", "a_a@example.com", "ada@example.org")
    found = [deliver(lux, firm, email=one)["double_opt_in"] for one in addresses]
    assert found == ["sent", "asked_before", "asked_before", "sent", "sent"]
    assert deliver(lux, firm, email="aba+x@example.com")["double_opt_in"] == "sent", "_ stands for itself"
    with time_machine.travel(clock.now() + timedelta(hours=24, minutes=1)):
        assert deliver(lux, firm)["double_opt_in"] == "sent"
