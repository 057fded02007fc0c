"""Undo imports and keep mappings."""

import sqlalchemy as sa
from alembic import op

from lux.kit.db import base

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY = (
    sa.String(length=64)
    .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
    .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
    .with_variant(sa.String(length=64, collation="C"), "postgresql")
)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "import_mapping",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("name_key", _KEY, nullable=False),
        sa.Column("header_key", _KEY, nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("used_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_import_mapping_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_mapping")),
        sa.UniqueConstraint("public_id", name=op.f("uq_import_mapping_public_id")),
        sa.UniqueConstraint(
            "company_id", "header_key", "name_key", name=op.f("uq_import_mapping_company_id_header_key_name_key")
        ),
    )
    with op.batch_alter_table("contact_import", schema=None) as batch_op:
        batch_op.add_column(sa.Column("undo_state", sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column("undo", sa.JSON(), nullable=True))
    with op.batch_alter_table("imported_contact", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("effect", sa.String(length=8), nullable=True))
        batch_op.add_column(sa.Column("overwritten", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("kept", sa.String(length=16), nullable=True))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("imported_contact", schema=None) as batch_op:
        for name in ("kept", "overwritten", "effect", "version"):
            batch_op.drop_column(name)
    with op.batch_alter_table("contact_import", schema=None) as batch_op:
        batch_op.drop_column("undo")
        batch_op.drop_column("undo_state")
    op.drop_table("import_mapping")
