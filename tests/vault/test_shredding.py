"""Looking whether all opens, destroying a company's keys, and what is remembered of a secret's use."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import WrongState
from lux.ledger import audit
from lux.ledger.models import ApprovalAuditLog
from lux.vault import rekeying, shredding, verification
from lux.vault.models import DataKey, VaultSecret
from lux.vault.secrets import SecretDestroyed, Vault
from tests.factories import Installation

PLACE = {"integration": "smtp:1", "name": "password"}


def test_verifying_names_the_secret_that_does_not_open(lux: Installation) -> None:
    """A row that was moved to another name does not open there; the others do, and its old key stays for it."""
    first, second = lux.firm().id, lux.firm().id
    vault = Vault(lux.settings)
    for number in (first, second):
        with lux.db.begin(number) as session:
            for name in ("password", "token"):
                vault.store(session, integration="smtp:1", name=name, value=f"{name} {number}", actor=audit.SYSTEM)
    assert verification.verify_and_keep(lux.settings, lux.db).secrets == 4
    with lux.db.begin(second) as session:
        session.execute(update(VaultSecret).where(VaultSecret.name == "token").values(name="moved"))
    report = verification.verify_and_keep(lux.settings, lux.db)
    assert (report.secrets, report.faults, report.named) == (4, 1, [f"company {second}: smtp:1 / moved"])
    with lux.db.read(ALL_COMPANIES) as session:
        kept = verification.last(session)
        assert kept is not None
        assert kept.first_fault == report.named[0]
        assert verification.verify(lux.settings, session, first).is_whole
    with pytest.raises(WrongState, match="smtp:1 / moved does not open"):
        rekeying.rotate(lux.settings, lux.db, second, actor=audit.SYSTEM)
    with lux.db.begin(second) as session:
        assert vault.open(session, **PLACE, purpose="test") == f"password {second}"
        vault.delete(session, integration="smtp:1", name="moved", actor=audit.SYSTEM)
    done = rekeying.rotate(lux.settings, lux.db, second, actor=audit.SYSTEM)
    assert done is not None
    assert done.is_begun


def test_shredded_secrets_are_gone_for_good_and_new_ones_work(lux: Installation) -> None:
    """Not even the wrapped key is left in the database's files; another company notices nothing."""
    gone, other = lux.firm().id, lux.firm().id
    vault = Vault(lux.settings)
    for number in (gone, other):
        with lux.db.begin(number) as session:
            vault.store(session, **PLACE, value="a long enough secret", actor=audit.SYSTEM)
    with lux.db.read(gone) as session:
        wrapped = session.scalars(select(DataKey.wrapped)).one()
    assert shredding.shred(lux.db, gone, actor=audit.SYSTEM) == shredding.Shredded(data_keys=1, secrets=1)
    with lux.db.begin(gone) as session:
        assert vault.describe(session, "smtp:1")["password"].is_destroyed
        with pytest.raises(SecretDestroyed, match="destroyed"):
            vault.open(session, **PLACE, purpose="test")
        assert "vault.shredded" in session.scalars(select(ApprovalAuditLog.action)).all()
        assert shredding.shredded_at(session, gone) is not None
    if lux.db.dialect == "sqlite":
        for path in lux.settings.home.parent.glob("lux.db*"):
            assert wrapped.encode() not in path.read_bytes(), path
    else:
        with lux.db.read(ALL_COMPANIES) as session:
            found = session.execute(text("SELECT wrapped FROM data_key")).scalars().all()
            assert wrapped not in found
    report = verification.verify_and_keep(lux.settings, lux.db)
    assert (report.secrets, report.destroyed, report.faults) == (2, 1, 0)
    with pytest.raises(WrongState, match="nothing to destroy"):
        shredding.shred(lux.db, gone, actor=audit.SYSTEM)
    with lux.db.begin(gone) as session:
        vault.store(session, **PLACE, value="entered anew", actor=audit.SYSTEM)
        assert vault.open(session, **PLACE, purpose="test") == "entered anew"
        ids = session.execute(select(DataKey.dek_id, DataKey.destroyed_at.is_(None))).all()
        assert sorted(map(tuple, ids)) == [("d1", False), ("d2", True)], "an id is never given twice"
    with lux.db.read(other) as session:
        assert vault.open(session, **PLACE, purpose="test") == "a long enough secret"


def test_the_last_use_and_its_purpose_are_remembered_but_not_each(lux_sqlite: Installation) -> None:
    """A campaign opens its account hundreds of times; another purpose is noted after five minutes."""
    lux, number = lux_sqlite, lux_sqlite.firm().id
    vault, began = Vault(lux.settings), clock.now()
    with lux.db.begin(number) as session:
        vault.store(session, **PLACE, value="a sealed value", actor=audit.SYSTEM)

    def uses() -> list[str]:
        with lux.db.read(number) as session:
            query = select(ApprovalAuditLog.detail).where(ApprovalAuditLog.action == "secret.used")
            return [row.split('"purpose": "')[1].rstrip('"}') for row in session.scalars(query)]

    moments = ((0, "send"), (1, "send"), (2, "probe"), (6, "probe"), (20, "probe"), (70, "probe"))
    for minutes, purpose in moments:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(clock, "now", lambda minutes=minutes: began + timedelta(minutes=minutes))
            with lux.db.begin(number) as session:
                vault.open(session, **PLACE, purpose=purpose)
    assert uses() == ["send", "probe", "probe"]
    with lux.db.read(number) as session:
        assert vault.describe(session, "smtp:1")["password"].last_used_for == "probe"
