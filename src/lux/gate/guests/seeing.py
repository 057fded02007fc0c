"""What guests see, and what is seen of them: their items, how they stand towards one, and the company's list."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session

from lux.gate.deciding import deciders, policies, yeses
from lux.gate.deciding.looking import Look
from lux.gate.deciding.models import ApprovalComment
from lux.gate.guests.models import Guest
from lux.gate.guests.reviewer import KINDS, GuestView, Reviewer, rights_of
from lux.gate.models import ApprovalDecision, ApprovalQueue
from lux.gate.states import ItemState
from lux.gate.views import ItemView, item_view
from lux.identity.models import User
from lux.kit import clock
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.ports.acts import ActKind

MOST = 50  # items on a guest's list


def waiting(session: Session, reviewer: Reviewer) -> list[ItemView]:
    """Return what waits and the guest's link is for, the oldest first."""
    reached = (
        ApprovalQueue.id == reviewer.item_id
        if reviewer.item_id is not None
        else ApprovalQueue.kind.in_([ActKind(kind) for kind in sorted(reviewer.kinds & set(KINDS))])
    )
    query = select(ApprovalQueue).where(ApprovalQueue.state == ItemState.PENDING, reached)
    rows = session.scalars(query.order_by(ApprovalQueue.id).limit(MOST))
    return [item for item in map(item_view, rows) if reviewer.reaches(item)]


def item(session: Session, reviewer: Reviewer, public_id: uuid.UUID) -> ItemView:
    """Return an item the guest may look at: it waits, or they took part in it; raises NotFound."""
    took_part = or_(
        ApprovalQueue.state == ItemState.PENDING,
        ApprovalQueue.id == (reviewer.item_id or 0),
        exists().where(
            ApprovalDecision.item_id == ApprovalQueue.id, ApprovalDecision.guest_id == reviewer.guest_id
        ),
        exists().where(
            ApprovalComment.item_id == ApprovalQueue.id,
            and_(ApprovalComment.author_type == "guest", ApprovalComment.author_id == reviewer.guest_id),
        ),
    )  # fmt: skip
    row = session.scalar(select(ApprovalQueue).where(ApprovalQueue.public_id == public_id, took_part))
    if row is None or not reviewer.reaches(row):
        raise NotFound
    return item_view(row)


def look(session: Session, reviewer: Reviewer, at: ItemView) -> Look:
    """Return how an item stands towards a guest."""
    progress = yeses.of_item(session, at)
    if at.state is not ItemState.PENDING or not reviewer.may_decide:
        return Look(progress=progress)
    if at.expires_at is not None and at.expires_at <= clock.now():
        return Look(progress=progress, why_not=_("Nobody decided in time: this has expired."))
    parts = deciders.own_parts(
        reviewer.account, author_id=at.author_id, editor_id=at.editor_id, prompted_by=at.prompted_by
    )
    if parts:
        return Look(progress=progress, may_reject=True, why_not=deciders.guests_own(parts))
    if progress.includes(reviewer.account, reviewer.guest_id) and len(progress.yeses) < progress.needed:
        why = _("You said yes already: %(n)s different people have to.", n=progress.needed)
        return Look(progress=progress, may_reject=True, why_not=why)
    return Look(progress=progress, may_reject=True, may_approve=True)


def guests(session: Session) -> list[GuestView]:
    """Return all guests of the session's company, the latest invited first."""
    rules = policies.rules_of(session)
    query = (
        select(Guest, ApprovalQueue)
        .outerjoin(ApprovalQueue, and_(ApprovalQueue.id == Guest.item_id, ApprovalQueue.company_id == Guest.company_id))
        .order_by(Guest.invited_at.desc(), Guest.id.desc())
    )
    rows = session.execute(query).all()
    decided = _decided(session)
    return [_view(guest, of, rules, decided.get(guest.id, 0)) for guest, of in rows]


def names(session: Session) -> list[tuple[int, uuid.UUID, str]]:
    """Return (row's number, public id, name) of all guests of the session's company."""
    query = select(Guest.id, Guest.public_id, Guest.name).order_by(Guest.id)
    return [(number, public_id, name or _("erased")) for number, public_id, name in session.execute(query)]


def readers(session: Session, of: ItemView) -> Sequence[str] | None:
    """Return the names of the guests who can read an item that waits; None = the company lets no guest see such."""
    rules = policies.rules_of(session)
    if not (rules.guests_comment or rules.guests_decide) or of.kind not in KINDS:
        return None
    return [guest.name for guest, _account in _reaching(session, of) if any(rights_of(guest, rules))]


def to_tell(session: Session, of: ItemView) -> list[tuple[int, str]]:
    """Return (number, address) of the guests who may decide on an item and have not said yes to it."""
    rules = policies.rules_of(session)
    if not rules.guests_decide or of.kind not in KINDS:
        return []
    so_far, own = yeses.of_item(session, of), {of.author_id, of.editor_id, of.prompted_by} - {None}
    return [
        (guest.id, guest.email)
        for guest, account in _reaching(session, of)
        if rights_of(guest, rules)[1] and account not in own and not so_far.includes(account, guest.id)
    ]


def _reaching(session: Session, of: ItemView) -> list[tuple[Guest, int | None]]:
    query = select(Guest, User.id).outerjoin(User, User.email_key == Guest.email_key).order_by(Guest.id)
    rows = session.execute(query.where(Guest.revoked_at.is_(None), Guest.expires_at > clock.now()))
    return [
        (guest, account)
        for guest, account in rows
        if (guest.item_id == of.id if guest.item_id is not None else of.kind in guest.kinds)
    ]


def _decided(session: Session) -> Mapping[int, int]:
    query = (
        select(ApprovalDecision.guest_id, func.count())
        .where(ApprovalDecision.guest_id.is_not(None))
        .group_by(ApprovalDecision.guest_id)
    )
    return {int(number or 0): count for number, count in session.execute(query)}


def _view(guest: Guest, of: ApprovalQueue | None, rules: policies.Rules, decided: int) -> GuestView:
    state = "open"
    if not guest.email:
        state = "erased"
    elif guest.revoked_at is not None:
        state = "revoked"
    elif guest.expires_at <= clock.now():
        state = "expired"
    elif not any(rights_of(guest, rules)):
        state = "off"
    return GuestView(
        public_id=guest.public_id, name=guest.name, email=guest.email, may_comment=guest.may_comment,
        may_decide=guest.may_decide, kinds=tuple(guest.kinds), item_title=of.title if of is not None else "",
        item_public_id=of.public_id if of is not None else None, state=state, expires_at=guest.expires_at,
        invited_by=guest.invited_by_name, last_seen_at=guest.last_seen_at, decided=decided,
    )  # fmt: skip
