"""Several items at once, as somebody chose them from the list."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.gate.models import ApprovalQueue
from lux.gate.views import ItemView, item_view
from lux.ports.acts import UNLISTED


def shown(session: Session, public_ids: Sequence[uuid.UUID]) -> list[ItemView]:
    """Return the items of the session's company among these, in the order in which they were submitted."""
    query = select(ApprovalQueue).where(ApprovalQueue.public_id.in_(public_ids), ApprovalQueue.kind.not_in(UNLISTED))
    return [item_view(row) for row in session.scalars(query.order_by(ApprovalQueue.id))]
