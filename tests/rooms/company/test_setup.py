"""The set-up path says how far a company really is."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from sqlalchemy import delete, update

from lux.gate import intake
from lux.gate.models import Outbound
from lux.gate.parties import Sender
from lux.gate.reads import OutboundState
from lux.identity import companies
from lux.identity.access import Role
from lux.kit import clock
from lux.ledger.audit import Actor
from lux.rooms.contacts.models import Contact
from lux.vault import accounts
from tests.factories import Firm, Installation
from tests.rooms.email import campaigns

if TYPE_CHECKING:
    from tests.emulators.smtp import SmtpServer


def states(page: str) -> dict[str, str]:
    """Return the state of each step by its title."""
    found = re.findall(r'class="step step-(\w+)".*?class="step-title">\s*(.*?)\s*<', page, re.DOTALL)
    return {title: state for state, title in found}


def show(lux: Installation, firm: Firm) -> dict[str, str]:
    return states(lux.client(firm).get("/setup").text)


def test_steps_are_looked_at_when_the_page_is_opened(lux: Installation):
    firm = lux.firm()
    assert show(lux, firm)["Complete your company’s details"] == "done"
    assert show(lux, firm)["Verify a sender"] == "now", "the first open step comes next"
    lux.sender(firm)
    after = show(lux, firm)
    assert after["Verify a sender"] == "done"
    assert after["Connect your mail server"] != "done"
    assert list(after.values()).count("now") == 1
    with lux.db.begin(firm.id) as session:
        companies.current(session).postal_address = ""
    assert show(lux, firm)["Complete your company’s details"] == "now", "a step that is undone opens again"


STEPS = [
    "Complete your company’s details",
    "Verify a sender",
    "Import your contacts",
    "Connect your mail server",
    "Send your first mail",
]


def test_the_five_steps_stand_in_their_order(lux_sqlite: Installation):
    assert list(show(lux_sqlite, lux_sqlite.firm())) == STEPS


def test_every_step_is_done_by_its_fact_and_undone_without_it(outgoing: Installation, smtp_server: SmtpServer):
    """Each of the five in turn: what makes it done, what takes that away; the others stay as they are."""
    lux, firm = outgoing, outgoing.firm()
    details, sender, people, transport, mail = STEPS
    done = {details}
    assert finished(lux, firm) == done

    sender_id = lux.sender(firm)
    done |= {sender}
    assert finished(lux, firm) == done

    lux.contacts(firm, 2)
    done |= {people}
    assert finished(lux, firm) == done

    account = uuid.UUID(lux.mail_server(firm, smtp_server.port))
    use(lux, firm, account)
    assert finished(lux, firm) == done, "an account that was never tested may not work"
    assert intake.probe(lux.db, lux.settings, firm.id, account).is_ok
    done |= {transport}
    assert finished(lux, firm) == done

    lux.switch_on(firm)
    campaigns.sent(lux, firm)
    done |= {mail}
    assert finished(lux, firm) == done == set(STEPS)

    smtp_server.pause()
    assert not intake.probe(lux.db, lux.settings, firm.id, account).is_ok
    assert finished(lux, firm) == done - {transport}
    smtp_server.resume()
    assert intake.probe(lux.db, lux.settings, firm.id, account).is_ok
    use(lux, firm, None)
    assert finished(lux, firm) == done - {transport}
    with lux.db.begin(firm.id) as session:
        companies.current(session).postal_address = ""
        session.execute(delete(Sender).where(Sender.id == sender_id))
        session.execute(update(Contact).values(trashed_at=clock.now()))
        session.execute(update(Outbound).values(state=OutboundState.CANCELLED))
    assert finished(lux, firm) == set()


def finished(lux: Installation, firm: Firm) -> set[str]:
    """Return the steps that are done; of the others the first comes next."""
    found = show(lux, firm)
    assert list(found) == STEPS
    open_ones = [title for title, state in found.items() if state != "done"]
    assert [title for title, state in found.items() if state == "now"] == open_ones[:1]
    return set(found) - set(open_ones)


def use(lux: Installation, firm: Firm, account: uuid.UUID | None) -> None:
    """Let mail leave through an account, or nowhere."""
    with lux.db.begin(firm.id) as session:
        chosen = accounts.by_public_id(session, account) if account else None
        accounts.make_default(session, "email", chosen, actor=Actor(type="person", id=firm.user_id))


def test_one_company_does_not_finish_the_steps_of_another(lux_sqlite: Installation):
    firm, other = lux_sqlite.firm(), lux_sqlite.firm()
    lux_sqlite.sender(other)
    assert show(lux_sqlite, firm)["Verify a sender"] == "now"


def test_the_path_can_be_hidden_and_shown_by_each_person(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    colleague = lux_sqlite.member(firm.id, Role.VIEWER)
    client = lux_sqlite.client(firm)
    assert client.post("/setup/hide").location == "/"
    assert "Show it on the dashboard" in client.get("/setup").text
    assert "Hide it from the dashboard" in lux_sqlite.client(colleague).get("/setup").text
    assert client.post("/setup/hide", data={"show": "1"}).location == "/setup"
    assert "Hide it from the dashboard" in client.get("/setup").text


def test_a_hidden_path_leaves_the_dashboard(lux_sqlite: Installation):
    client = lux_sqlite.client(lux_sqlite.firm())
    assert "Verify a sender" in client.get("/").text
    client.post("/setup/hide")
    assert "Verify a sender" not in client.get("/").text
