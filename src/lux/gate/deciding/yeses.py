"""How many yeses a version has, and of whom: only a yes over exactly this, of who may still say it, counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.gate.deciding import policies
from lux.gate.guests.models import Guest
from lux.gate.guests.reviewer import rights_of
from lux.gate.models import ApprovalDecision, ApprovalQueue
from lux.gate.states import ItemState, Verdict
from lux.gate.views import ItemView
from lux.identity import members
from lux.identity.access import Right
from lux.identity.models import User


@dataclass(frozen=True, kw_only=True)
class Yes:
    """One person's yes over the present version."""

    user_id: int | None  # the account; of a guest the one with the same address, if there is one
    name: str
    send_at: datetime | None
    at: datetime
    guest_id: int | None = None  # who said it by a personal link

    def is_of(self, user_id: int | None, guest_id: int | None = None) -> bool:
        """Say whether it is somebody's: by account, or by guest."""
        by_account = user_id is not None and self.user_id == user_id
        return by_account or (guest_id is not None and self.guest_id == guest_id)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a waiting item is."""

    yeses: Sequence[Yes]
    needed: int

    @property
    def is_begun(self) -> bool:
        """Say whether somebody said yes, and somebody else has to."""
        return bool(self.yeses)

    def includes(self, user_id: int | None, guest_id: int | None = None) -> bool:
        """Say whether somebody's yes is among them."""
        return any(one.is_of(user_id, guest_id) for one in self.yeses)


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
    found: dict[int, dict[tuple[str, int], Yes]] = {number: {} for number in waiting}
    rows = session.scalars(query).all()
    accounts = _guests(session, {row.guest_id for row in rows if row.guest_id is not None}, rules)
    for row in rows:
        item = waiting[row.item_id]
        if (row.version, row.content_hash) != (item.version, item.content_hash):
            continue
        if row.decided_by in may or row.guest_id in accounts:
            one = _yes(row, accounts)
            # An account and a guest with its address are one person.
            key = ("guest", row.guest_id or 0) if one.user_id is None else ("user", one.user_id)
            found[item.id][key] = one
    return {
        number: Progress(yeses=tuple(found[number].values()), needed=rules.yeses_for(_reach(item)))
        for number, item in waiting.items()
    }


def _yes(row: ApprovalDecision, accounts: Mapping[int, int | None]) -> Yes:
    account = row.decided_by if row.guest_id is None else accounts[row.guest_id]
    return Yes(user_id=account, guest_id=row.guest_id, name=row.decided_by_name, send_at=row.send_at, at=row.at)


def _guests(session: Session, ids: Collection[int], rules: policies.Rules) -> Mapping[int, int | None]:
    """Return, of these guests, who may decide now, with the account that has the same address."""
    if not ids:
        return {}
    query = select(Guest, User.id).outerjoin(User, User.email_key == Guest.email_key).where(Guest.id.in_(ids))
    return {guest.id: account for guest, account in session.execute(query) if rights_of(guest, rules)[1]}


def _reach(item: ApprovalQueue | ItemView) -> int:
    """Return how many people one yes may reach at a time: a series as many as its cap lets, not those of today."""
    return max(item.audience_count, int(item.body.get("most_recipients") or 0))
