"""Find the words that people typed for rows of the audit log, and give each chain a row that its writers can lock."""

import json

import sqlalchemy as sa
from alembic import op

from lux.ledger import guards

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None

_ROWS = sa.table("approval_audit_log", sa.column("company_id"), sa.column("seq"), sa.column("detail", sa.Text()))
_WORDS = sa.table("audit_words", sa.column("key", sa.Uuid(as_uuid=False)), sa.column("seq"))
_PAGE = 1000


def upgrade() -> None:
    """Apply; rows of chains stay as they are, words that are there learn which row they belong to."""
    op.create_table(
        "audit_chain",
        sa.Column("company_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("company_id", name=op.f("pk_audit_chain")),
    )
    op.add_column("audit_words", sa.Column("seq", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("audit_words", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_words_company")
        batch_op.create_index("ix_audit_words_company", ["company_id", "seq"], unique=False)
    _place_words()
    guards.renew_on_mariadb(op.get_bind())


def downgrade() -> None:
    """Take back; words are not found any more, and still read."""
    with op.batch_alter_table("audit_words", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_words_company")
        batch_op.drop_column("seq")
        batch_op.create_index("ix_audit_words_company", ["company_id"], unique=False)
    op.drop_table("audit_chain")


def _place_words() -> None:
    connection, company_id, seq = op.get_bind(), -1, 0
    place = sa.update(_WORDS).where(_WORDS.c.key == sa.bindparam("words")).values(seq=sa.bindparam("row"))
    while True:
        after = sa.or_(_ROWS.c.company_id > company_id, sa.and_(_ROWS.c.company_id == company_id, _ROWS.c.seq > seq))
        query = sa.select(_ROWS).where(after, _ROWS.c.detail.contains('"words":'))
        page = connection.execute(query.order_by(_ROWS.c.company_id, _ROWS.c.seq).limit(_PAGE)).all()
        found = [{"words": key, "row": row.seq} for row in page for key in _keys(row.detail)]
        if found:
            connection.execute(place, found)
        if len(page) < _PAGE:
            return
        company_id, seq = page[-1].company_id, page[-1].seq


def _keys(detail: str) -> list[str]:
    values = json.loads(detail).values()
    return [one["words"] for one in values if isinstance(one, dict) and set(one) == {"words", "sha256"}]
