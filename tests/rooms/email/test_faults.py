"""A mail server that does not do its work: the campaign and diagnostics say so in words, until it works again."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from lux.gate import control, intake
from lux.rooms.email import queries
from lux.vault import accounts
from tests.rooms.email import campaigns

if TYPE_CHECKING:
    import uuid

    from flask.testing import FlaskClient

    from tests.emulators.smtp import SmtpServer
    from tests.factories import Firm, Installation

StartServer = Callable[..., "SmtpServer"]
COUNT = 6


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong, and a few of the words that say so."""

    words: str
    title: str  # of the campaign's banner
    users: dict[str, str] | None = None
    security: str = "none"
    refuses: str = ""  # with this answer to every recipient
    refuses_content: str = ""  # with this answer to every message
    is_down: bool = False


FAULTS = {
    "down": Fault(is_down=True, words="127.0.0.1", title="it is tried again"),
    "wrong password": Fault(users={"relay": "another"}, words="password", title="Paused"),
    "no TLS where it is asked for": Fault(security="starttls", words="STARTTLS", title=""),
    "relaying denied": Fault(refuses="550 5.7.1 relaying denied", words="relaying denied", title="Paused"),
    "every recipient refused": Fault(refuses="550 5.1.1 no such user", words="no such user", title="Nobody got it"),
    "content refused": Fault(refuses_content="554 5.7.1 looks like spam", words="looks like spam", title="Paused"),
}  # fmt: skip


def prepared(lux: Installation, start: StartServer, fault: Fault) -> tuple[Firm, SmtpServer]:
    """Make a company that may send over a mail server that worked when it was tested."""
    server = start(users={"relay": "secret-4711"} if fault.users else None)
    firm = campaigns.ready(lux, COUNT)
    login = {"username": "relay", "password": "secret-4711"} if fault.users else {}
    public_id = lux.mail_server(firm, server.port, **login)
    with lux.db.begin(firm.id) as session:
        from lux.ledger.audit import Actor

        account = accounts.listing(session)[0]
        accounts.make_default(session, "email", account, actor=Actor(type="person", id=firm.user_id))
        number = account.public_id
    assert public_id == str(number)
    assert intake.probe(lux.db, lux.settings, firm.id, number).is_ok
    return firm, server


def break_it(lux: Installation, firm: Firm, server: SmtpServer, fault: Fault) -> None:
    """Let the fault begin after the test."""
    server.users = fault.users or {}
    server.script.next_recipients.extend([fault.refuses] * COUNT if fault.refuses else [])
    server.script.next_messages.extend([fault.refuses_content] * COUNT if fault.refuses_content else [])
    if fault.is_down:
        server.pause()
    with lux.db.begin(firm.id) as session:
        account = accounts.listing(session)[0]
        account.config = {**account.config, "security": fault.security}


def shown(client: FlaskClient, path: str) -> str:
    """Return a page's words."""
    answer = client.get(path)
    assert answer.status_code == 200
    return html.unescape(answer.get_data(as_text=True))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_said_on_the_campaign_and_under_diagnostics(
    outgoing: Installation, start_smtp_server: StartServer, name: str
) -> None:
    """The words stand on both pages, though the last test had been fine."""
    fault = FAULTS[name]
    firm, server = prepared(outgoing, start_smtp_server, fault)
    client = outgoing.client(firm)
    assert "worked when it was tried last" in shown(client, "/diagnostics/health")
    break_it(outgoing, firm, server, fault)
    public_id = campaigns.sent(outgoing, firm)
    for path in (f"/campaigns/{public_id}", "/diagnostics/health"):
        page = shown(client, path)
        assert fault.words.lower() in page.lower(), path
        assert "Traceback" not in page
    assert fault.title in shown(client, f"/campaigns/{public_id}")
    assert "worked when it was tried last" not in shown(client, "/diagnostics/health")
    assert server.messages == []


@pytest.mark.parametrize("name", ["down", "wrong password"])
def test_the_words_go_when_mail_leaves_again(outgoing: Installation, start_smtp_server: StartServer, name: str) -> None:
    """Mended and resumed, the next message that is taken clears the campaign and diagnostics."""
    fault = FAULTS[name]
    firm, server = prepared(outgoing, start_smtp_server, fault)
    client = outgoing.client(firm)
    break_it(outgoing, firm, server, fault)
    public_id = campaigns.sent(outgoing, firm)
    if fault.is_down:
        server.resume()
    else:
        server.users = {"relay": "secret-4711"}
        with outgoing.db.begin(firm.id) as session:
            control.resume(session, firm.person, outbound_id(outgoing, firm, public_id))
    with outgoing.db.begin(0) as session:
        session.execute(text("UPDATE job SET due_at = created_at"))
    outgoing.work()
    assert len(server.messages) == COUNT
    assert "worked when it was tried last" in shown(client, "/diagnostics/health")
    assert fault.title not in shown(client, f"/campaigns/{public_id}")


def test_an_account_that_was_mended_meanwhile_is_not_judged_by_the_older_run(outgoing: Installation) -> None:
    """A run that opened the account before it was tested anew says nothing about it."""
    import datetime as dt

    from lux.kit import clock
    from lux.ports.connector import ProbeResult

    firm = outgoing.firm()
    public_id = outgoing.mail_server(firm, 25)
    with outgoing.db.begin(firm.id) as session:
        account = accounts.listing(session)[0]
        accounts.note_probe(session, account, ProbeResult(is_ok=True, message="fine"))
        older, newer = clock.now() - dt.timedelta(seconds=5), clock.now() + dt.timedelta(seconds=5)
        accounts.note_use(session, public_id, since=older, fault="an old password")
        assert account.last_probe_ok is True
        accounts.note_use(session, public_id, since=newer, fault="down")
        assert (account.last_probe_ok, account.last_probe_message) == (False, "down")
        accounts.note_use(session, public_id, since=newer)
        assert (account.last_probe_ok, account.last_probe_message) == (True, "")


def test_one_address_that_does_not_exist_is_no_fault_of_the_server(
    outgoing: Installation, start_smtp_server: StartServer
) -> None:
    """A campaign to a single wrong address fails and says why; the mail server stays as it was tested."""
    server = start_smtp_server()
    firm = campaigns.ready(outgoing, 1)
    outgoing.mail_server(firm, server.port)
    with outgoing.db.begin(firm.id) as session:
        from lux.ledger.audit import Actor

        account = accounts.listing(session)[0]
        accounts.make_default(session, "email", account, actor=Actor(type="person", id=firm.user_id))
    server.script.next_recipients.append("550 5.1.1 no such user")
    public_id = campaigns.sent(outgoing, firm)
    assert "no such user" in shown(outgoing.client(firm), f"/campaigns/{public_id}")
    assert "no such user" not in shown(outgoing.client(firm), "/diagnostics/health")


def outbound_id(lux: Installation, firm: Firm, public_id: uuid.UUID) -> int:
    """Return a campaign's outbound."""
    with lux.db.read(firm.id) as session:
        found = queries.outbound_of(session, campaigns.load(session, public_id))
    assert found is not None
    return found.id
