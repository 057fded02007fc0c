"""Backups by the clock and by hand: when, kept how long, tried, shown, taken away; and what health says."""

from __future__ import annotations

import zipfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select, update

from lux.identity.access import Role
from lux.identity.models import User
from lux.kit import clock, jobs
from lux.kit.db import ALL_COMPANIES
from lux.ledger.models import ApprovalAuditLog
from lux.rooms.safekeeping import health, queries, service
from lux.rooms.safekeeping.models import Backup, BackupState
from lux.vault.models import VaultSecret
from tests.factories import Firm, Installation
from tests.full_company import filled


def operator(lux: Installation, firm: Firm) -> Firm:
    """Let somebody run the installation."""
    with lux.db.begin(ALL_COMPANIES) as session:
        session.execute(update(User).where(User.id == firm.user_id).values(is_operator=True))
    return lux.sign_in(firm.user_id, firm.id)


def back_up(lux: Installation) -> Backup:
    """Let the clock's job make a backup."""
    with lux.db.begin(ALL_COMPANIES) as session:
        number = service.request(session, None).id
    lux.work()
    with lux.db.read(ALL_COMPANIES) as session:
        return session.get_one(Backup, number)


def levels(lux: Installation, check: health.BackupHealth | health.VaultKeysHealth) -> list[tuple[str, str]]:
    """Return (level, words) of what a check finds."""
    with lux.db.read(ALL_COMPANIES) as session:
        return [(one.level, one.message) for one in check.check(session, None)]


def files(lux: Installation) -> list[str]:
    """Return what lies in the folder of backups."""
    folder = lux.settings.home / "backups"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def at(monkeypatch: pytest.MonkeyPatch, moment: object) -> None:
    """Set the clock."""
    monkeypatch.setattr(clock, "now", lambda: moment)


