"""Lay the foundations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from lux.kit.db import base
from lux.ledger import guards

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "app_user",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column(
            "email_key",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("password_changed_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("is_operator", sa.Boolean(), nullable=False),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("preferences", sa.JSON(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_sign_in_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_user")),
        sa.UniqueConstraint("email_key", name=op.f("uq_app_user_email_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_app_user_public_id")),
    )
    op.create_table(
        "approval_audit_log",
        sa.Column("company_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("actor_type", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("object_type", sa.String(length=32), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.Column("object_version", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column(
            "prev_hash",
            sa.LargeBinary(length=32)
            .with_variant(sa.VARBINARY(length=32), "mariadb")
            .with_variant(sa.VARBINARY(length=32), "mysql"),
            nullable=False,
        ),
        sa.Column(
            "hash",
            sa.LargeBinary(length=32)
            .with_variant(sa.VARBINARY(length=32), "mariadb")
            .with_variant(sa.VARBINARY(length=32), "mysql"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("company_id", "seq", name=op.f("pk_approval_audit_log")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "company",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "slug",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("website", sa.String(length=300), nullable=False),
        sa.Column("postal_address", sa.Text(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("public_url", sa.String(length=300), nullable=False),
        sa.Column("brand", sa.JSON(), nullable=False),
        sa.Column("is_sample", sa.Boolean(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company")),
        sa.UniqueConstraint("public_id", name=op.f("uq_company_public_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_company_slug")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "cron_slot",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "schedule",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("slot_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("fired_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cron_slot")),
        sa.UniqueConstraint("schedule", "slot_at", name=op.f("uq_cron_slot_schedule_slot_at")),
    )
    op.create_table(
        "job_worker",
        sa.Column(
            "name",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("threads", sa.Integer(), nullable=False),
        sa.Column("started_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("seen_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_worker")),
    )
    op.create_table(
        "leader",
        sa.Column(
            "name",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "holder",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("lease_until", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("renewed_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leader")),
    )
    op.create_table(
        "rate_window",
        sa.Column(
            "bucket",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("starts_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", "starts_at", name=op.f("pk_rate_window")),
    )
    op.create_table(
        "stop",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "scope",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("includes_system", sa.Boolean(), nullable=False),
        sa.Column("epoch", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("by_name", sa.String(length=200), nullable=False),
        sa.Column("changed_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stop")),
        sa.UniqueConstraint("scope", name=op.f("uq_stop_scope")),
    )
    op.create_table(
        "system_mail_count",
        sa.Column(
            "address_key",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("hour", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("address_key", "hour", name=op.f("pk_system_mail_count")),
    )
    op.create_table(
        "vault_key_check",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "key_id",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vault_key_check")),
        sa.UniqueConstraint("key_id", name=op.f("uq_vault_key_check_key_id")),
    )
    op.create_table(
        "approval_queue",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("email_campaign", "test_email", "system_email", name="actkind", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "approved",
                "scheduled",
                "rejected",
                "cancelled",
                "expired",
                "published",
                "failed",
                name="itemstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("subject_type", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("author_type", sa.String(length=16), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("author_name", sa.String(length=200), nullable=False),
        sa.Column("editor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("audience_label", sa.String(length=300), nullable=False),
        sa.Column("audience_count", sa.Integer(), nullable=False),
        sa.Column(
            "snapshot",
            sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mariadb").with_variant(mysql.LONGBLOB(), "mysql"),
            nullable=True,
        ),
        sa.Column("rationale", sa.Text(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("send_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("decided_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_by_name", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("expires_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_approval_queue_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_queue")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_approval_queue_company_id_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_approval_queue_public_id")),
    )
    with op.batch_alter_table("approval_queue", schema=None) as batch_op:
        batch_op.create_index("ix_approval_queue_company_state", ["company_id", "state", "id"], unique=False)

    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column(
            "address_key",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "state",
            sa.Enum("given", "requested", "withdrawn", name="consentstate", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("basis", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("proof", sa.JSON(), nullable=False),
        sa.Column("at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_consent_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sa.UniqueConstraint(
            "company_id", "channel", "address_key", name=op.f("uq_consent_company_id_channel_address_key")
        ),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index("ix_consent_contact", ["company_id", "contact_id"], unique=False)

    op.create_table(
        "contact",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column(
            "email_key",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column(
            "phone",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column("first_name", sa.String(length=100), nullable=False),
        sa.Column("last_name", sa.String(length=100), nullable=False),
        sa.Column("organisation", sa.String(length=200), nullable=False),
        sa.Column("website", sa.String(length=300), nullable=False),
        sa.Column("street", sa.String(length=200), nullable=False),
        sa.Column("postal_code", sa.String(length=20), nullable=False),
        sa.Column("city", sa.String(length=100), nullable=False),
        sa.Column("region", sa.String(length=100), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column(
            "lifecycle",
            sa.Enum("lead", "customer", "newsletter", "vip", "partner", name="lifecycle", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("attrs", sa.JSON(), nullable=False),
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_activity_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("trashed_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_contact_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint("company_id", "email_key", name=op.f("uq_contact_company_id_email_key")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_contact_company_id_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_contact_public_id")),
    )
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.create_index("ix_contact_activity", ["company_id", "last_activity_at", "id"], unique=False)
        batch_op.create_index("ix_contact_created", ["company_id", "created_at", "id"], unique=False)
        batch_op.create_index("ix_contact_import", ["company_id", "import_id"], unique=False)
        batch_op.create_index("ix_contact_lifecycle", ["company_id", "lifecycle", "created_at", "id"], unique=False)
        batch_op.create_index("ix_contact_phone", ["company_id", "phone"], unique=False)
        batch_op.create_index("ix_contact_trashed", ["company_id", "trashed_at", "id"], unique=False)

    op.create_table(
        "contact_export",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("file_key", sa.String(length=255), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("file_size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("rows", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("expires_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_contact_export_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_export")),
        sa.UniqueConstraint("public_id", name=op.f("uq_contact_export_public_id")),
    )
    op.create_table(
        "contact_import",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("file_key", sa.String(length=255), nullable=False),
        sa.Column("file_size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dialect", sa.JSON(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("offset", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_contact_import_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_import")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_contact_import_company_id_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_contact_import_public_id")),
    )
    op.create_table(
        "custom_field",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column(
            "key",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column(
            "type",
            sa.Enum("text", "number", "date", "boolean", "choice", name="fieldtype", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_custom_field_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_field")),
        sa.UniqueConstraint("company_id", "key", name=op.f("uq_custom_field_company_id_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_custom_field_public_id")),
    )
    op.create_table(
        "data_key",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "dek_id",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "key_id",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("wrapped", sa.Text(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_data_key_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_key")),
        sa.UniqueConstraint("company_id", "dek_id", name=op.f("uq_data_key_company_id_dek_id")),
    )
    op.create_table(
        "error_group",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("scope", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "fingerprint",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("type", sa.String(length=200), nullable=False),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.Column("words", sa.String(length=500), nullable=False),
        sa.Column("fix", sa.String(length=500), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("endpoint", sa.String(length=120), nullable=False),
        sa.Column(
            "severity", sa.Enum("warning", "error", name="severity", native_enum=False, length=32), nullable=False
        ),
        sa.Column(
            "state",
            sa.Enum("open", "resolved", "ignored", name="groupstate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("first_seen_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("came_back_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("decided_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_error_group_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_error_group")),
        sa.UniqueConstraint("public_id", name=op.f("uq_error_group_public_id")),
        sa.UniqueConstraint("scope", "fingerprint", name=op.f("uq_error_group_scope_fingerprint")),
    )
    with op.batch_alter_table("error_group", schema=None) as batch_op:
        batch_op.create_index("ix_error_group_company_state", ["company_id", "state", "last_seen_at"], unique=False)
        batch_op.create_index("ix_error_group_state_seen", ["state", "last_seen_at"], unique=False)

    op.create_table(
        "fact",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column(
            "kind",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("subject_type", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("value_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("properties", sa.JSON(), nullable=False),
        sa.Column(
            "dedup_key",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column("human", sa.String(length=8), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_fact_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact")),
        sa.UniqueConstraint("company_id", "dedup_key", name=op.f("uq_fact_company_id_dedup_key")),
    )
    with op.batch_alter_table("fact", schema=None) as batch_op:
        batch_op.create_index("ix_fact_contact", ["company_id", "contact_id", "kind", "at"], unique=False)
        batch_op.create_index("ix_fact_kind", ["company_id", "kind", "at", "contact_id"], unique=False)
        batch_op.create_index(
            "ix_fact_subject", ["company_id", "subject_type", "subject_id", "kind", "contact_id"], unique=False
        )

    op.create_table(
        "feature_toggle",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "key",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("changed_by_name", sa.String(length=200), nullable=False),
        sa.Column("changed_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_feature_toggle_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feature_toggle")),
        sa.UniqueConstraint("company_id", "key", name=op.f("uq_feature_toggle_company_id_key")),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column(
            "email_key",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "role",
            sa.Enum("owner", "admin", "marketer", "viewer", name="role", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column(
            "token_hash",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("invited_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_invitation_company_id")),
        sa.ForeignKeyConstraint(["invited_by"], ["app_user.id"], name=op.f("fk_invitation_invited_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("company_id", "email_key", name=op.f("uq_invitation_company_id_email_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_invitation_public_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitation_token_hash")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "kind",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("args", sa.JSON(), nullable=False),
        sa.Column(
            "queue",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column(
            "key",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column(
            "running_key",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column(
            "dedup_key",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column(
            "open_key",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column(
            "state",
            sa.Enum("queued", "running", "done", "failed", "cancelled", name="jobstate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("due_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=True),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("lease_until", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column(
            "leased_by",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column("fence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("is_cancelling", sa.Boolean(), nullable=False),
        sa.Column("progress_done", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("progress_total", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("progress_note", sa.String(length=300), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("started_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("finished_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_job_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("open_key", name=op.f("uq_job_open_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_job_public_id")),
        sa.UniqueConstraint("running_key", name=op.f("uq_job_running_key")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index("ix_job_company_state", ["company_id", "state", "id"], unique=False)
        batch_op.create_index("ix_job_leased_by", ["leased_by"], unique=False)
        batch_op.create_index("ix_job_state_due", ["state", "due_at", "id"], unique=False)

    op.create_table(
        "membership",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "role",
            sa.Enum("owner", "admin", "marketer", "viewer", name="role", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_membership_company_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_membership_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
        sa.UniqueConstraint("company_id", "user_id", name=op.f("uq_membership_company_id_user_id")),
    )
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.create_index("ix_membership_user_id", ["user_id"], unique=False)

    op.create_table(
        "notification",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("read_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_notification_company_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_notification_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint("public_id", name=op.f("uq_notification_public_id")),
    )
    with op.batch_alter_table("notification", schema=None) as batch_op:
        batch_op.create_index("ix_notification_person", ["company_id", "user_id", "id"], unique=False)

    op.create_table(
        "one_time_token",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "purpose",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "token_hash",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_one_time_token_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_one_time_token_token_hash")),
    )
    op.create_table(
        "provider_account",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column(
            "provider",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "channel",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column(
            "default_for",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=True,
        ),
        sa.Column("last_probe_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_probe_ok", sa.Boolean(), nullable=True),
        sa.Column("last_probe_message", sa.Text(), nullable=False),
        sa.Column("last_probe_field", sa.String(length=64), nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_provider_account_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_account")),
        sa.UniqueConstraint("company_id", "default_for", name=op.f("uq_provider_account_company_id_default_for")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_provider_account_company_id_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_provider_account_public_id")),
    )
    op.create_table(
        "rollup",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject_type", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("firsts", sa.BigInteger(), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_rollup_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollup")),
        sa.UniqueConstraint(
            "company_id",
            "subject_type",
            "subject_id",
            "kind",
            "day",
            name=op.f("uq_rollup_company_id_subject_type_subject_id_kind_day"),
        ),
    )
    op.create_table(
        "segment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column(
            "name_key",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("is_dynamic", sa.Boolean(), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_segment_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_segment_company_id_id")),
        sa.UniqueConstraint("company_id", "name_key", name=op.f("uq_segment_company_id_name_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_segment_public_id")),
    )
    op.create_table(
        "sender",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column(
            "email_key",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("reply_to", sa.String(length=254), nullable=False),
        sa.Column("verified_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("verified_by", sa.String(length=16), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("code_expires_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("code_attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_sender_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sender")),
        sa.UniqueConstraint("company_id", "email_key", name=op.f("uq_sender_company_id_email_key")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_sender_company_id_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_sender_public_id")),
    )
    op.create_table(
        "sending_domain",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column(
            "domain",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "selector",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.Column("checked_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_sending_domain_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sending_domain")),
        sa.UniqueConstraint("company_id", "domain", name=op.f("uq_sending_domain_company_id_domain")),
        sa.UniqueConstraint("public_id", name=op.f("uq_sending_domain_public_id")),
    )
    op.create_table(
        "suppression",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column(
            "address_key",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
                "unsubscribed",
                "bounced",
                "complained",
                "manual",
                "imported",
                name="suppressionreason",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("detail", sa.String(length=500), nullable=False),
        sa.Column("outbound_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_suppression_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression")),
        sa.UniqueConstraint(
            "company_id", "channel", "address_key", name=op.f("uq_suppression_company_id_channel_address_key")
        ),
    )
    op.create_table(
        "tag",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column(
            "name_key",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_tag_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_tag_company_id_id")),
        sa.UniqueConstraint("company_id", "name_key", name=op.f("uq_tag_company_id_name_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_tag_public_id")),
    )
    op.create_table(
        "template",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("starter", sa.String(length=32), nullable=False),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("preview_text", sa.String(length=300), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_template_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_template_company_id_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_template_public_id")),
    )
    op.create_table(
        "web_session",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column(
            "token_hash",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_web_session_company_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_web_session_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_session")),
        sa.UniqueConstraint("public_id", name=op.f("uq_web_session_public_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_web_session_token_hash")),
    )
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.create_index("ix_web_session_user_id", ["user_id"], unique=False)

    op.create_table(
        "approval_decision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.Enum("yes", "no", name="verdict", native_enum=False, length=8), nullable=False),
        sa.Column(
            "method", sa.Enum("person", "system", "test", name="method", native_enum=False, length=16), nullable=False
        ),
        sa.Column("decided_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("send_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "method IN ('system', 'test') OR (decided_by IS NOT NULL AND session_id IS NOT NULL)",
            name=op.f("ck_approval_decision_person"),
        ),
        sa.CheckConstraint("verdict IN ('yes', 'no')", name=op.f("ck_approval_decision_verdict")),
        sa.ForeignKeyConstraint(
            ["company_id", "item_id"],
            ["approval_queue.company_id", "approval_queue.id"],
            name=op.f("fk_approval_decision_company_id_item_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_approval_decision_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_decision")),
        sa.UniqueConstraint("company_id", "id", "verdict", name=op.f("uq_approval_decision_company_id_id_verdict")),
    )
    with op.batch_alter_table("approval_decision", schema=None) as batch_op:
        batch_op.create_index("ix_approval_decision_item", ["company_id", "item_id"], unique=False)

    op.create_table(
        "approval_version",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("was_approved", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "item_id"],
            ["approval_queue.company_id", "approval_queue.id"],
            name=op.f("fk_approval_version_company_id_item_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_approval_version_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_version")),
        sa.UniqueConstraint(
            "company_id", "item_id", "version", name=op.f("uq_approval_version_company_id_item_id_version")
        ),
    )
    op.create_table(
        "contact_tag",
        sa.Column("tag_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("added_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "contact_id"],
            ["contact.company_id", "contact.id"],
            name=op.f("fk_contact_tag_company_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "tag_id"], ["tag.company_id", "tag.id"], name=op.f("fk_contact_tag_company_id_tag_id")
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_contact_tag_company_id")),
        sa.PrimaryKeyConstraint("tag_id", "contact_id", name=op.f("pk_contact_tag")),
    )
    with op.batch_alter_table("contact_tag", schema=None) as batch_op:
        batch_op.create_index("ix_contact_tag_contact", ["company_id", "contact_id"], unique=False)

    op.create_table(
        "contact_word",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "word",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "contact_id"],
            ["contact.company_id", "contact.id"],
            name=op.f("fk_contact_word_company_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_contact_word_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_word")),
        sa.UniqueConstraint(
            "company_id", "word", "contact_id", name=op.f("uq_contact_word_company_id_word_contact_id")
        ),
    )
    with op.batch_alter_table("contact_word", schema=None) as batch_op:
        batch_op.create_index("ix_contact_word_contact", ["company_id", "contact_id"], unique=False)

    op.create_table(
        "error_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("endpoint", sa.String(length=120), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "severity", sa.Enum("warning", "error", name="severity", native_enum=False, length=32), nullable=False
        ),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_error_log_company_id")),
        sa.ForeignKeyConstraint(["group_id"], ["error_group.id"], name=op.f("fk_error_log_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_error_log")),
    )
    with op.batch_alter_table("error_log", schema=None) as batch_op:
        batch_op.create_index("ix_error_log_at", ["at"], unique=False)
        batch_op.create_index("ix_error_log_group", ["group_id", "id"], unique=False)

    op.create_table(
        "import_rejection",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "import_id"],
            ["contact_import.company_id", "contact_import.id"],
            name=op.f("fk_import_rejection_company_id_import_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_import_rejection_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_rejection")),
        sa.UniqueConstraint("import_id", "line", name=op.f("uq_import_rejection_import_id_line")),
    )
    op.create_table(
        "imported_contact",
        sa.Column(
            "import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("line", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "contact_id"],
            ["contact.company_id", "contact.id"],
            name=op.f("fk_imported_contact_company_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "import_id"],
            ["contact_import.company_id", "contact_import.id"],
            name=op.f("fk_imported_contact_company_id_import_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_imported_contact_company_id")),
        sa.PrimaryKeyConstraint("import_id", "contact_id", name=op.f("pk_imported_contact")),
    )
    with op.batch_alter_table("imported_contact", schema=None) as batch_op:
        batch_op.create_index("ix_imported_contact_contact", ["company_id", "contact_id"], unique=False)

    op.create_table(
        "segment_member",
        sa.Column(
            "segment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column(
            "contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("added_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "contact_id"],
            ["contact.company_id", "contact.id"],
            name=op.f("fk_segment_member_company_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "segment_id"],
            ["segment.company_id", "segment.id"],
            name=op.f("fk_segment_member_company_id_segment_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_segment_member_company_id")),
        sa.PrimaryKeyConstraint("segment_id", "contact_id", name=op.f("pk_segment_member")),
    )
    with op.batch_alter_table("segment_member", schema=None) as batch_op:
        batch_op.create_index("ix_segment_member_contact", ["company_id", "contact_id"], unique=False)

    op.create_table(
        "vault_secret",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "integration",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "name",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("last4", sa.String(length=4), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "account_id"],
            ["provider_account.company_id", "provider_account.id"],
            name=op.f("fk_vault_secret_company_id_account_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_vault_secret_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vault_secret")),
        sa.UniqueConstraint(
            "company_id", "integration", "name", name=op.f("uq_vault_secret_company_id_integration_name")
        ),
    )
    op.create_table(
        "outbound",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("approval_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("approval_verdict", sa.Enum("yes", "no", name="verdict", native_enum=False, length=8), nullable=True),
        sa.Column(
            "kind",
            sa.Enum("email_campaign", "test_email", "system_email", name="actkind", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("subject_type", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "held",
                "ready",
                "working",
                "done",
                "failed",
                "unknown",
                "cancelled",
                "refused",
                name="outboundstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("check_failed", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("pause_reason", sa.Text(), nullable=False),
        sa.Column("is_materialised", sa.Boolean(), nullable=False),
        sa.Column("due_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("started_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("finished_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "(approval_id IS NOT NULL AND approval_verdict IS NOT NULL AND approval_verdict = 'yes') OR state IN ('held', 'refused', 'cancelled')",
            name=op.f("ck_outbound_yes"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "approval_id", "approval_verdict"],
            ["approval_decision.company_id", "approval_decision.id", "approval_decision.verdict"],
            name="fk_outbound_decision",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "item_id"],
            ["approval_queue.company_id", "approval_queue.id"],
            name=op.f("fk_outbound_company_id_item_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_outbound_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbound")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_outbound_company_id_id")),
        sa.UniqueConstraint("item_id", name=op.f("uq_outbound_item_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_outbound_public_id")),
    )
    with op.batch_alter_table("outbound", schema=None) as batch_op:
        batch_op.create_index("ix_outbound_state", ["state", "due_at"], unique=False)
        batch_op.create_index("ix_outbound_subject", ["company_id", "subject_type", "subject_id"], unique=False)

    op.create_table(
        "campaign",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("preview_text", sa.String(length=300), nullable=False),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sender_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reply_to", sa.String(length=254), nullable=False),
        sa.Column("audience_source", sa.String(length=32), nullable=False),
        sa.Column("audience_key", sa.String(length=64), nullable=False),
        sa.Column("track_opens", sa.Boolean(), nullable=False),
        sa.Column("track_clicks", sa.Boolean(), nullable=False),
        sa.Column("outbound_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "outbound_id"],
            ["outbound.company_id", "outbound.id"],
            name=op.f("fk_campaign_company_id_outbound_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_campaign_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_campaign_company_id_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_campaign_public_id")),
    )
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.create_index("ix_campaign_created", ["company_id", "created_at", "id"], unique=False)

    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("outbound_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column(
            "address_key",
            sa.String(length=254)
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=254, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=254, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "claimed",
                "sent",
                "captured",
                "failed",
                "unknown",
                "skipped",
                "delivered",
                "bounced",
                name="deliverystate",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column(
            "claimed_by",
            sa.String(length=64)
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mariadb")
            .with_variant(sa.String(length=64, collation="utf8mb4_nopad_bin"), "mysql")
            .with_variant(sa.String(length=64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("lease_until", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("leaving_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(length=32), nullable=False),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.Column("provider_id", sa.String(length=200), nullable=True),
        sa.Column("sent_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("first_opened_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("first_clicked_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("unsubscribed_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "outbound_id"],
            ["outbound.company_id", "outbound.id"],
            name=op.f("fk_delivery_company_id_outbound_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_delivery_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint(
            "outbound_id", "address_key", "channel", name=op.f("uq_delivery_outbound_id_address_key_channel")
        ),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index("ix_delivery_claim", ["outbound_id", "state", "id"], unique=False)
        batch_op.create_index("ix_delivery_contact", ["company_id", "contact_id"], unique=False)
        batch_op.create_index("ix_delivery_lease", ["state", "lease_until"], unique=False)

    op.create_table(
        "outbound_link",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("outbound_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "outbound_id"],
            ["outbound.company_id", "outbound.id"],
            name=op.f("fk_outbound_link_company_id_outbound_id"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_outbound_link_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbound_link")),
        sa.UniqueConstraint("outbound_id", "number", name=op.f("uq_outbound_link_outbound_id_number")),
    )
    guards.install(op.get_bind())


def downgrade() -> None:
    """Take back."""
    op.drop_table("outbound_link")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_delivery_lease")
        batch_op.drop_index("ix_delivery_contact")
        batch_op.drop_index("ix_delivery_claim")

    op.drop_table("delivery")
    with op.batch_alter_table("campaign", schema=None) as batch_op:
        batch_op.drop_index("ix_campaign_created")

    op.drop_table("campaign")
    with op.batch_alter_table("outbound", schema=None) as batch_op:
        batch_op.drop_index("ix_outbound_subject")
        batch_op.drop_index("ix_outbound_state")

    op.drop_table("outbound")
    op.drop_table("vault_secret")
    with op.batch_alter_table("segment_member", schema=None) as batch_op:
        batch_op.drop_index("ix_segment_member_contact")

    op.drop_table("segment_member")
    with op.batch_alter_table("imported_contact", schema=None) as batch_op:
        batch_op.drop_index("ix_imported_contact_contact")

    op.drop_table("imported_contact")
    op.drop_table("import_rejection")
    with op.batch_alter_table("error_log", schema=None) as batch_op:
        batch_op.drop_index("ix_error_log_group")
        batch_op.drop_index("ix_error_log_at")

    op.drop_table("error_log")
    with op.batch_alter_table("contact_word", schema=None) as batch_op:
        batch_op.drop_index("ix_contact_word_contact")

    op.drop_table("contact_word")
    with op.batch_alter_table("contact_tag", schema=None) as batch_op:
        batch_op.drop_index("ix_contact_tag_contact")

    op.drop_table("contact_tag")
    op.drop_table("approval_version")
    with op.batch_alter_table("approval_decision", schema=None) as batch_op:
        batch_op.drop_index("ix_approval_decision_item")

    op.drop_table("approval_decision")
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.drop_index("ix_web_session_user_id")

    op.drop_table("web_session")
    op.drop_table("template")
    op.drop_table("tag")
    op.drop_table("suppression")
    op.drop_table("sending_domain")
    op.drop_table("sender")
    op.drop_table("segment")
    op.drop_table("rollup")
    op.drop_table("provider_account")
    op.drop_table("one_time_token")
    with op.batch_alter_table("notification", schema=None) as batch_op:
        batch_op.drop_index("ix_notification_person")

    op.drop_table("notification")
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_index("ix_membership_user_id")

    op.drop_table("membership")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index("ix_job_state_due")
        batch_op.drop_index("ix_job_leased_by")
        batch_op.drop_index("ix_job_company_state")

    op.drop_table("job")
    op.drop_table("invitation")
    op.drop_table("feature_toggle")
    with op.batch_alter_table("fact", schema=None) as batch_op:
        batch_op.drop_index("ix_fact_subject")
        batch_op.drop_index("ix_fact_kind")
        batch_op.drop_index("ix_fact_contact")

    op.drop_table("fact")
    with op.batch_alter_table("error_group", schema=None) as batch_op:
        batch_op.drop_index("ix_error_group_state_seen")
        batch_op.drop_index("ix_error_group_company_state")

    op.drop_table("error_group")
    op.drop_table("data_key")
    op.drop_table("custom_field")
    op.drop_table("contact_import")
    op.drop_table("contact_export")
    with op.batch_alter_table("contact", schema=None) as batch_op:
        batch_op.drop_index("ix_contact_trashed")
        batch_op.drop_index("ix_contact_phone")
        batch_op.drop_index("ix_contact_lifecycle")
        batch_op.drop_index("ix_contact_import")
        batch_op.drop_index("ix_contact_created")
        batch_op.drop_index("ix_contact_activity")

    op.drop_table("contact")
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_index("ix_consent_contact")

    op.drop_table("consent")
    with op.batch_alter_table("approval_queue", schema=None) as batch_op:
        batch_op.drop_index("ix_approval_queue_company_state")

    op.drop_table("approval_queue")
    op.drop_table("vault_key_check")
    op.drop_table("system_mail_count")
    op.drop_table("stop")
    op.drop_table("rate_window")
    op.drop_table("leader")
    op.drop_table("job_worker")
    op.drop_table("cron_slot")
    op.drop_table("company")
    op.drop_table("approval_audit_log")
    op.drop_table("app_user")
