"""Every stored secret says when it was used last and for what, and those that nothing uses are found."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from lux.gate import domains
from lux.gate.webhooks import subscriptions
from lux.identity.models import Company
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.ledger.audit import SYSTEM
from lux.ledger.models import ApprovalAuditLog
from lux.rooms.safekeeping import health
from lux.rooms.safekeeping.unused import UnusedSecrets
from lux.vault import accounts, rekeying
from lux.vault.models import VaultSecret
from lux.vault.secrets import Vault
from tests.factories import Installation
from tests.rooms.safekeeping.test_backups import at, operator


def test_each_secret_shows_its_last_use_and_purpose(lux: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail server's password, a domain's key, a webhook's secret; a campaign of thousands is one note an hour."""
    firm = operator(lux, lux.firm("Tide"))
    account = lux.mail_server(firm, 25, username="ada", password="a long enough password")
    with lux.db.begin(firm.id) as session:
        domain = domains.add(session, firm.person, "tide.example")
        hook, _secret = subscriptions.create(
            session, firm.person, name="CRM", target="https://crm.example/in", kinds=["contact.created"],
            confirmation="crm.example",
        )  # fmt: skip
    client = lux.client(firm)
    (ring,) = {one for one in client.get("/operate/vault").text.split('"') if one.startswith("/operate/vault/0")}
    shown = client.get(ring).text
    names = ("· password", "DKIM key of tide.example", "webhook secret")
    assert all(name in shown for name in names)
    assert shown.count("never used yet") == 3
    assert "never used yet" in client.get(f"/settings/domains/{domain.public_id}").text
    assert "never used yet" in client.get(f"/settings/integrations/webhooks/{hook.public_id}").text

    vault = Vault(lux.settings)
    for _message in range(5):
        with lux.db.begin(firm.id) as session:
            opened = accounts.by_public_id(session, accounts.listing(session)[0].public_id)
            accounts.opened(session, vault, opened, purpose="send email_campaign")
            vault.open(session, integration="dkim:tide.example", name="private_key", purpose="sign")
            vault.open(session, integration=subscriptions.integration_of(hook), name="secret", purpose="sign")
    with lux.db.read(firm.id) as session:
        uses = session.scalars(select(ApprovalAuditLog.detail).where(ApprovalAuditLog.action == "secret.used")).all()
    assert len(uses) == 3
    assert all('"purpose"' in one for one in uses)
    shown = client.get(ring).text
    assert (shown.count("(to sign)"), shown.count("(to send)"), "never used yet" in shown) == (2, 1, False)
    assert "(to sign)" in client.get(f"/settings/domains/{domain.public_id}").text
    assert "(to sign)" in client.get(f"/settings/integrations/webhooks/{hook.public_id}").text
    assert "(to send)" in client.get(f"/settings/integrations/{account}").text

    def found() -> list[str]:
        with lux.db.read(ALL_COMPANIES) as session:
            return [one.message for one in UnusedSecrets().check(session, firm.id)]

    assert found() == []
    at(monkeypatch, clock.now() + timedelta(days=91))
    assert found()[0].startswith("3 stored secrets were not used for 90 days")

    def stops(_name: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rekeying.rotate(lux.settings, lux.db, firm.id, actor=SYSTEM, step=stops)
    monkeypatch.undo()
    assert "Sealed by the earlier key" in client.get(ring).text


def test_an_operator_sees_every_companys_secrets_not_their_own_alone(lux_sqlite: Installation) -> None:
    """By number on the page of the vault, one by one on the company's; and gives that company a new data key."""
    lux = lux_sqlite
    client, other = lux.client(operator(lux, lux.firm("Tide"))), lux.firm("Ebb")
    lux.mail_server(other, 25, username="ada", password="a long enough password")
    with lux.db.read(ALL_COMPANIES) as session:
        url = f"/operate/vault/{session.get_one(Company, other.id).public_id}"
        before = session.scalars(select(VaultSecret.record)).one()
    assert "In order" in client.get("/operate/vault").text
    assert "· password" in client.get(url).text
    client.post(f"{url}/rotate")
    lux.work()
    with lux.db.read(ALL_COMPANIES) as session:
        assert session.scalars(select(VaultSecret.record)).one() != before


def test_a_key_file_that_others_may_read_is_found(lux_sqlite: Installation) -> None:
    """Not the vault's alone: who has app.key signs cookies, who has audit.key signs checkpoints."""
    lux = lux_sqlite
    with lux.db.read(ALL_COMPANIES) as session:
        for name in ("master.key", "app.key", "audit.key"):
            path = lux.settings.home / "keys" / name
            path.touch()
            path.chmod(0o444)
            bad = [one.message for one in health.VaultKeysHealth().check(session, None) if one.level == "bad"]
            path.chmod(0o400)
            assert len(bad) == 1
            assert str(path) in bad[0]


def test_nothing_is_noted_where_nothing_may_be_written(lux_sqlite: Installation) -> None:
    """A page that reads opens no transaction for the sake of a note."""
    lux = lux_sqlite
    firm = lux.firm()
    with lux.db.begin(firm.id) as session:
        Vault(lux.settings).store(session, integration="smtp:1", name="password", value="x" * 20, actor=SYSTEM)
    with lux.db.read(firm.id) as session:
        Vault(lux.settings).open(session, integration="smtp:1", name="password", purpose="probe")
        assert session.scalars(select(VaultSecret.last_used_at)).one() is None