def test_the_clock_asks_when_a_day_has_gone_by_and_keeps_seven(
    lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest good one stays, whatever came after it."""
    lux, began = lux_sqlite, clock.now()
    lux.firm()

    def watched() -> int:
        service.watch(lux.db, lux.settings)
        with lux.db.read(ALL_COMPANIES) as session:
            return len(queries.unfinished(session))

    assert levels(lux, health.BackupHealth())[0][0] == "warn"
    assert (watched(), watched()) == (1, 1), "one at a time"
    lux.work()
    assert len(files(lux)) == 1
    assert levels(lux, health.BackupHealth())[0][0] == "ok"
    for hours, due in ((23, 0), (24, 1)):
        at(monkeypatch, began + timedelta(hours=hours))
        assert watched() == due
    with lux.db.begin(ALL_COMPANIES) as session:  # as if its job had died for good
        for entry in queries.unfinished(session):
            session.get_one(jobs.Job, entry.job_id).state = jobs.JobState.FAILED
    assert watched() == 0, "after a failure the clock waits an hour"
    assert "failed" in levels(lux, health.BackupHealth())[0][1]
    at(monkeypatch, began + timedelta(hours=25))
    assert watched() == 1
    few = lux.settings.model_copy(update={"backup_keep": 2})
    with lux.db.begin(ALL_COMPANIES) as session:
        for entry in queries.unfinished(session):
            entry.state = BackupState.FAILED
        good = queries.kept(session)[0]
        for number in range(3):
            name = f"lux-later-{number}.lux-backup"
            (lux.settings.home / "backups" / name).write_text("x")
            session.add(Backup(file_name=name, origin=good.origin, state=BackupState.DONE, is_good=False))
    service.prune(lux.db, few)
    assert files(lux) == sorted([good.file_name, "lux-later-1.lux-backup", "lux-later-2.lux-backup"])
    at(monkeypatch, began + timedelta(days=3))
    assert [level for level, _words in levels(lux, health.BackupHealth())] == ["bad", "bad"], "not good, and old"
    off = lux.settings.model_copy(update={"backup_hours": 0})
    with lux.db.begin(ALL_COMPANIES) as session:
        assert service.request_due(session, off) is None


def test_a_backup_that_is_damaged_on_its_disk_is_found_out(lux_sqlite: Installation) -> None:
    """Trying reads every byte again."""
    lux = lux_sqlite
    filled(lux)
    row = back_up(lux)
    assert (row.state, row.is_good, row.error) == (BackupState.DONE, True, "")
    path = lux.settings.home / "backups" / row.file_name
    body = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("tables/contact.jsonl")
    body[member.header_offset + 30 + len(member.filename) + 20 + member.compress_size // 2] ^= 1
    path.write_bytes(body)
    firm = operator(lux, lux.firms[0])
    with lux.db.begin(ALL_COMPANIES) as session:
        service.request_verification(session, row.public_id, firm.person)
    lux.work()
    assert "can't be relied on" in levels(lux, health.BackupHealth())[0][1]
    path.unlink()
    service.watch(lux.db, lux.settings)
    with lux.db.read(ALL_COMPANIES) as session:
        assert session.get_one(Backup, row.id).state is BackupState.REMOVED


def test_a_disk_that_can_not_be_written_is_told(lux_sqlite: Installation) -> None:
    """The words of the failure stand beside the backup and in health."""
    lux = lux_sqlite
    (lux.settings.home / "backups").write_text("a file where a folder should be")
    with lux.db.begin(ALL_COMPANIES) as session:
        number = service.request(session, None).id
    with pytest.raises(OSError, match="irectory"):
        lux.work()
    with lux.db.read(ALL_COMPANIES) as session:
        row = session.get_one(Backup, number)
        assert (row.state, "irectory" in row.error) == (BackupState.FAILED, True)
    assert levels(lux, health.BackupHealth())[0][0] == "bad"


def test_operators_make_try_and_take_backups_and_nobody_else(lux_sqlite: Installation) -> None:
    """The file holds everybody's data: an owner of one company does not get it."""
    lux = lux_sqlite
    owner = lux.firm()
    runs = operator(lux, lux.member(owner.id, Role.VIEWER))
    client, others = lux.client(runs), lux.client(owner)
    assert "There is no backup yet." in client.get("/operate/backups").text
    assert client.post("/operate/backups").status_code == 303
    assert "Waiting" in client.get("/operate/backups").text
    lux.work()
    row = queries_of(lux)[0]
    shown = client.get("/operate/backups").text
    assert all(words in shown for words in (row.file_name, "by hand", "Good", "KB"))
    taken = client.get(f"/operate/backups/{row.public_id}/file")
    assert (taken.status_code, taken.headers["Cache-Control"]) == (200, "no-store")
    assert "manifest.json" in zipfile.ZipFile(BytesIO(taken.data)).namelist()
    assert client.post(f"/operate/backups/{row.public_id}/try").status_code == 303
    for path in ("/operate/backups", f"/operate/backups/{row.public_id}/file", "/operate/vault"):
        assert others.get(path).status_code == 403
    assert others.post("/operate/backups").status_code == 403
    with lux.db.read(ALL_COMPANIES) as session:
        query = select(ApprovalAuditLog.action).where(ApprovalAuditLog.company_id == 0)
        actions = [one for one in session.scalars(query) if one.startswith("backup.")]
    assert actions == ["backup.made", "backup.verified", "backup.downloaded"]
    Path(lux.settings.home / "backups" / row.file_name).unlink()
    assert client.get(f"/operate/backups/{row.public_id}/file").status_code == 404


def queries_of(lux: Installation) -> list[Backup]:
    """Return the rows."""
    with lux.db.read(ALL_COMPANIES) as session:
        return list(queries.backups(session))


def test_the_vaults_page_shows_keys_and_destroys_only_what_was_typed(lux_sqlite: Installation) -> None:
    """And the company's own pages say what became of its secrets."""
    lux = lux_sqlite
    firm = operator(lux, lux.firm("Tide"))
    account = lux.mail_server(firm, 25, username="ada", password="a long enough password")
    client = lux.client(firm)
    shown = client.get("/operate/vault").text
    assert all(words in shown for words in ("Open", "k1", "In order", "This was not done yet"))
    assert client.post("/operate/vault/verify").status_code == 303
    lux.work()
    assert "All open" in client.get("/operate/vault").text
    with lux.db.read(ALL_COMPANIES) as session:
        ring = next(one for one in queries.rings(session) if one.company.id == firm.id)
        before = session.scalars(select(VaultSecret.record)).one()
    url = f"/operate/vault/{ring.company.public_id}"
    assert client.post(f"{url}/rotate").status_code == 303
    lux.work()
    with lux.db.read(ALL_COMPANIES) as session:
        assert session.scalars(select(VaultSecret.record)).one() != before
    refused = client.post(f"{url}/shred", data={"confirmation": "tides"})
    assert (refused.status_code, "Type tide exactly" in refused.text) == (422, True)
    assert client.post(f"{url}/shred", data={"confirmation": "tide"}).status_code == 303
    assert "Destroyed" in client.get(url).text
    assert "can’t be opened any more" in client.get(f"/settings/integrations/{account}").text
    assert client.post(f"/settings/integrations/{account}/test").status_code == 409
    assert "can&#39;t be opened any more: its key was destroyed" in client.get("/diagnostics/health").text


def test_health_names_what_is_wrong_with_the_keys(lux_sqlite: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key file that others may read, a rotation that was broken off, an old key, a secret that does not open."""
    from lux.ledger.audit import SYSTEM
    from lux.vault import keys, rekeying, rotation, verification

    lux = lux_sqlite
    firm = lux.firm("Tide")
    lux.mail_server(firm, 25, username="ada", password="a long enough password")
    check = health.VaultKeysHealth()
    assert levels(lux, check) == [("ok", "The vault’s keys are in order.")]
    keys.key_file(lux.settings).chmod(0o440)

    def stops(_name: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rekeying.rotate(lux.settings, lux.db, firm.id, actor=SYSTEM, step=stops)
    with pytest.raises(KeyboardInterrupt):
        rotation.rotate_master(lux.settings, lux.db, step=lambda name: stops(name) if name == "check" else None)
    with lux.db.begin(ALL_COMPANIES) as session:
        session.execute(update(VaultSecret).values(version=7))
    verification.verify_and_keep(lux.settings, lux.db)
    keys.key_file(lux.settings).chmod(0o440)
    at(monkeypatch, clock.now() + timedelta(days=366))
    found = levels(lux, check)
    words = ("Others on this machine", "change of the master key", "change of the data key of Tide",
             "older than a year",             "One secret does not open")  # fmt: skip
    assert [one in message for one, (_level, message) in zip(words, found, strict=True)] == [True] * 5
    assert [level for level, _message in found] == ["bad", "warn", "warn", "warn", "bad"]
