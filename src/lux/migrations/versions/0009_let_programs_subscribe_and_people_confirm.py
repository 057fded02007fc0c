"""Let programs subscribe addresses under a standing yes, and let people confirm that they want mail."""

import sqlalchemy as sa
from alembic import op

from lux.kit.db import base

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
HOOK_STATE = sa.Enum("active", "paused", "disabled", "ended", name="hookstate", native_enum=False, length=16)
MOMENT = base.UtcDateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "hook_allowance",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", BIG, nullable=False),
        sa.Column("key_id", BIG, nullable=False),
        sa.Column("key_name", sa.String(length=100), nullable=False),
        sa.Column("hosts", sa.JSON(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("state", HOOK_STATE, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", BIG, nullable=False),
        sa.Column("created_by_name", sa.String(length=200), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("company_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "item_id"],
            ["approval_queue.company_id", "approval_queue.id"],
            name=op.f("fk_hook_allowance_company_id_item_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_hook_allowance_company_id")),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_hook_allowance_key_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_allowance")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_hook_allowance_company_id_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_hook_allowance_public_id")),
    )
    op.create_index("ix_hook_allowance_state", "hook_allowance", ["state", "until"])
    with op.batch_alter_table("webhook_subscription") as table:
        table.add_column(sa.Column("allowance_id", BIG, nullable=True))
        table.create_foreign_key(
            op.f("fk_webhook_subscription_company_id_allowance_id"),
            "hook_allowance",
            ["company_id", "allowance_id"],
            ["company_id", "id"],
        )
        table.create_index("ix_webhook_subscription_allowance", ["allowance_id"])
    _subscribers()


def _subscribers() -> None:
    op.create_table(
        "opt_in",
        sa.Column("id", BIG, nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("address_key", base.KeyStr, nullable=False),
        sa.Column("token_hash", base.ShortKeyStr, nullable=False),
        sa.Column("via", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("first_name", sa.String(length=100), nullable=False),
        sa.Column("last_name", sa.String(length=100), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("proof", sa.JSON(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("company_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_opt_in_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opt_in")),
        sa.UniqueConstraint("company_id", "address_key", name=op.f("uq_opt_in_company_id_address_key")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_opt_in_token_hash")),
    )
    op.create_index("ix_opt_in_asked", "opt_in", ["company_id", "asked_at"])
    op.create_table(
        "subscribe_form",
        sa.Column("id", BIG, nullable=False),
        sa.Column("code", base.ShortKeyStr, nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("intro", sa.String(length=1000), nullable=False),
        sa.Column("wording", sa.String(length=1000), nullable=False),
        sa.Column("list_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("company_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_subscribe_form_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscribe_form")),
        sa.UniqueConstraint("code", name=op.f("uq_subscribe_form_code")),
        sa.UniqueConstraint("company_id", name=op.f("uq_subscribe_form_company_id")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("subscribe_form")
    op.drop_table("opt_in")
    with op.batch_alter_table("webhook_subscription") as table:
        table.drop_constraint(op.f("fk_webhook_subscription_company_id_allowance_id"), type_="foreignkey")
        table.drop_index("ix_webhook_subscription_allowance")
        table.drop_column("allowance_id")
    op.drop_table("hook_allowance")
