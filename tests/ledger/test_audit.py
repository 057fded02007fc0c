"""The audit chain on the real databases: appending is all that can be done, by as many writers as there are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from lux.gate.models import FeatureToggle
from lux.kit.db import ALL_COMPANIES, Database
from lux.ledger import audit
from lux.ledger.audit import checkpoints
from lux.ledger.models import ApprovalAuditLog, AuditCheckpoint
from tests.factories import Installation, installation

COLUMNS: Final = (
    "company_id, seq, at, actor_type, actor_id, action, object_type, object_id, object_version, content_hash, detail, "
    "prev_hash, hash"
)
COPY: Final = (
    f"INSERT INTO approval_audit_log ({COLUMNS}) SELECT company_id, {{seq}}, at, actor_type, actor_id, 'forged', "
    "object_type, object_id, object_version, content_hash, detail, {prev}, hash FROM approval_audit_log WHERE seq = 2"
)
AGAIN: Final = COPY.format(seq="seq", prev="prev_hash")
# What is tried, and on which databases ("" = all three): each is refused by the database itself.
ATTACKS: Final = {
    "UPDATE of all": ("", "UPDATE approval_audit_log SET action = 'nothing'"),
    "UPDATE of one": ("", "UPDATE approval_audit_log SET detail = '{}' WHERE seq = 1"),
    "UPDATE of the hash": ("", "UPDATE approval_audit_log SET hash = prev_hash WHERE seq = 3"),
    "DELETE of all": ("", "DELETE FROM approval_audit_log"),
    "DELETE of the last": ("", "DELETE FROM approval_audit_log WHERE seq = 3"),
    "TRUNCATE": ("postgresql", "TRUNCATE approval_audit_log"),
    "the same number again": ("", AGAIN),
    "a gap": ("", COPY.format(seq="7", prev="hash")),
    "the wrong predecessor": ("", COPY.format(seq="4", prev="prev_hash")),
    "before the first": ("", COPY.format(seq="0", prev="prev_hash")),
    "INSERT OR REPLACE": ("sqlite", AGAIN.replace("INSERT", "INSERT OR REPLACE")),
    "REPLACE": ("sqlite mysql", AGAIN.replace("INSERT", "REPLACE")),
    "upsert": ("sqlite postgresql", AGAIN + " ON CONFLICT (company_id, seq) DO UPDATE SET action = 'forged'"),
    "upsert of MariaDB": ("mysql", AGAIN + " ON DUPLICATE KEY UPDATE action = 'forged'"),
    "UPDATE OR REPLACE": ("sqlite", "UPDATE OR REPLACE approval_audit_log SET seq = 1 WHERE seq = 3"),
    "UPDATE of a checkpoint": ("", "UPDATE audit_checkpoint SET hash = 'x'"),
    "DELETE of a checkpoint": ("", "DELETE FROM audit_checkpoint"),
    "TRUNCATE of checkpoints": ("postgresql", "TRUNCATE audit_checkpoint"),
    "REPLACE of a checkpoint": ("sqlite mysql", "REPLACE INTO audit_checkpoint SELECT * FROM audit_checkpoint"),
}


CHAINS: Final = (audit.INSTALLATION, 1, 4711)


@pytest.fixture(
    params=[
        "sqlite_url",
        pytest.param("pg_url", marks=pytest.mark.postgres),
        pytest.param("mariadb_url", marks=pytest.mark.mariadb),
    ]
)
def chained(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """Return an installation with three rows in the chain of company 1, and a checkpoint."""
    made = installation(request.getfixturevalue(request.param), tmp_path / "home")
    with made.db.begin(ALL_COMPANIES) as session:
        for number in range(3):
            audit.append(session, 1, actor=audit.SYSTEM, action="tag.deleted", detail={"number": number})
        checkpoints.make(session, made.settings, 1)
    yield made
    made.db.close()


def refused(db: Database, statement: str) -> bool:
    """Say whether the database refuses a statement."""
    try:
        with db.engine.begin() as connection:
            connection.execute(text(statement))
    except SQLAlchemyError:
        return True
    return False


def test_the_database_refuses_every_change_and_the_chain_goes_on(chained: Installation) -> None:
    """Whatever is tried on rows and checkpoints; and a row whose hash is not its own is named by verification."""
    for name, (where, attack) in ATTACKS.items():
        if chained.db.dialect in (where or "sqlite postgresql mysql"):
            assert refused(chained.db, attack), name
    with chained.db.begin(ALL_COMPANIES) as session:
        assert audit.verify(session, 1) == (3, None)
        assert session.scalar(select(func.count()).select_from(AuditCheckpoint)) == 1
        last = session.get_one(ApprovalAuditLog, (1, 3))
        row = ApprovalAuditLog(
            company_id=1, seq=4, at=last.at, actor_type="person", actor_id=1, action="approval.approved",
            object_type="", object_id="", object_version=None, content_hash="", detail="{}",
            prev_hash=bytes(last.hash), hash=b"x" * 32,
        )  # fmt: skip
        session.add(row)
    with chained.db.read(ALL_COMPANIES) as session:
        count, fault = audit.verify(session, 1)
    assert fault is not None
    assert (count, fault.seq) == (3, 4)


def write(db: Database, number: int, problems: list[BaseException]) -> None:
    """Append in transactions of its own: to a company's chain, to the installation's, to that of a company erased.

    Each has read something before it appends: MariaDB shows it the chain of that moment, unless the head is locked.
    """
    try:
        for _one in range(number):
            with db.begin(ALL_COMPANIES) as session:
                session.scalar(select(func.count()).select_from(ApprovalAuditLog))
                for company_id in CHAINS:
                    audit.append(session, company_id, actor=audit.SYSTEM, action="tag.deleted")
    except BaseException as error:
        problems.append(error)
        raise


@pytest.mark.parametrize("each", [40, pytest.param(500, marks=pytest.mark.slow)])
def test_two_writers_make_one_chain(chained: Installation, each: int) -> None:
    """Each in transactions of its own, at the same time: no gap, no fork, no row lost."""
    problems: list[BaseException] = []
    writers = [threading.Thread(target=write, args=(chained.db, each, problems)) for _two in range(2)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert problems == []
    with chained.db.read(ALL_COMPANIES) as session:
        counts = [audit.verify(session, company_id) for company_id in CHAINS]
    assert counts == [(2 * each, None), (2 * each + 3, None), (2 * each, None)]


CRASH: Final = """
import os, signal, sys
from lux.kit.db import Database
from lux.ledger import audit
from lux.gate.models import FeatureToggle
import lux.identity.models
db = Database(sys.argv[1])
with db.begin(int(sys.argv[2])) as session:
    session.add(FeatureToggle(key="channel_email", is_on=True, reason="x"))
    session.flush()
    if sys.argv[3] == "between": os.kill(os.getpid(), signal.SIGKILL)
    audit.append(session, int(sys.argv[2]), actor=audit.SYSTEM, action="toggle.on")
    if sys.argv[3] == "before": os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[3] == "after": os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    "db_url", ["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.slow])], indirect=True
)
def test_a_crash_leaves_the_change_and_its_row_or_neither(db_url: str, tmp_path: Path) -> None:
    """The process is killed between both, before the commit, and after it."""
    lux = installation(db_url, tmp_path / "home")
    firm = lux.firm()
    order = [sys.executable, "-c", CRASH, db_url, str(firm.id)]
    for moment, number in (("between", 0), ("before", 0), ("after", 1)):
        done = subprocess.run([*order, moment], check=False, env={**os.environ, "PYTHONPATH": "src"})
        assert done.returncode == -signal.SIGKILL
        with lux.db.read(firm.id) as session:
            rows = select(func.count()).select_from(ApprovalAuditLog).where(ApprovalAuditLog.action == "toggle.on")
            assert session.scalar(select(func.count()).select_from(FeatureToggle)) == number
            assert session.scalar(rows) == number
            assert audit.verify(session, firm.id)[1] is None
    lux.db.close()
