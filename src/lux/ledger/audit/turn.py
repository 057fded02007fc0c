"""Whose turn it is to append: one writer at a time for each chain, on each database, also where no company is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from lux.kit.db.session import dialect_of, tenant_sql
from lux.ledger.models import ApprovalAuditLog

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.orm import Session

# Makes the chain's row where there is none, and locks it until the transaction ends, in one statement.
_MARIADB = "INSERT INTO audit_chain (company_id) VALUES (:company_id) ON DUPLICATE KEY UPDATE company_id = company_id"


def take(session: Session, company_id: int) -> None:
    """Wait until nobody else appends to this chain; it is ours until the transaction ends.

    SQLite: its one pen does that. PostgreSQL: an advisory lock. MariaDB: the chain's own row; that of a company would
    not do, because chain 0 and removed companies have none, and who has written rows of a company shares its row.
    """
    dialect = dialect_of(session)
    if dialect == "postgresql":
        session.execute(tenant_sql(company_id, "SELECT pg_advisory_xact_lock(7301, :company_id)"))
    elif dialect == "mysql":
        session.execute(tenant_sql(company_id, _MARIADB))


def head(session: Session, company_id: int) -> Row[int, bytes] | None:
    """Return number and hash of a chain's last row, as it is now.

    MariaDB reads what was there when the transaction began (REPEATABLE READ), save with a locking read; one that
    shares needs no right to change the table.
    """
    query = select(ApprovalAuditLog.seq, ApprovalAuditLog.hash).where(ApprovalAuditLog.company_id == company_id)
    query = query.order_by(ApprovalAuditLog.seq.desc()).limit(1)
    return session.execute(query.with_for_update(read=True) if dialect_of(session) == "mysql" else query).first()
