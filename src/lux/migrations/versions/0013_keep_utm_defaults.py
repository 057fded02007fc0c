"""Keep what a company's links carry by default: whether new campaigns add UTM parameters, and the names in them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("company", sa.Column("utm", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("company") as table:
        table.drop_column("utm")
