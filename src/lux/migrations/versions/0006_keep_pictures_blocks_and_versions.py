"""Keep pictures, blocks, and what templates and campaigns said before."""

import sqlalchemy as sa
from alembic import op

from lux.kit.db import base

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "media",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("alt", sa.String(length=300), nullable=False),
        sa.Column("is_decorative", sa.Boolean(), nullable=False),
        sa.Column("labels", sa.String(length=300), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("created_by", BIG, nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("company_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_media_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_media_company_id_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_media_public_id")),
    )
    op.create_table(
        "content_block",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column(
            "key",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_by", BIG, nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("company_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_content_block_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_block")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_content_block_company_id_id")),
        sa.UniqueConstraint("company_id", "key", name=op.f("uq_content_block_company_id_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_content_block_public_id")),
    )
    op.create_table(
        "content_version",
        sa.Column("id", BIG, nullable=False),
        sa.Column("subject_type", sa.String(length=16), nullable=False),
        sa.Column("subject_id", BIG, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("saved", sa.JSON(), nullable=False),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column("act_hash", sa.String(length=64), nullable=False),
        sa.Column("editor_id", BIG, nullable=True),
        sa.Column("editor_name", sa.String(length=200), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("company_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_content_version_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_version")),
        sa.UniqueConstraint(
            "company_id",
            "subject_type",
            "subject_id",
            "number",
            name=op.f("uq_content_version_company_id_subject_type_subject_id_number"),
        ),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("content_version")
    op.drop_table("content_block")
    op.drop_table("media")
