"""Keep which segments of the spool are loaded, so that none counts twice."""

import sqlalchemy as sa
from alembic import op

from lux.kit.db import base

revision = "0030"
down_revision = "0027"
branch_labels = None
depends_on = None

_MOMENT = base.UtcDateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "spool_segment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", base.ShortKeyStr, nullable=False),
        sa.Column("loaded_at", _MOMENT, nullable=False),
        sa.Column("loaded", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("torn", sa.Integer(), nullable=False),
        sa.Column("dropped", sa.Integer(), nullable=False),
        sa.Column("dropped_since", _MOMENT, nullable=True),
        sa.Column("trouble", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spool_segment")),
        sa.UniqueConstraint("name", name=op.f("uq_spool_segment_name")),
    )
    op.create_index("ix_spool_segment_loaded", "spool_segment", ["loaded_at"])


def downgrade() -> None:
    """Take back; a segment that is loaded and still on the disk would count again."""
    op.drop_table("spool_segment")
