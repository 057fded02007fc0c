"""Count what leaves under a switch by day, for its limits, and keep switches of the whole installation."""

import sqlalchemy as sa
from alembic import op

from lux.kit.db import base

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "installation_toggle",
        sa.Column("key", base.ShortKeyStr, nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed_by", _BIG, nullable=True),
        sa.Column("changed_by_name", sa.String(length=200), nullable=False),
        sa.Column("changed_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_installation_toggle")),
    )
    op.create_table(
        "toggle_use",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("key", base.ShortKeyStr, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("unit", base.ShortKeyStr, nullable=False),
        sa.Column("amount", _BIG, nullable=False),
        sa.Column("company_id", _BIG, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_toggle_use_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_toggle_use")),
        sa.UniqueConstraint("company_id", "key", "day", "unit", name=op.f("uq_toggle_use_company_id_key_day_unit")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("toggle_use")
    op.drop_table("installation_toggle")
