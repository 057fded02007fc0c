"""The audit chain on the real databases: appending is all that can be done, and a change is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from lux.kit.db import ALL_COMPANIES
from lux.ledger import audit
from lux.ledger.models import ApprovalAuditLog
from tests.factories import Installation, installation

ATTACKS = (
    "UPDATE approval_audit_log SET action = 'nothing'",
    "UPDATE approval_audit_log SET detail = '{}' WHERE seq = 1",
    "DELETE FROM approval_audit_log",
    "DELETE FROM approval_audit_log WHERE seq = 3",
)
COPY = (
    "INSERT INTO approval_audit_log SELECT company_id, {seq}, at, actor_type, actor_id, 'forged', object_type, "
    "object_id, object_version, content_hash, detail, {prev}, hash FROM approval_audit_log WHERE seq = 2"
)
FORGERIES = (
    COPY.format(seq="seq", prev="prev_hash"),  # again
    COPY.format(seq="7", prev="hash"),  # a gap
    COPY.format(seq="4", prev="prev_hash"),  # the wrong predecessor
    COPY.format(seq="0", prev="prev_hash"),
)


@pytest.fixture(
    params=[
        "sqlite_url",
        pytest.param("pg_url", marks=pytest.mark.postgres),
        pytest.param("mariadb_url", marks=pytest.mark.mariadb),
    ]
)
def chained(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """Return an installation with three rows in the chain of company 1."""
    made = installation(request.getfixturevalue(request.param), tmp_path / "home")
    with made.db.begin(ALL_COMPANIES) as session:
        for number in range(3):
            audit.append(session, 1, actor=audit.SYSTEM, action="tag.deleted", detail={"number": number})
    yield made
    made.db.close()


def test_the_database_refuses_every_change(chained: Installation) -> None:
    """UPDATE, DELETE, a repeated number, a gap, a wrong predecessor: each refused, and the chain still holds."""
    extra = {
        "sqlite": [COPY.replace("INSERT", "INSERT OR REPLACE").format(seq="seq", prev="prev_hash")],
        "postgresql": ["TRUNCATE approval_audit_log"],
        "mysql": [COPY.replace("INSERT", "REPLACE").format(seq="seq", prev="prev_hash")],
    }
    for attack in (*ATTACKS, *FORGERIES, *extra[chained.db.dialect]):
        with pytest.raises(SQLAlchemyError), chained.db.engine.begin() as connection:
            connection.execute(text(attack))
    with chained.db.read(ALL_COMPANIES) as session:
        assert audit.verify(session, 1) == (3, None)


def test_a_row_that_says_something_else_is_found(chained: Installation) -> None:
    """A hash that does not fit its row can be inserted, and verification names it."""
    with chained.db.begin(ALL_COMPANIES) as session:
        last = session.get(ApprovalAuditLog, (1, 3))
        assert last is not None
        row = ApprovalAuditLog(
            company_id=1, seq=4, at=last.at, actor_type="person", actor_id=1, action="approval.approved",
            object_type="", object_id="", object_version=None, content_hash="", detail="{}",
            prev_hash=bytes(last.hash), hash=b"x" * 32,
        )  # fmt: skip
        session.add(row)
    with chained.db.read(ALL_COMPANIES) as session:
        count, fault = audit.verify(session, 1)
    assert count == 3
    assert fault is not None
    assert fault.seq == 4
