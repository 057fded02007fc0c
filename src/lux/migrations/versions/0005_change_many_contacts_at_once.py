"""Change many contacts at once, and look at the list in saved ways."""

import sqlalchemy as sa
from alembic import op

from lux.kit.db import base

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    _actions()
    _views()


def _actions() -> None:
    op.create_table(
        "bulk_action",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("total", KEY, nullable=False),
        sa.Column("place", KEY, nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("undo_place", KEY, nullable=False),
        sa.Column("undo_counts", sa.JSON(), nullable=False),
        sa.Column("undo_reason", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("job_id", KEY, nullable=True),
        sa.Column("created_by", KEY, nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("company_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_bulk_action_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_action")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_bulk_action_company_id_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_bulk_action_public_id")),
    )
    op.create_index("ix_bulk_action_finished", "bulk_action", ["company_id", "finished_at"])
    op.create_table(
        "bulk_target",
        sa.Column("action_id", KEY, autoincrement=False, nullable=False),
        sa.Column("contact_id", KEY, autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("company_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "action_id"],
            ["bulk_action.company_id", "bulk_action.id"],
            name=op.f("fk_bulk_target_company_id_action_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_bulk_target_company_id")),
        sa.PrimaryKeyConstraint("action_id", "contact_id", name=op.f("pk_bulk_target")),
    )
    op.create_index("ix_bulk_target_contact", "bulk_target", ["company_id", "contact_id"])


def _views() -> None:
    op.create_table(
        "contact_view",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("owner_key", KEY, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("name_key", base.ShortKeyStr, nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("created_by", KEY, nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("company_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_contact_view_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_view")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_contact_view_company_id_id")),
        sa.UniqueConstraint(
            "company_id", "owner_key", "name_key", name=op.f("uq_contact_view_company_id_owner_key_name_key")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_contact_view_public_id")),
    )
    op.create_table(
        "contact_view_default",
        sa.Column("id", KEY, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("view_id", KEY, nullable=False),
        sa.Column("company_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "view_id"],
            ["contact_view.company_id", "contact_view.id"],
            name=op.f("fk_contact_view_default_company_id_view_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_contact_view_default_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_view_default")),
        sa.UniqueConstraint("company_id", "user_id", name=op.f("uq_contact_view_default_company_id_user_id")),
    )


def downgrade() -> None:
    """Take back."""
    for table in ("contact_view_default", "contact_view", "bulk_target", "bulk_action"):
        op.drop_table(table)
