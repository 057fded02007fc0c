"""How many yeses a version has, and of whom: only a yes over exactly this, of who may still say it, counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.gate.deciding import policies
from lux.gate.models import ApprovalDecision, ApprovalQueue
from lux.gate.states import ItemState, Verdict
from lux.gate.views import ItemView
from lux.identity import members
from lux.identity.access import Right


@dataclass(frozen=True, kw_only=True)
class Yes:
    """One person's yes over the present version."""

    user_id: int | None
    name: str
    send_at: datetime | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a waiting item is."""

    yeses: Sequence[Yes]
    needed: int

    @property
    def is_begun(self) -> bool:
        """Say whether somebody said yes, and somebody else has to."""
        return bool(self.yeses)

    def includes(self, user_id: int) -> bool:
        """Say whether a person's yes is among them."""
        return any(one.user_id == user_id for one in self.yeses)


NOTHING = Progress(yeses=(), needed=1)


def of_item(session: Session, item: ApprovalQueue | ItemView) -> Progress:
    """Return how far one waiting item is."""
    return of_items(session, [item]).get(item.id, NOTHING)


def of_items(session: Session, items: Sequence[ApprovalQueue | ItemView]) -> Mapping[int, Progress]:
    """Return how far each waiting item is, set-based; what doesn't wait is left out."""
    waiting = {item.id: item for item in items if item.state is ItemState.PENDING}
    if not waiting:
        return {}
    rules, may = policies.rules_of(session), set(members.user_ids_with(session, Right.APPROVE))
    query = (
        select(ApprovalDecision)
        .where(ApprovalDecision.item_id.in_(waiting), ApprovalDecision.verdict == Verdict.YES)
        .order_by(ApprovalDecision.id)
    )
    found: dict[int, dict[int | None, Yes]] = {number: {} for number in waiting}
    for row in session.scalars(query):
        item = waiting[row.item_id]
        if (row.version, row.content_hash) == (item.version, item.content_hash) and row.decided_by in may:
            found[item.id][row.decided_by] = Yes(
                user_id=row.decided_by, name=row.decided_by_name, send_at=row.send_at, at=row.at
            )
    return {
        number: Progress(yeses=tuple(found[number].values()), needed=rules.yeses_for(_reach(item)))
        for number, item in waiting.items()
    }


def _reach(item: ApprovalQueue | ItemView) -> int:
    """Return how many people one yes may reach at a time: a series as many as its cap lets, not those of today."""
    return max(item.audience_count, int(item.body.get("most_recipients") or 0))
