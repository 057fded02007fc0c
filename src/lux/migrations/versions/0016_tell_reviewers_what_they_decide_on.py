"""Keep an item's risk and cost, a company's own review rules, and what a channel may cost."""

import sqlalchemy as sa
from alembic import op

from lux.kit.db import base

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.add_column("approval_queue", sa.Column("risk_level", sa.String(length=8), server_default="", nullable=False))
    op.add_column("approval_queue", sa.Column("risk_reasons", sa.JSON(), nullable=True))
    op.add_column("approval_queue", sa.Column("cost_minor", _BIG, nullable=True))
    op.add_column("approval_queue", sa.Column("cost_currency", sa.String(length=3), server_default="", nullable=False))
    op.create_table(
        "review_rule",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("code", base.ShortKeyStr, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("phrases", sa.JSON(), nullable=False),
        sa.Column("unless", sa.JSON(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("fix", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by", _BIG, nullable=True),
        sa.Column("changed_by_name", sa.String(length=200), nullable=False),
        sa.Column("changed_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("company_id", _BIG, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_review_rule_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_rule")),
        sa.UniqueConstraint("company_id", "code", name=op.f("uq_review_rule_company_id_code")),
        sa.UniqueConstraint("public_id", name=op.f("uq_review_rule_public_id")),
    )
    op.create_table(
        "channel_budget",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("channel", base.ShortKeyStr, nullable=False),
        sa.Column("period", base.ShortKeyStr, nullable=False),
        sa.Column("limit_minor", _BIG, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("changed_by", _BIG, nullable=True),
        sa.Column("changed_by_name", sa.String(length=200), nullable=False),
        sa.Column("changed_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("company_id", _BIG, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_channel_budget_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_budget")),
        sa.UniqueConstraint(
            "company_id", "channel", "period", name=op.f("uq_channel_budget_company_id_channel_period")
        ),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("channel_budget")
    op.drop_table("review_rule")
    with op.batch_alter_table("approval_queue") as table:
        table.drop_column("cost_currency")
        table.drop_column("cost_minor")
        table.drop_column("risk_reasons")
        table.drop_column("risk_level")
