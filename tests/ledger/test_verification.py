"""Verification finds what was done to a chain; what the chain alone can't tell, a signed checkpoint does."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text

from lux.cli import chains as command
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.ledger import audit
from lux.ledger.audit import checkpoints, checks, copies, keys, rounds
from tests.factories import Installation, installation
from tests.ledger.tampering import TAMPERINGS, disarm, rechain, remove, tamper

ROWS: Final = 5


@pytest.fixture
def lux(db_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Return an installation whose chain 1 has five rows."""
    made = installation(db_url, tmp_path / "home")
    with made.db.begin(ALL_COMPANIES) as session:
        for number in range(ROWS):
            audit.append(
                session, 1, actor=audit.Actor(type="person", id=7), action="approval.approved", object_type="approval",
                object_id="some", object_version=2, content_hash="f" * 64, detail={"number": number, "word": "é\u2028"},
            )  # fmt: skip
    yield made
    made.db.close()


class Undo(Exception):
    """Takes a tampering back."""


def test_every_tampering_is_found_with_the_first_row_that_does_not_hold(lux: Installation) -> None:
    """Each of them, one after the other, on the same rows; and the untouched chain holds before and after."""
    rounds.sign(lux.db, lux.settings)
    assert checks.verify_all(lux.db, lux.settings, 1).holds
    disarm(lux.db)
    found = {}
    for name, (act, _seq) in TAMPERINGS.items():
        with lux.db.begin(ALL_COMPANIES) as session:
            session.execute(text("CREATE TABLE kept AS SELECT * FROM approval_audit_log"))
        tamper(lux.db, act)
        found[name] = checks.verify_all(lux.db, lux.settings, 1)
        with lux.db.begin(ALL_COMPANIES) as session:
            session.execute(text("DELETE FROM approval_audit_log"))
            session.execute(text("INSERT INTO approval_audit_log SELECT * FROM kept"))
            session.execute(text("DROP TABLE kept"))
    assert {name: one.seq for name, one in found.items()} == {name: seq for name, (_act, seq) in TAMPERINGS.items()}
    assert {one.state for one in found.values()} == {checks.BROKEN}
    assert found["table emptied"].reason == checks.MISSING
    assert checks.verify_all(lux.db, lux.settings, 1).holds


def test_a_tail_written_anew_is_caught_by_a_checkpoint_alone(lux: Installation) -> None:
    """Without one the chain holds; with one in the table, in the file, or from outside, it does not."""
    disarm(lux.db)
    tamper(lux.db, rechain)
    assert checks.verify_all(lux.db, lux.settings, 1).holds, "nobody can see it: nothing was signed before"
    rounds.sign(lux.db, lux.settings)
    elsewhere = checkpoints.read_file(checkpoints.file_of(lux.settings, 1))
    with lux.db.begin(ALL_COMPANIES) as session:
        session.execute(text("UPDATE approval_audit_log SET action = 'tag.deleted' WHERE seq = 4"))
        rechain(session)
    checkpoints.file_of(lux.settings, 1).unlink()
    assert "written anew" in checks.verify_all(lux.db, lux.settings, 1).reason, "by the table"
    with lux.db.begin(ALL_COMPANIES) as session:
        session.execute(text("DELETE FROM audit_checkpoint"))
    assert checks.verify_all(lux.db, lux.settings, 1).holds, "whoever owns all of the house can do that"
    outside = checks.verify_all(lux.db, lux.settings, 1, elsewhere)
    assert (outside.state, outside.seq) == (checks.BROKEN, 5), "but not against a copy that left the house"


def test_a_checkpoint_signed_by_somebody_else_is_no_proof(lux: Installation) -> None:
    """A forger signs with a key of their own; a lost key is told apart from that."""
    rounds.sign(lux.db, lux.settings)
    keys.key_file(lux.settings).unlink()
    lost = checks.verify_all(lux.db, lux.settings, 1)
    assert (lost.state, lost.holds, lost.reason) == (checks.UNKNOWN, False, checks.NO_KEY)
    with lux.db.begin(ALL_COMPANIES) as session:
        audit.append(session, 1, actor=audit.SYSTEM, action="toggle.off")
    with pytest.raises(keys.KeyMissing, match=r"audit\.key"):
        rounds.sign(lux.db, lux.settings)
    assert keys.make_key(lux.settings)
    forged = checks.verify_all(lux.db, lux.settings, 1)
    assert (forged.state, forged.seq, forged.reason) == (checks.BROKEN, ROWS, checks.UNSIGNED)


def test_the_file_of_checkpoints_gets_what_a_crash_kept_from_it(lux: Installation) -> None:
    """A line torn in the middle is passed over, and the next round writes it whole."""
    rounds.sign(lux.db, lux.settings)
    path = checkpoints.file_of(lux.settings, 1)
    whole = path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    path.write_text(whole[:40])
    assert rounds.sign(lux.db, lux.settings) == [], "nothing new is signed"
    assert path.read_text() == f"{whole[:40]}\n{whole}"
    assert checks.verify_all(lux.db, lux.settings, 1).checkpoints == 1


