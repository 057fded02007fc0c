"""Sign where chains are, keep what people typed beside them, remember verifications, export the audit log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from lux.kit.db import base
from lux.ledger import guards

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_HASH = sa.LargeBinary(32).with_variant(mysql.VARBINARY(32), "mysql", "mariadb")


def upgrade() -> None:
    """Apply; rows of chains stay as they are."""
    op.create_table(
        "audit_words",
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_audit_words")),
    )
    with op.batch_alter_table("audit_words", schema=None) as batch_op:
        batch_op.create_index("ix_audit_words_company", ["company_id"], unique=False)
    op.create_table(
        "audit_checkpoint",
        sa.Column("company_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", _HASH, nullable=False),
        sa.Column("at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("key", sa.String(length=44), nullable=False),
        sa.Column("signature", sa.String(length=88), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "seq", name=op.f("pk_audit_checkpoint")),
        sqlite_with_rowid=False,
    )
    guards.install_on_checkpoints(op.get_bind())
    op.create_table(
        "audit_check",
        sa.Column("company_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("checkpoints", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", name=op.f("pk_audit_check")),
    )
    op.create_table(
        "audit_export",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("file_key", sa.String(length=255), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("file_size", _BIG, nullable=True),
        sa.Column("rows", _BIG, nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("job_id", _BIG, nullable=True),
        sa.Column("created_by", _BIG, nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("expires_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("company_id", _BIG, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_audit_export_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_export")),
        sa.UniqueConstraint("public_id", name=op.f("uq_audit_export_public_id")),
    )
    with op.batch_alter_table("audit_export", schema=None) as batch_op:
        batch_op.create_index("ix_audit_export_company", ["company_id", "id"], unique=False)


def downgrade() -> None:
    """Take back; what the chain says of words is a hash from then on."""
    op.drop_table("audit_export")
    op.drop_table("audit_check")
    op.drop_table("audit_checkpoint")
    guards.drop_checkpoint_function(op.get_bind())
    op.drop_table("audit_words")
