"""Tell people's opens and clicks from machines', break figures down, and wait a moment after a yes."""

import sqlalchemy as sa
from alembic import op

from lux.kit.db import base

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_COUNTERS = ("total", "firsts", "human", "human_firsts", "machine")
_ENGAGEMENT = "('email.opened', 'email.clicked', 'email.unsubscribed')"
# What a JSON object holds under a name, as a whole number.
_NUMBER = {
    "sqlite": "CAST(json_extract(properties, '$.{name}') AS INTEGER)",
    "postgresql": "CAST(properties ->> '{name}' AS bigint)",
    "mysql": "CAST(JSON_VALUE(properties, '$.{name}') AS UNSIGNED)",
    "mariadb": "CAST(JSON_VALUE(properties, '$.{name}') AS UNSIGNED)",
}


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("fact") as table:
        table.add_column(sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        table.add_column(sa.Column("part_type", sa.String(length=32), nullable=True))
        table.add_column(sa.Column("part_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        table.add_column(sa.Column("facets", sa.JSON(), nullable=True))
        table.add_column(sa.Column("corrects_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
    _fill_units()
    for name, columns in (("ix_fact_unit", ["unit_id", "kind"]), ("ix_fact_corrects", ["corrects_id"])):
        condition = sa.text(f"{columns[0]} IS NOT NULL")
        op.create_index(name, "fact", ["company_id", *columns], postgresql_where=condition, sqlite_where=condition)
    with op.batch_alter_table("rollup") as table:
        for counter in ("human", "human_firsts", "machine"):
            table.add_column(sa.Column(counter, sa.BigInteger(), server_default="0", nullable=False))
    op.create_table(
        "rollup_facet",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject_type", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", base.KeyStr, nullable=False),
        sa.Column("facet", base.ShortKeyStr, nullable=False),
        sa.Column("value", base.KeyStr, nullable=False),
        *(sa.Column(counter, sa.BigInteger(), nullable=False) for counter in _COUNTERS),
        sa.Column("company_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_rollup_facet_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollup_facet")),
        sa.UniqueConstraint(
            "company_id", "subject_type", "subject_id", "kind", "facet", "value",
            name="uq_rollup_facet_key",
        ),
    )  # fmt: skip
    op.add_column("delivery", sa.Column("human_opened_at", base.UtcDateTime(), nullable=True))
    op.add_column("delivery", sa.Column("human_clicked_at", base.UtcDateTime(), nullable=True))
    op.add_column("campaign", sa.Column("utm", sa.JSON(), nullable=True))
    op.add_column("company", sa.Column("unsend_seconds", sa.Integer(), server_default="60", nullable=False))


def _fill_units() -> None:
    """Write down of earlier facts which delivery and link they are of; an erased person's say that no more."""
    number = _NUMBER[op.get_bind().dialect.name]
    op.execute(f"UPDATE fact SET unit_id = {number.format(name='delivery')} WHERE kind IN {_ENGAGEMENT}")  # noqa: S608 - names from above
    op.execute(
        "UPDATE fact SET part_type = 'link', part_id = (SELECT l.id FROM outbound_link l JOIN delivery d"  # noqa: S608 - names from above
        " ON d.outbound_id = l.outbound_id WHERE d.id = fact.unit_id"
        f" AND l.number = {number.format(name='link').replace('properties', 'fact.properties')})"
        " WHERE kind = 'email.clicked' AND unit_id IS NOT NULL"
    )
