"""Let contacts in and facts out: deliveries of other programs, and webhooks."""

import sqlalchemy as sa
from alembic import op

from lux.kit.db import base

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SHORT_KEY = (
    sa.String(length=64)
    .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
    .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
    .with_variant(sa.String(length=64, collation="C"), "postgresql")
)
HOOK_STATE = sa.Enum("active", "paused", "disabled", "ended", name="hookstate", native_enum=False, length=16)
CALL_STATE = sa.Enum("queued", "calling", "sent", "failed", "skipped", name="callstate", native_enum=False, length=16)
VERDICT = sa.Enum("yes", "no", name="verdict", native_enum=False, length=8)
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
    _webhooks()


def _webhooks() -> None:
    op.create_table(
        "webhook_subscription",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", BIG, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("state", HOOK_STATE, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cursor", BIG, nullable=False),
        sa.Column("rest_until", MOMENT, nullable=True),
        sa.Column("streak", sa.Integer(), nullable=False),
        sa.Column("failing_since", MOMENT, nullable=True),
        sa.Column("last_success_at", MOMENT, nullable=True),
        sa.Column("earlier_secret_until", MOMENT, nullable=True),
        sa.Column("created_by", BIG, nullable=False),
        sa.Column("created_by_name", sa.String(length=200), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("company_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "item_id"],
            ["approval_queue.company_id", "approval_queue.id"],
            name=op.f("fk_webhook_subscription_company_id_item_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_webhook_subscription_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_subscription")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_webhook_subscription_company_id_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_webhook_subscription_public_id")),
    )
    with op.batch_alter_table("webhook_subscription", schema=None) as batch_op:
        batch_op.create_index("ix_webhook_subscription_state", ["state", "company_id"], unique=False)
    op.create_table(
        "webhook_delivery",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", BIG, nullable=False),
        sa.Column("approval_id", BIG, nullable=False),
        sa.Column("approval_verdict", VERDICT, nullable=False),
        sa.Column("fact_id", BIG, nullable=False),
        sa.Column("kind", SHORT_KEY, nullable=False),
        sa.Column("state", CALL_STATE, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_try_at", MOMENT, nullable=True),
        sa.Column("company_id", BIG, nullable=False),
        sa.CheckConstraint("approval_verdict = 'yes'", name=op.f("ck_webhook_delivery_yes")),
        sa.ForeignKeyConstraint(
            ["company_id", "approval_id", "approval_verdict"],
            ["approval_decision.company_id", "approval_decision.id", "approval_decision.verdict"],
            name="fk_webhook_delivery_decision",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "subscription_id"],
            ["webhook_subscription.company_id", "webhook_subscription.id"],
            name=op.f("fk_webhook_delivery_company_id_subscription_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_webhook_delivery_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint("public_id", name=op.f("uq_webhook_delivery_public_id")),
        sa.UniqueConstraint("subscription_id", "fact_id", name=op.f("uq_webhook_delivery_subscription_id_fact_id")),
    )
    with op.batch_alter_table("webhook_delivery", schema=None) as batch_op:
        batch_op.create_index("ix_webhook_delivery_created", ["created_at"], unique=False)
        batch_op.create_index("ix_webhook_delivery_due", ["subscription_id", "state", "due_at"], unique=False)


def downgrade() -> None:
    """Undo."""
    op.drop_table("webhook_delivery")
    op.drop_table("webhook_subscription")
    with op.batch_alter_table("incoming_delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_incoming_delivery_company")

    op.drop_table("incoming_delivery")
    op.drop_table("incoming_setup")
