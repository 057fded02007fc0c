"""Keep with a stop everybody who pressed it since it began, and of which automatic one operators were told."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply; of a stop that stands already the last one who pressed it is known (`by_user_id`)."""
    op.add_column("stop", sa.Column("pressers", sa.JSON(), nullable=True))
    op.add_column("stop", sa.Column("told_epoch", _BIG, nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("stop", "told_epoch")
    op.drop_column("stop", "pressers")
