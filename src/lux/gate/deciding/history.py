"""All that happened to one item in the order in which it happened: versions, decisions, comments, its end."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from lux.gate.deciding.models import ApprovalComment
from lux.gate.models import ApprovalDecision, ApprovalQueue, ApprovalVersion
from lux.gate.states import ItemState, Method, Verdict
from lux.gate.views import ItemView, item_view
from lux.identity import members


class Happened(enum.Enum):
    """What can happen to an item."""

    SUBMITTED = "submitted"  # its first version
    REVISED = "revised"  # somebody changed it
    RETURNED = "returned"  # a check voided its yes: LUX asks again
    YES = "yes"  # somebody said yes
    SOLO = "solo"  # somebody said yes to their own work
    NO = "no"  # somebody said no
    COMMENTED = "commented"  # somebody said something
    CANCELLED = "cancelled"  # taken back
    EXPIRED = "expired"  # nobody decided in time


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened."""

    what: Happened
    at: datetime
    version: int
    who: str = ""  # a name; empty = LUX itself, or a person whose name is not known any more
    who_type: str = "person"  # person | guest | agent | api_key | system
    text: str = ""  # a reason or a comment
    number: int = 1  # of a yes
    needed: int = 1
    send_at: datetime | None = None  # the time a yes is for


Kin = tuple[ItemView | None, Sequence[ItemView]]  # the one before, those after
_RANK: Final = (Happened.SUBMITTED, Happened.REVISED, Happened.RETURNED)
_ENDS: Final = {ItemState.CANCELLED: Happened.CANCELLED, ItemState.EXPIRED: Happened.EXPIRED}


def of_item(session: Session, item: ItemView) -> list[Event]:
    """Return everything that happened to an item, the oldest first."""
    names = {one.user_id: one.name or one.email for one in members.listing(session)}
    found = [*_versions(session, item, names), *_decisions(session, item), *_comments(session, item)]
    if item.state in _ENDS and item.decided_at is not None:
        found.append(Event(what=_ENDS[item.state], at=item.decided_at, version=item.version, text=item.reason,
                           who_type="system" if item.state is ItemState.EXPIRED else "person"))  # fmt: skip
    return sorted(found, key=lambda one: (one.at, one.version, one.what not in _RANK))


def kin(session: Session, item: ItemView) -> Kin:
    """Return the item that this one comes after, and those that come after this one."""
    return kin_of(session, [item])[item.id]


def kin_of(session: Session, items: Sequence[ItemView]) -> Mapping[int, Kin]:
    """Return the same for several items, set-based."""
    query = select(ApprovalQueue).where(
        or_(
            ApprovalQueue.id.in_([item.revises_id for item in items if item.revises_id]),
            ApprovalQueue.revises_id.in_([item.id for item in items]),
        )
    )
    rows = [item_view(row) for row in session.scalars(query.order_by(ApprovalQueue.id))]
    by_id = {row.id: row for row in rows}
    return {
        item.id: (by_id.get(item.revises_id or 0), [row for row in rows if row.revises_id == item.id]) for item in items
    }


def rejection_of(session: Session, public_id: uuid.UUID) -> Event | None:
    """Return the last no over an item with its reason, for whoever revises it; None = nobody said no."""
    row = session.scalar(
        select(ApprovalDecision)
        .join(ApprovalQueue, ApprovalQueue.id == ApprovalDecision.item_id)
        .where(ApprovalQueue.public_id == public_id, ApprovalDecision.verdict == Verdict.NO)
        .order_by(ApprovalDecision.id.desc())
        .limit(1)
    )
    return _decided(row) if row else None


def _versions(session: Session, item: ItemView, names: Mapping[int, str]) -> list[Event]:
    query = select(ApprovalVersion.version, ApprovalVersion.created_by, ApprovalVersion.created_at).where(
        ApprovalVersion.item_id == item.id
    )
    found = []
    for version, editor, at in session.execute(query):
        if version == 1:
            found.append(Event(what=Happened.SUBMITTED, at=at, version=1, who=item.author_name, text=item.rationale,
                               who_type=item.author_type))  # fmt: skip
        elif editor is None:
            found.append(Event(what=Happened.RETURNED, at=at, version=version, who_type="system"))
        else:
            found.append(Event(what=Happened.REVISED, at=at, version=version, who=names.get(editor, "")))
    return found


def _decisions(session: Session, item: ItemView) -> list[Event]:
    query = select(ApprovalDecision).where(ApprovalDecision.item_id == item.id)
    return [_decided(row) for row in session.scalars(query)]


def _decided(row: ApprovalDecision) -> Event:
    what = Happened.NO if row.verdict is Verdict.NO else Happened.SOLO if row.method is Method.SOLO else Happened.YES
    return Event(
        what=what,
        at=row.at,
        version=row.version,
        who=row.decided_by_name,
        who_type="guest" if row.guest_id is not None else "system" if row.decided_by is None else "person",
        text=row.reason,
        number=row.number,
        needed=row.needed,
        send_at=row.send_at,
    )


def _comments(session: Session, item: ItemView) -> list[Event]:
    query = select(ApprovalComment).where(ApprovalComment.item_id == item.id)
    return [
        Event(what=Happened.COMMENTED, at=row.at, version=row.version, who=row.author_name, who_type=row.author_type,
              text=row.text)
        for row in session.scalars(query)
    ]  # fmt: skip
