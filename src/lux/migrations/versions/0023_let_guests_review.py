"""Let people outside of a company review what waits: guests, their sessions, and decisions that name them."""

import sqlalchemy as sa
from alembic import op

from lux.kit.db import base

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = base.UtcDateTime(timezone=True)
_SWITCHES = ("guests_comment", "guests_decide")
_PROOF = (
    "(method <> 'guest' AND guest_id IS NULL AND guest_session_id IS NULL) OR (method = 'guest' AND"
    " guest_id IS NOT NULL AND guest_session_id IS NOT NULL AND decided_by = 0 AND session_id = 0)"
)


def upgrade() -> None:
    """Apply."""
    _guests()
    _sessions()
    _decisions()
    for name in _SWITCHES:
        op.add_column("approval_policy", sa.Column(name, sa.Boolean(), nullable=True))
    policy = sa.table("approval_policy", *(sa.column(name, sa.Boolean()) for name in _SWITCHES))
    op.execute(sa.update(policy).values(dict.fromkeys(_SWITCHES, False)))
    with op.batch_alter_table("approval_policy") as batch:
        for name in _SWITCHES:
            batch.alter_column(name, existing_type=sa.Boolean(), nullable=False)


def downgrade() -> None:
    """Take back; what guests decided stays as history, which never is a yes."""
    with op.batch_alter_table("approval_policy") as batch:
        for name in _SWITCHES:
            batch.drop_column(name)
    decision = sa.table("approval_decision", sa.column("method"), sa.column("guest_id"), sa.column("guest_session_id"))
    gone = {"method": "elsewhere", "guest_id": None, "guest_session_id": None}
    op.execute(sa.update(decision).where(decision.c.method == "guest").values(gone))
    with op.batch_alter_table("approval_decision") as batch:
        batch.drop_constraint(op.f("ck_approval_decision_guest"), type_="check")
        if op.get_bind().dialect.name != "sqlite":  # there it goes with its column
            batch.drop_constraint(op.f("fk_approval_decision_guest_id"), type_="foreignkey")
        batch.drop_column("guest_session_id")
        batch.drop_column("guest_id")
    op.drop_table("guest_session")
    op.drop_table("guest")


def _guests() -> None:
    op.create_table(
        "guest",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", base.KeyStr, nullable=False),
        sa.Column("may_comment", sa.Boolean(), nullable=False),
        sa.Column("may_decide", sa.Boolean(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("item_id", _BIG, nullable=True),
        sa.Column("token_hash", base.ShortKeyStr, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("revoked_at", _MOMENT, nullable=True),
        sa.Column("invited_by", _BIG, nullable=False),
        sa.Column("invited_by_name", sa.String(length=200), nullable=False),
        sa.Column("invited_at", _MOMENT, nullable=False),
        sa.Column("last_seen_at", _MOMENT, nullable=True),
        sa.Column("company_id", _BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "item_id"],
            ["approval_queue.company_id", "approval_queue.id"],
            name=op.f("fk_guest_company_id_item_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_guest_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guest")),
        sa.UniqueConstraint("company_id", "email_key", name=op.f("uq_guest_company_id_email_key")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_guest_company_id_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_guest_public_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_guest_token_hash")),
    )


def _sessions() -> None:
    op.create_table(
        "guest_session",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("guest_id", _BIG, nullable=False),
        sa.Column("token_hash", base.ShortKeyStr, nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("last_seen_at", _MOMENT, nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=200), nullable=False),
        sa.Column("company_id", _BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "guest_id"],
            ["guest.company_id", "guest.id"],
            name=op.f("fk_guest_session_company_id_guest_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_guest_session_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guest_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_guest_session_token_hash")),
    )
    op.create_index("ix_guest_session_guest", "guest_session", ["company_id", "guest_id"], unique=False)


def _decisions() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # A table to which rows point can't be made anew within a transaction; a column brings its own constraint.
        op.execute(
            "ALTER TABLE approval_decision ADD COLUMN guest_id INTEGER"
            " CONSTRAINT fk_approval_decision_guest_id REFERENCES guest (id)"
        )
        op.execute(
            "ALTER TABLE approval_decision ADD COLUMN guest_session_id INTEGER"
            f" CONSTRAINT ck_approval_decision_guest CHECK ({_PROOF})"
        )
        return
    op.add_column("approval_decision", sa.Column("guest_id", _BIG, nullable=True))
    op.add_column("approval_decision", sa.Column("guest_session_id", _BIG, nullable=True))
    op.create_foreign_key(op.f("fk_approval_decision_guest_id"), "approval_decision", "guest", ["guest_id"], ["id"])
    op.create_check_constraint(op.f("ck_approval_decision_guest"), "approval_decision", _PROOF)
