"""Count errors by day, ignore them until a moment or for so many more times, and know which key decided."""

import sqlalchemy as sa
from alembic import op

from lux.kit import clock
from lux.kit.db import base

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.add_column("error_group", sa.Column("decided_key", _BIG, nullable=True))
    op.add_column("error_group", sa.Column("ignored_until", base.UtcDateTime(timezone=True), nullable=True))
    op.add_column("error_group", sa.Column("ignored_to_count", _BIG, nullable=True))
    op.add_column("error_group", sa.Column("counted_from", sa.Date(), nullable=True))
    group = sa.table("error_group", sa.column("counted_from", sa.Date()))
    op.execute(sa.update(group).values(counted_from=clock.now().date()))  # what was before is not known by day
    op.create_table(
        "error_tally",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("group_id", _BIG, nullable=False),
        sa.Column("company_id", _BIG, nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", _BIG, nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["error_group.id"], name=op.f("fk_error_tally_group_id")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_error_tally_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_error_tally")),
        sa.UniqueConstraint("group_id", "day", name=op.f("uq_error_tally_group_id_day")),
    )
    with op.batch_alter_table("error_tally", schema=None) as batch_op:
        batch_op.create_index("ix_error_tally_day", ["day"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_table("error_tally")
    with op.batch_alter_table("error_group") as table:
        table.drop_column("counted_from")
        table.drop_column("ignored_to_count")
        table.drop_column("ignored_until")
        table.drop_column("decided_key")
