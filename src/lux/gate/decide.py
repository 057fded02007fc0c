"""A person's decision: who, over which hash, when; the approvals room's service alone leads here."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from lux.gate import moves, toggles
from lux.gate.models import ApprovalDecision, ApprovalQueue, ApprovalVersion
from lux.gate.states import ItemState, Method, Verdict
from lux.identity import companies
from lux.identity.access import Person, Right
from lux.kit import clock
from lux.kit.db.session import company_of
from lux.kit.errors import Conflict, Forbidden, InvalidInput, NotFound, WrongState
from lux.kit.i18n import gettext as _
from lux.ports.acts import digest_of


def decide(
    session: Session,
    person: Person,
    item: ApprovalQueue,
    *,
    verdict: Verdict,
    shown_hash: str,
    send_at: datetime | None = None,
    reason: str = "",
) -> ApprovalDecision:
    """Record a signed-in person's yes or no over exactly what they were shown.

    `send_at` (UTC) = not before this time; None = at the time the item asks for, else at once. In any case the
    company's unsend window passes first, counted from the yes: time enough to take a slip back.
    Raises Forbidden, Conflict (the item changed since it was shown), WrongState, InvalidInput.
    """
    _require_person(session, person, item)
    if item.state is not ItemState.PENDING:
        raise WrongState(_("This was decided already: it is %(state)s.", state=item.state.value))
    if item.content_hash != shown_hash or digest_of(item.body) != item.content_hash:
        raise Conflict(
            _("The content changed after you opened it."), fix=_("Look at the new version and decide on that.")
        )
    if verdict is Verdict.NO and not reason.strip():
        raise InvalidInput(field="reason", message=_("A reason is missing."), fix=_("Say what should be different."))
    decision = ApprovalDecision(
        item_id=item.id,
        version=item.version,
        content_hash=item.content_hash,
        verdict=verdict,
        method=Method.PERSON,
        decided_by=person.user_id,
        session_id=person.session_id,
        reason=reason.strip(),
        send_at=send_at,
    )
    session.add(decision)
    session.flush()
    _carry_out(session, person, item, decision)
    return decision


def _require_person(session: Session, person: Person, item: ApprovalQueue) -> None:
    if person.session_id is None:
        raise Forbidden(_("Only a signed-in person can decide."))
    if person.company_id != company_of(session) or item.company_id != person.company_id:
        raise NotFound
    person.require(Right.APPROVE)


def _carry_out(session: Session, person: Person, item: ApprovalQueue, decision: ApprovalDecision) -> None:
    now = clock.now()
    known = {"decided_at": now, "decided_by": person.user_id, "decided_by_name": person.name or person.email}
    if decision.verdict is Verdict.NO:
        moves.move_item(session, item, ItemState.REJECTED, reason=decision.reason, **known)
        moves.write_down(session, "approval.rejected", item, by=person, detail={"reason": decision.reason})
        moves.tell(session, item, "rejected")
        return
    due_at = decision.send_at or item.send_at
    is_later = due_at is not None and due_at > now
    if is_later:
        toggles.require(session, item.company_id, toggles.SCHEDULED, field="send_at")
    starts_at = max(due_at or now, now + timedelta(seconds=companies.current(session).unsend_seconds))
    state = ItemState.SCHEDULED if is_later else ItemState.APPROVED
    moves.move_item(session, item, state, reason="", send_at=due_at if is_later else item.send_at, **known)
    session.execute(
        update(ApprovalVersion)
        .where(ApprovalVersion.item_id == item.id, ApprovalVersion.version == item.version)
        .values(was_approved=True)
    )
    moves.release(session, item, decision, due_at=starts_at)
    moves.write_down(
        session,
        "approval.approved",
        item,
        by=person,
        detail={"decision": decision.id, "send_at": due_at.isoformat() if due_at and is_later else None},
    )
    moves.tell(session, item, "approved")
