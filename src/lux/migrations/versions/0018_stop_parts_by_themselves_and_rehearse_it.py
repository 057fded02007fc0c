"""Let a stop hold a part, let triggers press it within a company's bounds, and keep what rehearsals measured."""

import sqlalchemy as sa
from alembic import op

from lux.kit.db import base

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = base.UtcDateTime(timezone=True)
DRILL_STATE = sa.Enum("running", "done", "failed", name="drillstate", native_enum=False, length=16)


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("stop") as table:
        table.add_column(sa.Column("cause", sa.String(length=32), nullable=False, server_default=""))
        table.add_column(sa.Column("evidence", sa.String(length=200), nullable=False, server_default=""))
        table.add_column(sa.Column("rate", sa.Double(), nullable=True))
    op.create_table(
        "stop_trigger",
        sa.Column("id", BIG, nullable=False),
        sa.Column("key", base.ShortKeyStr, nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("minimum", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("changed_by", BIG, nullable=True),
        sa.Column("changed_by_name", sa.String(length=200), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("company_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_stop_trigger_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stop_trigger")),
        sa.UniqueConstraint("company_id", "key", name=op.f("uq_stop_trigger_company_id_key")),
    )
    op.create_table(
        "stop_signal",
        sa.Column("id", BIG, nullable=False),
        sa.Column("outbound_id", BIG, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("minute", BIG, nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("denied", sa.Integer(), nullable=False),
        sa.Column("company_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_stop_signal_company_id")),
        sa.ForeignKeyConstraint(
            ["company_id", "outbound_id"],
            ["outbound.company_id", "outbound.id"],
            name=op.f("fk_stop_signal_company_id_outbound_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stop_signal")),
        sa.UniqueConstraint(
            "company_id", "outbound_id", "minute", name=op.f("uq_stop_signal_company_id_outbound_id_minute")
        ),
    )
    op.create_index("ix_stop_signal_minute", "stop_signal", ["minute"])
    _drills()


def _drills() -> None:
    op.create_table(
        "stop_drill",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("state", DRILL_STATE, nullable=False),
        sa.Column("started_by", BIG, nullable=True),
        sa.Column("started_by_name", sa.String(length=200), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("outbound_id", BIG, nullable=True),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.Column("left_before", sa.Integer(), nullable=False),
        sa.Column("left_after", sa.Integer(), nullable=False),
        sa.Column("rest_ms", sa.Integer(), nullable=True),
        sa.Column("settled_ms", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("company_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_stop_drill_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stop_drill")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_stop_drill_company_id_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_stop_drill_public_id")),
    )
    op.create_index("ix_stop_drill_company", "stop_drill", ["company_id", "state"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("stop_drill")
    op.drop_table("stop_signal")
    op.drop_table("stop_trigger")
    with op.batch_alter_table("stop") as table:
        table.drop_column("rate")
        table.drop_column("evidence")
        table.drop_column("cause")
