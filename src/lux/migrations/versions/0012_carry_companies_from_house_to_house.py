"""Carry whole companies from one installation to another: files that leave, archives that arrive."""

import sqlalchemy as sa
from alembic import op

from lux.kit.db import base

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _big() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "company_export",
        sa.Column("id", _big(), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("file_key", sa.String(length=255), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("file_size", _big(), nullable=True),
        sa.Column("rows", _big(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("job_id", _big(), nullable=True),
        sa.Column("created_by", _big(), nullable=True),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        sa.Column("finished_at", base.UtcDateTime(), nullable=True),
        sa.Column("expires_at", base.UtcDateTime(), nullable=True),
        sa.Column("company_id", _big(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_company_export_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company_export")),
        sa.UniqueConstraint("public_id", name=op.f("uq_company_export_public_id")),
    )
    op.create_index("ix_company_export_company", "company_export", ["company_id", "id"])
    op.create_table(
        "company_import",
        sa.Column("id", _big(), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("file_key", sa.String(length=255), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("file_size", _big(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("target_id", _big(), nullable=True),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("job_id", _big(), nullable=True),
        sa.Column("created_by", _big(), nullable=True),
        sa.Column("created_at", base.UtcDateTime(), nullable=False),
        sa.Column("seen_at", base.UtcDateTime(), nullable=False),
        sa.Column("finished_at", base.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company_import")),
        sa.UniqueConstraint("public_id", name=op.f("uq_company_import_public_id")),
    )
    op.create_index("ix_company_import_created_by", "company_import", ["created_by", "id"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("company_import")
    op.drop_table("company_export")
