"""Follow the company's own website: set-up, domains, visitors, visits, counts per day."""

import sqlalchemy as sa
from alembic import op

from lux.kit.db import base

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "site_setup",
        sa.Column("id", BIG, nullable=False),
        sa.Column("site_key", base.ShortKeyStr, nullable=False),
        sa.Column("consent_mode", sa.String(length=16), nullable=False),
        *(
            sa.Column(name, sa.Boolean(), nullable=False)
            for name in ("respects_signals", "identifies_clicks", "captures_forms")
        ),
        sa.Column("banner_text", sa.String(length=500), nullable=False),
        sa.Column("banner_accept", sa.String(length=40), nullable=False),
        sa.Column("banner_decline", sa.String(length=40), nullable=False),
        sa.Column("privacy_url", sa.String(length=300), nullable=False),
        sa.Column("keep_days", sa.Integer(), nullable=False),
        sa.Column("refused_host", sa.String(length=254), nullable=False),
        sa.Column("refused_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        *_end("site_setup"),
        sa.UniqueConstraint("company_id", name=op.f("uq_site_setup_company_id")),
        sa.UniqueConstraint("site_key", name=op.f("uq_site_setup_site_key")),
    )
    op.create_table(
        "site_domain",
        sa.Column("id", BIG, nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("host", base.KeyStr, nullable=False),
        *(sa.Column(name, base.UtcDateTime(timezone=True), nullable=True) for name in ("loaded_at", "hit_at")),
        sa.Column("hit_page", sa.String(length=600), nullable=False),
        sa.Column("checked_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("checked_page", sa.String(length=600), nullable=False),
        sa.Column("created_at", base.UtcDateTime(timezone=True), nullable=False),
        *_end("site_domain"),
        sa.UniqueConstraint("company_id", "host", name=op.f("uq_site_domain_company_id_host")),
        sa.UniqueConstraint("public_id", name=op.f("uq_site_domain_public_id")),
    )
    _visitors()
    op.create_table(
        "site_tally",
        sa.Column("id", BIG, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("value", base.KeyStr, nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        *_end("site_tally"),
        sa.UniqueConstraint("company_id", "day", "what", "value", name=op.f("uq_site_tally_company_id_day_what_value")),
    )


def _visitors() -> None:
    op.create_table(
        "site_visitor",
        sa.Column("id", BIG, nullable=False),
        sa.Column("visitor_key", base.ShortKeyStr, nullable=False),
        sa.Column("contact_id", BIG, nullable=True),
        sa.Column("known_by", sa.String(length=16), nullable=False),
        sa.Column("known_at", base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", base.UtcDateTime(timezone=True), nullable=False),
        *_end("site_visitor"),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_site_visitor_company_id_id")),
        sa.UniqueConstraint("company_id", "visitor_key", name=op.f("uq_site_visitor_company_id_visitor_key")),
    )
    op.create_index("ix_site_visitor_contact", "site_visitor", ["company_id", "contact_id"])
    op.create_index("ix_site_visitor_seen", "site_visitor", ["company_id", "last_seen_at"])
    op.create_table(
        "site_visit",
        sa.Column("id", BIG, nullable=False),
        sa.Column("visitor_id", BIG, nullable=False),
        sa.Column("started_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_at", base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("views", sa.Integer(), nullable=False),
        sa.Column("entry_page", sa.String(length=600), nullable=False),
        sa.Column("referrer", sa.String(length=254), nullable=False),
        *(sa.Column(name, sa.String(length=100), nullable=False) for name in ("source", "medium", "campaign")),
        sa.Column("extra", sa.JSON(), nullable=False),
        *_end("site_visit"),
        sa.ForeignKeyConstraint(
            ["company_id", "visitor_id"], ["site_visitor.company_id", "site_visitor.id"],
            name=op.f("fk_site_visit_company_id_visitor_id"),
        ),
    )  # fmt: skip
    op.create_index("ix_site_visit_started", "site_visit", ["company_id", "started_at", "visitor_id"])
    op.create_index("ix_site_visit_visitor", "site_visit", ["company_id", "visitor_id", "started_at"])


def _end(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    """Return what every table of a company ends with."""
    return (
        sa.Column("company_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f(f"fk_{table}_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