def test_what_the_last_verification_saw_is_remembered(lux: Installation) -> None:
    """Rows cut off at the end are found by it, also where nobody signed anything; `last_check` tells."""
    assert [one.rows for one in rounds.verify(lux.db, lux.settings)] == [ROWS]
    with lux.db.read(ALL_COMPANIES) as session:
        known = audit.last_check(session, 1)
        assert audit.last_check(session, 2) is None
    assert known is not None
    assert known.holds
    disarm(lux.db)
    tamper(lux.db, remove(5))
    for _again in range(2):
        (found,) = rounds.verify(lux.db, lux.settings)
        assert (found.seq, found.reason) == (5, checks.SHRUNK)
    with lux.db.read(ALL_COMPANIES) as session:
        kept = audit.last_check(session, 1)
    assert kept is not None
    assert (kept.state, kept.seq) == (checks.BROKEN, 5)


def run_alone(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the verifier of an export with a bare Python in an empty folder."""
    empty = folder.parent / "empty"
    empty.mkdir(exist_ok=True)
    order = [sys.base_prefix + "/bin/python3", "-I", "-S", str(folder / "verify.py"), *words]
    return subprocess.run(order, cwd=empty, capture_output=True, text=True, check=False, env={})


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_an_export_is_verified_by_a_bare_python(lux: Installation, tmp_path: Path) -> None:
    """It holds as it is, says so with the key from outside too, and is found out when a line of it was changed."""
    said = command.export(lux.settings, None, tmp_path / "out", since=None)
    assert "6 rows are in" in said, "the export is a row of the chain itself"
    whole = run_alone(tmp_path / "out")
    assert (whole.returncode, whole.stderr) == (0, "")
    assert "chain 1: 6 rows hold, 1 checkpoints, the last at row 6" in whole.stdout
    (public,) = keys.public_keys(lux.settings)
    assert run_alone(tmp_path / "out", "--key", public).returncode == 0
    assert "not signed with that key" in run_alone(tmp_path / "out", "--key", "A" * 43 + "=").stdout
    rows = (tmp_path / "out/chains/1.jsonl").read_text().rstrip("\n").split("\n")
    signed = (tmp_path / "out/checkpoints.jsonl").read_text()
    cases = {
        "row 3: its content was changed": [*rows[:2], rows[2].replace("some", "other"), *rows[3:]],
        "row 2: a row is missing": [rows[0], *rows[2:]],
        "row 6: rows are missing at the end": rows[:5],
        "row 2: it does not follow": [rows[0], rows[1].replace(json.loads(rows[0])["hash"], "00" * 32), *rows[2:]],
    }
    for fault, lines in cases.items():
        bad = tmp_path / "bad"
        shutil.copytree(tmp_path / "out", bad, dirs_exist_ok=True)
        (bad / "chains/1.jsonl").write_text("\n".join(lines) + "\n")
        done = run_alone(bad)
        assert (done.returncode, fault in done.stdout) == (1, True), done.stdout + done.stderr
    shutil.copytree(tmp_path / "out", bad, dirs_exist_ok=True)
    (bad / "checkpoints.jsonl").write_text(signed.replace('"seq": 6', '"seq": 5'))
    assert "the checkpoint at row 5 is not signed" in run_alone(bad).stdout


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_a_later_part_is_exported_and_says_where_it_begins(lux: Installation, tmp_path: Path) -> None:
    """Rows before the day stay away; the newest row is there in any case."""
    with lux.db.begin(ALL_COMPANIES) as session, (tmp_path / "part.zip").open("wb") as file:
        last = session.scalar(text("SELECT max(at) FROM approval_audit_log"))
        assert last

        assert copies.write_zip(session, lux.settings, [1], file, since=clock.now()) == 1
    shutil.unpack_archive(tmp_path / "part.zip", tmp_path / "part")
    assert run_alone(tmp_path / "part").returncode == 0


def test_an_action_nobody_named_is_refused(lux: Installation) -> None:
    """It would be read by nobody; the error says where its line belongs."""
    with pytest.raises(audit.UnknownAction, match=r"actions\.py"), lux.db.begin(ALL_COMPANIES) as session:
        audit.append(session, 1, actor=audit.SYSTEM, action="nothing.known")
    audit.register(audit.action_of("toggle.on"))
    with pytest.raises(ValueError, match="taken"):
        audit.register(audit.Action("toggle.on", audit.DATA, "other words"))


def test_words_that_people_typed_can_be_erased_and_the_chain_holds(lux: Installation) -> None:
    """The chain has their salted hash; the same words twice have two; changed words are not shown."""
    words = "Ada Lovelace <ada@example.com> asked for it"
    with lux.db.begin(ALL_COMPANIES) as session:
        for _twice in range(2):
            audit.append(session, 1, actor=audit.SYSTEM, action="toggle.off", detail={"reason": words})
        rows = session.execute(text("SELECT detail FROM approval_audit_log WHERE action = 'toggle.off'")).scalars()
        details = [json.loads(one) for one in rows]
        assert words not in str(details)
        assert details[0]["reason"]["sha256"] != details[1]["reason"]["sha256"]
        assert list(audit.words_of(session, 1, details).values()) == [words, words]
        assert audit.words_of(session, 2, details) == {}
        assert audit.forget_words(session, 1, details[:1]) == 1
        assert audit.forget_text(session, 1, ["ADA@example.com", "%"]) == 1
        assert audit.words_of(session, 1, details) == {}
    assert checks.verify_all(lux.db, lux.settings, 1).holds
