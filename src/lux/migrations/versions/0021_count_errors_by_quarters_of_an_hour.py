"""Count errors by quarters of an hour, so that each person sees the days of their own zone."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. What was counted by the day stands at noon UTC: the same day in every zone but the farthest east."""
    with op.batch_alter_table("error_tally") as table:
        table.add_column(sa.Column("quarter", sa.Integer(), server_default="48", nullable=False))
        # The new one first: MariaDB keeps an index for the foreign key.
        table.create_unique_constraint(op.f("uq_error_tally_group_id_day_quarter"), ["group_id", "day", "quarter"])
        table.drop_constraint(op.f("uq_error_tally_group_id_day"), type_="unique")


def downgrade() -> None:
    """Take back: the counts of a day become one again."""
    tally = sa.table("error_tally", *(sa.column(name) for name in ("id", "group_id", "day", "count")))
    days = sa.select(sa.func.min(tally.c.id), sa.func.sum(tally.c.count)).group_by(tally.c.group_id, tally.c.day)
    kept = {number: int(count) for number, count in op.get_bind().execute(days)}
    for number in op.get_bind().execute(sa.select(tally.c.id)).scalars().all():
        this = tally.c.id == number
        change = sa.update(tally).where(this).values(count=kept[number]) if number in kept else None
        op.execute(sa.delete(tally).where(this) if change is None else change)
    with op.batch_alter_table("error_tally") as table:
        table.create_unique_constraint(op.f("uq_error_tally_group_id_day"), ["group_id", "day"])
        table.drop_constraint(op.f("uq_error_tally_group_id_day_quarter"), type_="unique")
        table.drop_column("quarter")
