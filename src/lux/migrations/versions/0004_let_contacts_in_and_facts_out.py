"""Let contacts in and facts out: deliveries of other programs, and webhooks."""

import sqlalchemy as sa
from alembic import op

from lux.kit.db import base

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = base.UtcDateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "incoming_setup",
        sa.Column("id", BIG, nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("company_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_incoming_setup_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incoming_setup")),
        sa.UniqueConstraint("company_id", name=op.f("uq_incoming_setup_company_id")),
    )
    op.create_table(
        "incoming_delivery",
        sa.Column("id", BIG, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("key_name", sa.String(length=100), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("contact_public_id", sa.Uuid(), nullable=True),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("company_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_incoming_delivery_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incoming_delivery")),
    )
    with op.batch_alter_table("incoming_delivery", schema=None) as batch_op:
        batch_op.create_index("ix_incoming_delivery_company", ["company_id", "id"], unique=False)


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("incoming_delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_incoming_delivery_company")

    op.drop_table("incoming_delivery")
    op.drop_table("incoming_setup")
