"""What somebody does to a chain who owns the database: the triggers go first, then the rows change."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from lux.kit.db import ALL_COMPANIES, Database
from lux.ledger import audit
from lux.ledger.models import ApprovalAuditLog

CHAIN: Final = 1
# Every column but the two hashes and the key, with another value.
COLUMNS: Final[dict[str, Any]] = {
    "at": "2020-01-01 00:00:00+00:00",
    "actor_type": "system",
    "actor_id": 99,
    "action": "approval.rejected",
    "object_type": "campaign",
    "object_id": "other",
    "object_version": 9,
    "content_hash": "0" * 64,
    "detail": json.dumps({"number": 77}),
}


def disarm(db: Database) -> None:
    """Take the triggers away, as the owner of the tables can."""
    with db.engine.begin() as connection:
        if db.dialect == "postgresql":
            for table in ("approval_audit_log", "audit_checkpoint"):
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
            return
        names = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%audit%'"
        for (name,) in connection.execute(text(names)).fetchall():
            connection.execute(text(f"DROP TRIGGER {name}"))


def change(column: str) -> Callable[[Session], None]:
    """Return what changes one column of the third row."""

    def act(session: Session) -> None:
        session.execute(text(f"UPDATE approval_audit_log SET {column} = :value WHERE company_id = 1 AND seq = 3"),
                        {"value": COLUMNS[column]})  # fmt: skip

    return act


def remove(*numbers: int) -> Callable[[Session], None]:
    """Return what deletes rows; none named = all of them."""

    def act(session: Session) -> None:
        mine = ApprovalAuditLog.company_id == CHAIN
        session.execute(delete(ApprovalAuditLog).where(mine, ApprovalAuditLog.seq.in_(numbers)) if numbers
                        else delete(ApprovalAuditLog).where(mine))  # fmt: skip

    return act


def swap(session: Session) -> None:
    """Let two rows change places."""
    for before, after in ((2, 1000), (3, 2), (1000, 3)):
        session.execute(
            update(ApprovalAuditLog)
            .where(ApprovalAuditLog.company_id == CHAIN, ApprovalAuditLog.seq == before)
            .values(seq=after)
        )


def rechain(session: Session) -> None:
    """Change the third row and write every hash from there on anew: the chain by itself holds again."""
    rows = session.scalars(
        select(ApprovalAuditLog).where(ApprovalAuditLog.company_id == CHAIN).order_by(ApprovalAuditLog.seq)
    ).all()
    rows[2].action, previous = "approval.rejected", bytes(rows[1].hash)
    for row in rows[2:]:
        row.prev_hash = previous
        row.hash = previous = audit.row_hash(row)
    session.flush()


# What is done, and the first row that does not hold then.
TAMPERINGS: Final[dict[str, tuple[Callable[[Session], None], int]]] = {
    **{f"changed {name}": (change(name), 3) for name in COLUMNS},
    "first row deleted": (remove(1), 1),
    "middle row deleted": (remove(3), 3),
    "last row deleted": (remove(5), 5),
    "two rows swapped": (swap, 2),
    "table emptied": (remove(), 1),
    "tail written anew": (rechain, 5),  # where the checkpoint is: the rows before it agree with each other
}


def tamper(db: Database, act: Callable[[Session], None]) -> None:
    """Carry it out."""
    with db.begin(ALL_COMPANIES) as session:
        act(session)
