"""`lux audit` on an installation with several chains of which one is broken, and the program an auditor runs alone."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from lux.identity import companies, users
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.settings import load
from lux.ledger import audit
from lux.ledger.models import ApprovalAuditLog
from tests.cli.conftest import Lux


@pytest.fixture
def slugs(prepared: Lux, home: Path) -> list[str]:
    """Make two companies; returns their short names. With the installation's there are three chains."""
    assert prepared("stop", "--all", "--reason", "a drill").exit_code == 0
    db = Database.of(load(home=home))
    with db.begin(ALL_COMPANIES) as session:
        owner = users.create(session, name="Ada", email="ada@example.com", password="mauve otter sings 9")
        found = [companies.create(session, name=name, owner_id=owner.id) for name in ("Tide", "Harbour")]
        for one in found:
            audit.append(session, one.id, actor=audit.SYSTEM, action="tag.deleted")
        made = [one.slug for one in found]
    db.close()
    return made


def broken(home: Path, slug: str) -> int:
    """Change the second row of a company's chain with the file in hand; returns the chain's number."""
    with closing(sqlite3.connect(home / "lux.db")) as file, file:
        (number,) = file.execute("SELECT id FROM company WHERE slug = ?", (slug,)).fetchone()
        file.execute("DROP TRIGGER approval_audit_log_update")
        file.execute("UPDATE approval_audit_log SET action = 'toggle.on' WHERE company_id = ? AND seq = 2", (number,))
    return int(number)


def verified(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the copy's own verifier as an auditor would: a bare Python, away from LUX."""
    order = [sys.base_prefix + "/bin/python3", "-I", "-S", str(folder / "verify.py"), *words]
    return subprocess.run(order, capture_output=True, text=True, check=False, cwd=folder)


def test_one_broken_chain_among_several_is_told_by_name(prepared: Lux, home: Path, slugs: list[str]) -> None:
    """Exit code 1 for all and for that one, 0 for each of the others; every chain has its line."""
    tide, harbour = slugs
    whole = prepared("audit", "verify")
    assert (whole.exit_code, len(whole.stdout.splitlines())) == (0, 3), whole.stdout
    broken(home, harbour)
    found = prepared("audit", "verify")
    assert found.exit_code == 1
    assert f"{harbour}: row 2 does not hold: its content was changed" in found.stdout
    assert re.search(rf"^{tide}: 2 rows hold", found.stdout, re.MULTILINE)
    assert re.search(r"^installation: \d+ rows? holds?", found.stdout, re.MULTILINE)
    codes = {name: prepared("audit", "verify", "--company", name).exit_code for name in (tide, harbour, "0")}
    assert codes == {tide: 0, harbour: 1, "0": 0}
    told = json.loads(prepared("audit", "verify", "--json").stdout)
    assert {one["name"]: one["state"] for one in told["chains"]} == {
        "installation": "holds", tide: "holds", harbour: "broken",
    }  # fmt: skip
    assert told["holds"] is False
    unknown = prepared("audit", "verify", "--company", "nowhere")
    assert (unknown.exit_code, "no company with the short name nowhere" in unknown.stderr) == (1, True)


def test_a_copy_proves_itself_and_a_broken_one_names_its_row(
    prepared: Lux, home: Path, slugs: list[str], tmp_path: Path
) -> None:
    """The command's words and codes, the verifier's words and codes, a folder and a zip, all chains and one."""
    tide, harbour = slugs
    done = prepared("audit", "export", str(tmp_path / "copy"))
    assert done.exit_code == 0, done.stderr
    assert re.search(r"^\d+ rows are in .*copy\. To verify: python3 -I verify\.py$", done.stdout.strip())
    whole = verified(tmp_path / "copy")
    assert (whole.returncode, whole.stderr) == (0, "")
    assert len(re.findall(r"^chain \d+: \d+ rows hold, 1 checkpoints", whole.stdout, re.MULTILINE)) == 3
    again = prepared("audit", "export", str(tmp_path / "copy"))
    assert (again.exit_code, "something at" in again.stderr) == (1, True)
    assert prepared("audit", "export", "--since", "yesterday", str(tmp_path / "x")).exit_code == 2
    assert prepared("audit", "export", "--company", "nowhere", str(tmp_path / "x")).exit_code == 1
    assert not (tmp_path / "x").exists()

    zipped = tmp_path / "tide.zip"
    today = f"{clock.now():%Y-%m-%d}"
    assert prepared("audit", "export", "--company", tide, "--since", today, str(zipped)).exit_code == 0
    with zipfile.ZipFile(zipped) as archive:
        assert [name for name in archive.namelist() if name.startswith("chains/")] == ["chains/1.jsonl"]
        archive.extractall(tmp_path / "tide")
    assert verified(tmp_path / "tide").returncode == 0
    strange = verified(tmp_path / "tide", "--key", "A" * 43 + "=")
    assert (strange.returncode, "is not signed with that key" in strange.stdout) == (1, True)

    number = broken(home, harbour)
    assert prepared("audit", "export", str(tmp_path / "later")).exit_code == 0, "what is there is handed out"
    shown = verified(tmp_path / "later")
    assert shown.returncode == 1
    assert f"DOES NOT HOLD: chain {number}: row 2: its content was changed" in shown.stdout
    assert shown.stdout.count("DOES NOT HOLD") == 1
    shutil.rmtree(tmp_path / "later" / "chains")
    assert verified(tmp_path / "later").stdout.count("is missing") == 3
    with closing(Database.of(load(home=home))) as db, db.read(ALL_COMPANIES) as session:
        rows = session.scalars(select(ApprovalAuditLog).where(ApprovalAuditLog.action == "audit.exported")).all()
    assert {one.company_id for one in rows} == {0, 1, 2}
    assert {(one.actor_type, json.dumps(json.loads(one.detail)["via"])) for one in rows} == {
        ("operator", '{"command": "audit", "door": "cli"}')
    }
