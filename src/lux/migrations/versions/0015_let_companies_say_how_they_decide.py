"""Let companies say how they decide, people comment, and agents say what they lean on; count yeses and waiting times."""

import sqlalchemy as sa
from alembic import op

from lux.kit.db import base

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = base.UtcDateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.add_column("approval_queue", sa.Column("sources", sa.JSON(), nullable=True))
    op.add_column("approval_queue", sa.Column("confidence", sa.Integer(), nullable=True))
    op.add_column("approval_queue", sa.Column("prompted_by", _BIG, nullable=True))
    op.add_column(
        "approval_queue", sa.Column("prompted_by_name", sa.String(length=200), server_default="", nullable=False)
    )
    op.add_column("approval_queue", sa.Column("revises_id", _BIG, nullable=True))
    op.add_column("approval_queue", sa.Column("offer_ends_at", _MOMENT, nullable=True))
    op.add_column(
        "approval_decision", sa.Column("decided_by_name", sa.String(length=200), server_default="", nullable=False)
    )
    op.add_column("approval_decision", sa.Column("number", sa.Integer(), server_default="1", nullable=False))
    op.add_column("approval_decision", sa.Column("needed", sa.Integer(), server_default="1", nullable=False))
    op.add_column("approval_decision", sa.Column("waited_seconds", sa.Integer(), nullable=True))
    op.create_table(
        "approval_policy",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("four_eyes", sa.Boolean(), nullable=False),
        sa.Column("two_above", sa.Integer(), nullable=True),
        sa.Column("expires_days", sa.Integer(), nullable=False),
        sa.Column("offer_hours", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed_by", _BIG, nullable=True),
        sa.Column("changed_by_name", sa.String(length=200), nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("company_id", _BIG, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_approval_policy_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_policy")),
        sa.UniqueConstraint("company_id", name=op.f("uq_approval_policy_company_id")),
    )
    op.create_table(
        "approval_comment",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", _BIG, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author_type", sa.String(length=16), nullable=False),
        sa.Column("author_id", _BIG, nullable=True),
        sa.Column("author_name", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("company_id", _BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "item_id"],
            ["approval_queue.company_id", "approval_queue.id"],
            name=op.f("fk_approval_comment_company_id_item_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_approval_comment_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_comment")),
        sa.UniqueConstraint("public_id", name=op.f("uq_approval_comment_public_id")),
    )
    with op.batch_alter_table("approval_comment", schema=None) as batch_op:
        batch_op.create_index("ix_approval_comment_item", ["company_id", "item_id", "id"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_table("approval_comment")
    op.drop_table("approval_policy")
    for table, names in (
        ("approval_decision", ("waited_seconds", "needed", "number", "decided_by_name")),
        ("approval_queue", ("offer_ends_at", "revises_id", "prompted_by_name", "prompted_by", "confidence", "sources")),
    ):
        with op.batch_alter_table(table) as batch_op:
            for name in names:
                batch_op.drop_column(name)
