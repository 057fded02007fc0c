"""Let a campaign repeat within one yes, and keep what became of each of its slots."""

import sqlalchemy as sa
from alembic import op

from lux.kit.db import base

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = base.UtcDateTime(timezone=True)
RUN_STATE = sa.Enum("started", "skipped", "refused", name="runstate", native_enum=False, length=16)
VERDICT = sa.Enum("yes", "no", name="verdict", native_enum=False, length=8)


def upgrade() -> None:
    """Apply."""
    op.add_column("approval_decision", sa.Column("parent_id", BIG, nullable=True))
    op.add_column("campaign", sa.Column("repeat", sa.JSON(), nullable=True))
    op.add_column("campaign", sa.Column("run_of_id", BIG, nullable=True))
    op.create_table(
        "series_run",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("series_id", BIG, nullable=False),
        sa.Column("slot_at", MOMENT, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", RUN_STATE, nullable=False),
        sa.Column("check_failed", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decision_id", BIG, nullable=True),
        sa.Column("decision_verdict", VERDICT, nullable=True),
        sa.Column("outbound_id", BIG, nullable=True),
        sa.Column("audience_count", sa.Integer(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("company_id", BIG, nullable=False),
        sa.CheckConstraint(
            "outbound_id IS NULL"
            " OR (decision_id IS NOT NULL AND decision_verdict IS NOT NULL AND decision_verdict = 'yes')",
            name=op.f("ck_series_run_yes"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_series_run_company_id")),
        sa.ForeignKeyConstraint(
            ["company_id", "series_id"],
            ["outbound.company_id", "outbound.id"],
            name=op.f("fk_series_run_company_id_series_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "outbound_id"],
            ["outbound.company_id", "outbound.id"],
            name=op.f("fk_series_run_company_id_outbound_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "decision_id", "decision_verdict"],
            ["approval_decision.company_id", "approval_decision.id", "approval_decision.verdict"],
            name="fk_series_run_decision",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series_run")),
        sa.UniqueConstraint("public_id", name=op.f("uq_series_run_public_id")),
        sa.UniqueConstraint("outbound_id", name=op.f("uq_series_run_outbound_id")),
        sa.UniqueConstraint(
            "company_id", "series_id", "slot_at", name=op.f("uq_series_run_company_id_series_id_slot_at")
        ),
    )
    op.create_index("ix_series_run_decision", "series_run", ["company_id", "decision_id", "state"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("series_run")
    for table, names in (("campaign", ("run_of_id", "repeat")), ("approval_decision", ("parent_id",))):
        for name in names:
            op.drop_column(table, name)
