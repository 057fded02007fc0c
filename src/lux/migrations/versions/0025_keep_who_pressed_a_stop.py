"""Keep with a stop everybody who pressed it since it began: under four eyes none of them ends it."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply; of a stop that stands already the last one who pressed it is known (`by_user_id`)."""
    op.add_column("stop", sa.Column("pressers", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("stop", "pressers")
