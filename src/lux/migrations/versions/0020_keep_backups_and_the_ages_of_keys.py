"""Keep what is known of backups, retire and destroy data keys, and remember what a secret was used for."""

import sqlalchemy as sa
from alembic import op

from lux.kit.db import base

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.add_column("data_key", sa.Column("retired_at", base.UtcDateTime(timezone=True), nullable=True))
    op.add_column("data_key", sa.Column("destroyed_at", base.UtcDateTime(timezone=True), nullable=True))
    op.add_column("vault_secret", sa.Column("last_used_for", sa.String(64), nullable=False, server_default=""))
    op.create_table(
        "vault_check",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("secrets", sa.Integer(), nullable=False),
        sa.Column("destroyed", sa.Integer(), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("first_fault", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vault_check")),
    )
    op.create_table(
        "backup",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("origin", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("started_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("size", _BIG, nullable=False),
        sa.Column("rows", _BIG, nullable=False),
        sa.Column("files", _BIG, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("verified_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("is_good", sa.Boolean(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("job_id", _BIG, nullable=True),
        sa.Column("created_by", _BIG, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backup")),
        sa.UniqueConstraint("public_id", name=op.f("uq_backup_public_id")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("backup")
    op.drop_table("vault_check")
    with op.batch_alter_table("vault_secret") as table:
        table.drop_column("last_used_for")
    with op.batch_alter_table("data_key") as table:
        table.drop_column("destroyed_at")
        table.drop_column("retired_at")
