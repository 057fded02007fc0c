"""Connecting a mail server: tested by a real connection, secrets written and never shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from lux.gate import senders
from lux.identity.access import Role
from lux.kit.db import ALL_COMPANIES
from lux.ledger.models import ApprovalAuditLog
from lux.vault import accounts
from lux.vault.keys import key_file
from lux.vault.models import ProviderAccount, VaultSecret
from lux.vault.secrets import Vault
from tests.factories import Firm, Installation

if TYPE_CHECKING:
    from tests.emulators.smtp import SmtpServer

StartServer = Callable[..., "SmtpServer"]
SECRET = "relay-password-4711"
NEW = "/settings/integrations/new/smtp"


@pytest.fixture
def reachable(lux: Installation) -> Installation:
    """Return an installation whose operator allows a mail server on this machine."""
    lux.settings = lux.settings.model_copy(update={"allow_hosts": ("127.0.0.1",)})
    return lux


@pytest.fixture
def server(start_smtp_server: StartServer) -> SmtpServer:
    """Return a mail server that wants a password."""
    return start_smtp_server(users={"relay": SECRET})


def form(server: SmtpServer, **change: str) -> dict[str, str]:
    values = {
        "label": "Our relay",
        "host": server.host,
        "port": str(server.port),
        "security": "none",
        "username": "relay",
        "password": SECRET,
        "pace": "",
        "use": "1",
    }
    return {**values, **change}


def only_account(lux: Installation, firm: Firm) -> ProviderAccount:
    with lux.db.read(firm.id) as session:
        return accounts.listing(session)[0]


def default_of(lux: Installation, firm: Firm) -> ProviderAccount | None:
    with lux.db.read(firm.id) as session:
        return accounts.default(session, "email")


def test_a_server_that_works_is_used_at_once(reachable: Installation, server: SmtpServer):
    firm = reachable.firm()
    client = reachable.client(firm)
    where = client.post(NEW, data=form(server)).location
    page = client.get(where).text
    assert "It worked when it was tried last" in page
    assert default_of(reachable, firm) is not None
    assert server.connections == 1
    assert server.messages == [], "a test sends nothing"
    assert "Mail leaves through it" in client.get("/settings/integrations/").text


def test_a_wrong_password_names_its_field_and_mail_does_not_leave_through_it(
    reachable: Installation, server: SmtpServer
):
    firm = reachable.firm()
    client = reachable.client(firm)
    where = client.post(NEW, data=form(server, password="wrong-password-1")).location
    page = client.get(where).text
    assert "It failed when it was tried last" in page
    assert re.search(r'href="#f-(password|username)"', page)
    assert default_of(reachable, firm) is None
    assert "Does not work" in client.get("/settings/integrations/").text


def test_a_server_that_is_not_there_is_said_in_plain_words(reachable: Installation, server: SmtpServer):
    server.pause()
    firm = reachable.firm()
    client = reachable.client(firm)
    page = client.get(client.post(NEW, data=form(server)).location).text
    assert "It failed when it was tried last" in page
    assert "Traceback" not in page
    assert only_account(reachable, firm).last_probe_field in {"host", "port"}


def test_a_private_address_is_refused_unless_the_operator_allows_it(lux_sqlite: Installation, server: SmtpServer):
    firm = lux_sqlite.firm()
    client = lux_sqlite.client(firm)
    for host in ("127.0.0.1", "169.254.169.254", "localhost", "[::1]"):
        where = client.post(NEW, data=form(server, host=host)).location
        assert "It failed when it was tried last" in client.get(where).text
    assert server.connections == 0
    assert default_of(lux_sqlite, firm) is None


def test_secrets_are_never_shown_again(reachable: Installation, server: SmtpServer):
    firm = reachable.firm()
    client = reachable.client(firm)
    where = client.post(NEW, data=form(server)).location
    refused = client.post(where, data=form(server, label="", password="another-secret-5"))
    assert refused.status_code == 422
    pages = [client.get(path).text for path in (where, "/settings/integrations/", "/setup")] + [refused.text]
    for page in pages:
        assert SECRET not in page
        assert "another-secret-5" not in page
    assert "Ends in 4711" in pages[0]
    with reachable.db.read(ALL_COMPANIES) as session:
        everything = str(session.execute(select(ProviderAccount.config)).all())
        everything += str(session.scalars(select(ApprovalAuditLog.detail)).all())
        everything += str(session.scalars(select(VaultSecret.record)).all())
    assert SECRET not in everything


def test_an_empty_password_keeps_the_stored_one(reachable: Installation, server: SmtpServer):
    firm = reachable.firm()
    client = reachable.client(firm)
    where = client.post(NEW, data=form(server)).location
    answer = client.post(where, data=form(server, password="", label="Renamed", version="1"))
    assert answer.status_code == 303
    assert only_account(reachable, firm).label == "Renamed"
    assert only_account(reachable, firm).last_probe_ok is True


def test_a_stored_password_can_be_forgotten(reachable: Installation, server: SmtpServer):
    firm = reachable.firm()
    client = reachable.client(firm)
    where = client.post(NEW, data=form(server)).location
    client.post(where, data=form(server, password="", forget="password", version="1"))
    with reachable.db.read(firm.id) as session:
        account = accounts.listing(session)[0]
        assert accounts.secrets_of(session, Vault(reachable.settings), account) == {}
    assert only_account(reachable, firm).last_probe_ok is False


def test_testing_anew_makes_one_more_connection(reachable: Installation, server: SmtpServer):
    firm = reachable.firm()
    client = reachable.client(firm)
    where = client.post(NEW, data=form(server)).location
    server.pause()
    client.post(f"{where}/test")
    assert only_account(reachable, firm).last_probe_ok is False
    server.resume()
    client.post(f"{where}/test")
    assert only_account(reachable, firm).last_probe_ok is True
    assert default_of(reachable, firm) is not None, "a failed test does not reroute mail behind anyone's back"


def test_the_built_in_mailbox_can_be_chosen_again(reachable: Installation, server: SmtpServer):
    firm = reachable.firm()
    client = reachable.client(firm)
    assert "All mail stays in it" in client.get("/settings/integrations/").text
    client.post(NEW, data=form(server))
    assert "All mail stays in it" not in client.get("/settings/integrations/").text
    assert client.post("/settings/integrations/use", data={"account": ""}).status_code == 303
    assert default_of(reachable, firm) is None
    public_id = only_account(reachable, firm).public_id
    assert client.post("/settings/integrations/use", data={"account": str(public_id)}).status_code == 303
    assert default_of(reachable, firm) is not None


def test_senders_proven_by_captured_mail_are_asked_again_when_real_mail_leaves(
    reachable: Installation, server: SmtpServer
):
    firm = reachable.firm()
    reachable.sender(firm, "captured@example.com")
    reachable.sender(firm, "proven@example.com")
    with reachable.db.begin(firm.id) as session:
        senders.listing(session)[0].verified_by = senders.BY_MAILBOX
    reachable.client(firm).post(NEW, data=form(server))
    with reachable.db.read(firm.id) as session:
        assert [sender.email for sender in senders.verified(session)] == ["proven@example.com"]


def test_removing_an_account_removes_its_secrets(reachable: Installation, server: SmtpServer):
    firm = reachable.firm()
    client = reachable.client(firm)
    where = client.post(NEW, data=form(server)).location
    assert client.post(f"{where}/remove").status_code == 303
    assert client.get(where).status_code == 404
    with reachable.db.read(firm.id) as session:
        assert session.scalars(select(VaultSecret)).all() == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"host": ""}, "missing"),
        ({"port": "70000"}, "from 1 to 65535"),
        ({"port": "x"}, "from 1 to 65535"),
        ({"security": "magic"}, "does not exist"),
        ({"label": ""}, "missing or too long"),
        ({"host": "relay\r\nRCPT TO:<x@example.com>"}, "line breaks"),
        ({"default_for": "email"}, "not known here"),
    ],
)
def test_a_refused_account_names_the_field_and_keeps_the_rest(
    lux_sqlite: Installation, server: SmtpServer, change: dict[str, str], said: str
):
    answer = lux_sqlite.client(lux_sqlite.firm()).post(NEW, data=form(server, **change))
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="relay"' in answer.text, "the user name is still there"
    assert server.connections == 0


def test_two_editors_do_not_overwrite_each_other(reachable: Installation, server: SmtpServer):
    firm = reachable.firm()
    first, second = reachable.client(firm), reachable.client(reachable.member(firm.id, Role.ADMIN))
    where = first.post(NEW, data=form(server)).location
    first.post(where, data=form(server, label="First", version="1"))
    answer = second.post(where, data=form(server, label="Second", version="1"))
    assert answer.status_code == 409
    assert "while you were editing" in answer.text
    assert 'value="Second"' in answer.text
    assert only_account(reachable, firm).label == "First"


def test_another_companys_account_does_not_exist_here(reachable: Installation, server: SmtpServer):
    firm, other = reachable.firm(), reachable.firm()
    where = reachable.client(firm).post(NEW, data=form(server)).location
    client = reachable.client(other)
    assert client.get(where).status_code == 404
    for verb in ("", "/test", "/remove"):
        assert client.post(f"{where}{verb}", data=form(server)).status_code == 404
    use = {"account": str(only_account(reachable, firm).public_id)}
    assert client.post("/settings/integrations/use", data=use).status_code == 404


def test_a_locked_vault_says_what_to_do_and_the_rest_goes_on(lux_sqlite: Installation, server: SmtpServer):
    firm = lux_sqlite.firm()
    client = lux_sqlite.client(firm)
    key_file(lux_sqlite.settings).unlink()
    page = client.get("/settings/integrations/").text
    assert "The vault is locked" in page
    assert "Put the key file back" in page
    answer = client.post(NEW, data=form(server))
    assert answer.status_code == 422
    assert "Put the key file back" in answer.text
    assert 'value="relay"' in answer.text, "nothing entered is lost"
    assert client.get("/settings").status_code == 200
    assert lux_sqlite.client().get("/sign-in").status_code == 200


def test_an_unknown_provider_is_not_found(lux_sqlite: Installation):
    client = lux_sqlite.client(lux_sqlite.firm())
    for provider in ("nothing", "mailbox"):
        assert client.get(f"/settings/integrations/new/{provider}").status_code == 404
