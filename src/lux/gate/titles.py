"""What approval items are called, for those who show more than one page of them."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import TYPE_CHECKING

from sqlalchemy import select

from lux.gate.models import ApprovalQueue
from lux.ports.acts import ActKind

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def of_items(session: Session, public_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return titles by public id, without those of system mails, which stand on no page."""
    query = select(ApprovalQueue.public_id, ApprovalQueue.title).where(ApprovalQueue.public_id.in_(public_ids))
    rows = session.execute(query.where(ApprovalQueue.kind != ActKind.SYSTEM_EMAIL)).all()
    return {row.public_id: row.title for row in rows}


def holding(session: Session, text: str, *, limit: int) -> list[uuid.UUID]:
    """Return the newest items with this in their title, in any case, without system mails."""
    query = select(ApprovalQueue.public_id).where(ApprovalQueue.title.icontains(text, autoescape=True))
    query = query.where(ApprovalQueue.kind != ActKind.SYSTEM_EMAIL)
    return list(session.scalars(query.order_by(ApprovalQueue.id.desc()).limit(limit)))
