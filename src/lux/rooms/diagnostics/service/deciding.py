"""What people make of a group of errors: resolved, ignored, or open again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.kit import clock
from lux.rooms.diagnostics import queries
from lux.rooms.diagnostics.models import ErrorGroup, GroupState

if TYPE_CHECKING:
    import uuid

    from sqlalchemy.orm import Session

    from lux.rooms.diagnostics.scope import Scope


def decide(
    session: Session, scope: Scope, public_id: uuid.UUID, *, state: GroupState, by: int, note: str = ""
) -> ErrorGroup:
    """Put a group into a state; raises NotFound outside the scope."""
    group = queries.group(session, scope, public_id)
    group.state = state
    group.note = note
    group.decided_at = clock.now()
    group.decided_by = by
    session.flush()
    return group
