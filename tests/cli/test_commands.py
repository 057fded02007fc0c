"""Each command does its work, says what it did, and ends with an exit code that is true."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from lux.gate import stop as stops
from lux.identity import companies, users
from lux.identity.models import Company
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.settings import Settings, load
from lux.ledger import audit, facts
from lux.ledger.facts import NewFact
from lux.ledger.models import ApprovalAuditLog, Rollup
from lux.vault.secrets import Vault
from tests.cli.conftest import Lux

SECRET = "sesame-open-4711"


def database(home: Path) -> Database:
    return Database.of(load(home=home))


def with_owner(home: Path) -> str:
    """Make an owner and a company; returns its short name."""
    db = database(home)
    with db.begin(ALL_COMPANIES) as session:
        owner = users.create(
            session, name="Ada", email="ada@example.com", password="mauve otter sings 9", is_operator=True
        )
        slug = companies.create(session, name="Tide", owner_id=owner.id).slug
    db.close()
    return slug


def test_config_prints_every_setting_and_no_secret(lux_command: Lux):
    shown = lux_command(
        "config",
        LUX_SECRET_KEY=SECRET,
        LUX_MASTER_KEYS=f"k1:{base64.b64encode(SECRET.encode()).decode()}",
        LUX_DATABASE_URL=f"postgres://lux:{SECRET}@db/lux?sslpassword={SECRET}",
        PORT="8080",
    )
    assert shown.exit_code == 0
    lines = dict(line.split("=", 1) for line in shown.output.splitlines())
    assert set(lines) == {f"LUX_{name.upper()}" for name in type(load()).model_fields}
    assert lines["LUX_PORT"] == "8080"
    assert lines["LUX_SECRET_KEY"] == "set (hidden)"
    assert lines["LUX_DATABASE_URL"] == "postgresql+psycopg://lux:***@db/lux?sslpassword=***"
    assert "sesame" not in shown.output
    assert base64.b64encode(SECRET.encode()).decode() not in shown.output


def test_migrate_makes_an_empty_database_ready_and_is_harmless_twice(lux_command: Lux, home: Path):
    assert lux_command("owner-link").exit_code == 1
    for _ in range(2):
        done = lux_command("migrate")
        assert (done.exit_code, done.output.splitlines()[-1]) == (0, "The schema is up to date.")
    assert lux_command("owner-link").exit_code == 0


def test_the_first_start_says_where_the_keys_are_and_who_becomes_owner_the_next_only_the_latter(
    lux_command: Lux, home: Path
):
    first, second = lux_command("prepare"), lux_command("prepare")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert f"Made the vault's key: {home}/keys/master.key" in first.stdout
    assert "Keep a copy" in first.stdout
    assert "key" not in second.stdout.replace("/welcome/", "")
    links = [re.search(r"http://127\.0\.0\.1:5000/welcome/\S+", one.stdout)[0] for one in (first, second)]
    assert links[0] != links[1]
    with_owner(home)
    assert "/welcome/" not in lux_command("prepare").stdout


def test_the_owner_link_is_there_until_there_is_an_owner(prepared: Lux, home: Path):
    assert re.fullmatch(r"http://127\.0\.0\.1:5000/welcome/\S+\n", prepared("owner-link").stdout)
    with_owner(home)
    told = prepared("owner-link")
    assert (told.exit_code, "There is an owner already" in told.stdout) == (0, True)


def test_a_reset_link_is_for_somebody_who_is_there(prepared: Lux, home: Path):
    with_owner(home)
    found = prepared("reset-link", "ada@example.com", LUX_PUBLIC_URL="https://lux.example.com")
    assert re.fullmatch(r"https://lux\.example\.com/reset/\S+\n", found.stdout)
    missed = prepared("reset-link", "bob@example.com")
    assert (missed.exit_code, missed.stderr) == (1, "lux: Nobody signs in with bob@example.com. Check the address.\n")


def test_a_sample_company_comes_with_a_way_in(prepared: Lux):
    made = json.loads(prepared("sample-company").stdout)
    assert set(made) == {"company", "slug", "email", "link"}


def test_stop_and_resume_of_the_installation(prepared: Lux, home: Path):
    done = prepared("stop", "--reason", "wrong list")
    assert done.exit_code == 0
    assert done.stdout.startswith("Stopped: the whole installation (epoch ")
    assert prepared("resume").exit_code == 2, "a reason is asked for"
    (home / stops.STOP_FILE).touch()
    back = prepared("resume", "--reason", "list corrected")
    assert back.stdout.startswith("Resumed: the whole installation")
    assert f"The file {home}/STOP still stops everything: remove it." in back.stdout


def test_stop_and_resume_of_one_company(prepared: Lux, home: Path):
    slug = with_owner(home)
    assert f"Stopped: {slug} (epoch" in prepared("stop", "--company", slug, "--reason", "x").stdout
    assert f"Resumed: {slug} (epoch" in prepared("resume", "--company", slug, "--reason", "x").stdout
    missed = prepared("stop", "--company", "nobody")
    assert (missed.exit_code, missed.stderr) == (1, "lux: There is no company with the short name nobody.\n")


def test_a_part_is_stopped_and_resumed(prepared: Lux, home: Path):
    slug = with_owner(home)
    for part in (["--company", slug, "--channel", "email"], ["--channel", "webhook"],
                 ["--company", slug, "--agent", "content_seo"]):  # fmt: skip
        assert prepared("stop", *part).stdout.startswith(f"Stopped: {part[-1]}")
        assert prepared("resume", *part, "--reason", "x").stdout.startswith(f"Resumed: {part[-1]}")
    for wrong, words in ((["--channel", "smoke"], "nothing to stop"), (["--campaign", "7"], "no campaign 7"),
                         (["--agent", "content_seo"], "belongs to a company")):  # fmt: skip
        refused = prepared("stop", *wrong)
        assert (refused.exit_code, words in refused.stderr) == (1, True), refused.stderr


def test_the_audit_chain_is_verified_and_a_broken_one_told(prepared: Lux, home: Path):
    slug = with_owner(home)
    prepared("stop", "--company", slug, "--reason", "x")
    whole = prepared("audit", "verify")
    assert whole.exit_code == 0
    assert re.search(rf"^{slug}: \d+ rows? holds? \(0 checkpoints\)$", whole.stdout, re.MULTILINE)
    assert '"seq": ' in prepared("audit", "checkpoint").stdout
    kept = min((home / "checkpoints").iterdir())
    assert prepared("audit", "verify", "--from-checkpoint", str(kept)).exit_code == 0
    tampered(home)
    broken = prepared("audit", "verify")
    assert broken.exit_code == 1
    assert f"{slug}: row 1 does not hold: its content was changed" in broken.stdout
    told = json.loads(prepared("audit", "verify", "--company", slug, "--json").stdout)
    assert (told["holds"], [(one["seq"], one["state"]) for one in told["chains"]]) == (False, [(1, "broken")])


def tampered(home: Path) -> None:
    """Change a row of the audit log as somebody with the file in hand would."""
    with closing(sqlite3.connect(home / "lux.db")) as file, file:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f"DROP TRIGGER {name}")
        file.execute(f"UPDATE {ApprovalAuditLog.__tablename__} SET action = 'nothing.happened' WHERE seq = 1")


def test_the_vault_is_verified_and_a_missing_key_told(prepared: Lux, home: Path):
    told = prepared("vault", "verify")
    assert (told.exit_code, told.stdout) == (0, "The vault opens.\n0 secrets open, under 0 data keys.\n")
    (home / "keys" / "master.key").unlink()
    locked = prepared("vault", "verify")
    assert locked.exit_code == 1
    assert "master.key is missing" in locked.stdout


def test_a_new_master_key_takes_the_place_of_the_present_one(prepared: Lux, home: Path):
    path = home / "keys" / "master.key"
    before = path.read_text()
    done = prepared("vault", "rotate")
    assert done.exit_code == 0
    assert "are wrapped by k2 now" in done.stdout
    assert path.read_text().startswith("k2:")
    assert path.read_text() != before
    assert prepared("vault", "verify").exit_code == 0


@pytest.mark.parametrize("words", [("stop",), ("owner-link",), ("audit", "verify"), ("vault", "rotate")])
def test_a_command_before_the_first_start_says_what_to_do(lux_command: Lux, home: Path, words: tuple[str, ...]):
    told = lux_command(*words)
    assert (told.exit_code, told.stdout, len(told.stderr.splitlines())) == (1, "", 1)
    assert "LUX_HOME" in told.stderr
    home.mkdir()
    told = lux_command(*words)
    assert (told.exit_code, told.stderr) == (1, "lux: The database is empty. Start LUX once, or run: lux migrate\n")


def test_rollups_are_counted_anew_and_a_dry_run_only_tells(lux_command: Lux, home: Path):
    lux_command("migrate")
    slug = with_owner(home)
    db = database(home)
    with db.read(ALL_COMPANIES) as session:
        company_id = session.scalar(select(Company.id).where(Company.slug == slug))
    with db.begin(company_id) as session:
        facts.record(session, NewFact(kind="email.opened", subject=("campaign", 7), unit_id=1))
        session.query(Rollup).update({"total": 5})
    db.close()
    told = lux_command("rollups", "rebuild", "--dry-run")
    assert told.exit_code == 1
    assert f"{slug}: campaign:7:email.opened: one row differs" in told.output
    assert "put right: 1" in lux_command("rollups", "rebuild", "--company", slug).output
    assert lux_command("rollups", "rebuild", "--dry-run").exit_code == 0
    assert lux_command("rollups", "rebuild", "--company", slug, "--after", "campaign:7:email.opened").exit_code == 0
    for wrong in (["--company", "nobody"], ["--company", slug, "--after", "x"], ["--after", "campaign:7:email.opened"]):
        refused = lux_command("rollups", "rebuild", *wrong)
        assert refused.exit_code == 1
        assert "Traceback" not in refused.output


def test_data_keys_are_rotated_and_shredded_by_name_only(prepared: Lux, home: Path):
    slug = with_owner(home)
    db = database(home)
    with db.read(ALL_COMPANIES) as session:
        company_id = session.scalar(select(Company.id).where(Company.slug == slug))
    settings = Settings(home=home)
    with db.begin(company_id) as session:
        Vault(settings).store(session, integration="smtp:1", name="password", value="x" * 8, actor=audit.SYSTEM)
    db.close()
    before = (home / "lux.db").read_bytes()
    dry = prepared("vault", "rotate", "--data-keys", "--company", slug, "--dry-run").output
    assert dry == f"{slug}: one secret would be sealed anew.\nNothing was changed.\n"
    dry = prepared("vault", "rotate", "--dry-run").output
    assert dry == "One data key would be wrapped by k2 instead of k1.\nNothing was changed.\n"
    assert (home / "lux.db").read_bytes() == before
    assert prepared("vault", "rotate", "--company", slug).exit_code == 2
    done = prepared("vault", "rotate", "--data-keys")
    assert done.output == f"{slug}: one secret is sealed anew, the earlier key is gone.\n"
    assert "1 secrets open" in prepared("vault", "verify", "--company", slug).output
    assert prepared("vault", "shred", "--company", slug, "--yes-i-mean", "other").exit_code == 2
    assert (
        "can't be opened by anybody any more"
        in prepared("vault", "shred", "--company", slug, "--yes-i-mean", slug).output
    )
    told = prepared("vault", "verify")
    assert (told.exit_code, "1 belong to keys that were destroyed on purpose" in told.output) == (0, True)
