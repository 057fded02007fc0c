"""Let other programs in: API keys."""

import sqlalchemy as sa
from alembic import op

from lux.kit.db import base

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SHORT_KEY = (
    sa.String(length=64)
    .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
    .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
    .with_variant(sa.String(length=64, collation="C"), "postgresql")
)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "api_key",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("secret_hash", SHORT_KEY, nullable=False),
        sa.Column("last_four", sa.String(length=4), nullable=False),
        sa.Column("previous_hash", SHORT_KEY, nullable=False),
        sa.Column("previous_last_four", sa.String(length=4), nullable=False),
        sa.Column("previous_until", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_by", BIG, nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("rotated_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("expires_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("company_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_api_key_company_id")),
        sa.ForeignKeyConstraint(["created_by"], ["app_user.id"], name=op.f("fk_api_key_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_api_key_public_id")),
    )
    with op.batch_alter_table("api_key", schema=None) as batch_op:
        batch_op.create_index("ix_api_key_company_id", ["company_id"], unique=False)


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("api_key", schema=None) as batch_op:
        batch_op.drop_index("ix_api_key_company_id")

    op.drop_table("api_key")
