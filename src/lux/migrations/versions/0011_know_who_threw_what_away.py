"""Let pictures and blocks lie in the trash, know who threw what away, and count repeated notices."""

import sqlalchemy as sa
from alembic import op

from lux.kit import clock
from lux.kit.db import base

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

_HAD_A_TRASH = ("contact", "segment", "campaign", "template")
_NEW_IN_THE_TRASH = ("media", "content_block")


def upgrade() -> None:
    """Apply."""
    for name in _NEW_IN_THE_TRASH:
        op.add_column(name, sa.Column("trashed_at", base.UtcDateTime(timezone=True), nullable=True))
    for name in (*_HAD_A_TRASH, *_NEW_IN_THE_TRASH):
        op.add_column(name, sa.Column("trashed_by", sa.String(length=40), nullable=True))
    # from now on the trash is emptied by the clock: nothing goes that lay there while it was not
    for name in _HAD_A_TRASH:
        thing = sa.table(name, sa.column("trashed_at", base.UtcDateTime(timezone=True)))
        op.execute(sa.update(thing).where(thing.c.trashed_at.is_not(None)).values(trashed_at=clock.now()))
    op.add_column("notification", sa.Column("times", sa.Integer(), server_default="1", nullable=False))
