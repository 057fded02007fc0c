"""A decision: who, over which hash, when; the approvals room's service alone leads here."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lux.gate import moves, toggles
from lux.gate.deciding import deciders, policies, yeses
from lux.gate.deciding.deciders import Decider
from lux.gate.deciding.yeses import Progress
from lux.gate.models import ApprovalDecision, ApprovalQueue, ApprovalVersion
from lux.gate.series import frame
from lux.gate.states import ItemState, Method, Verdict
from lux.identity import companies
from lux.kit import clock
from lux.kit.errors import Conflict, Forbidden, InvalidInput, WrongState
from lux.kit.i18n import gettext as _
from lux.ports.acts import ActKind, RunSeries, act_from, digest_of


def decide(
    session: Session,
    decider: Decider,
    item: ApprovalQueue,
    *,
    verdict: Verdict,
    shown_hash: str,
    send_at: datetime | None = None,
    reason: str = "",
) -> ApprovalDecision:
    """Record a yes or no over exactly what somebody was shown; the last yes that is needed lets it go.

    `send_at` (UTC) = not before this time; None = at the time the item asks for, else at once. In any case the
    company's unsend window passes first, counted from the last yes: time enough to take a slip back.
    Raises Forbidden, Conflict (the item changed since it was shown), WrongState, InvalidInput.
    """
    _require_open(item)
    if item.content_hash != shown_hash or digest_of(item.body) != item.content_hash:
        raise Conflict(
            _("The content changed after you opened it."), fix=_("Look at the new version and decide on that.")
        )
    if verdict is Verdict.NO and not reason.strip():
        raise InvalidInput(field="reason", message=_("A reason is missing."), fix=_("Say what should be different."))
    so_far = yeses.of_item(session, item)
    method = decider.method
    if verdict is Verdict.YES:
        method = _eyes(session, decider, item)
        send_at = _agreed(decider, so_far, send_at)
        _within_offer(item, send_at)
    others = [one for one in so_far.yeses if not one.is_of(decider.user_id, decider.guest_id)]
    decision = ApprovalDecision(
        item_id=item.id,
        version=item.version,
        content_hash=item.content_hash,
        verdict=verdict,
        method=method,
        decided_by_name=decider.name,
        **decider.columns,
        number=len(others) + 1,
        needed=so_far.needed,
        waited_seconds=_waited(session, item),
        reason=reason.strip(),
        send_at=send_at,
    )
    session.add(decision)
    session.flush()
    _carry_out(session, decider, item, decision)
    return decision


def _require_open(item: ApprovalQueue) -> None:
    if item.state is not ItemState.PENDING:
        raise WrongState(_("This was decided already: it is %(state)s.", state=item.state.value))
    if item.expires_at is not None and item.expires_at <= clock.now():
        raise WrongState(
            _("Nobody decided in time: this has expired."), fix=_("Its author can change it and submit it again.")
        )


def _eyes(session: Session, decider: Decider, item: ApprovalQueue) -> Method:
    """Return how this yes counts; raises Forbidden where other eyes are asked for."""
    parts = deciders.own_parts(
        decider.user_id, author_id=item.author_id, editor_id=item.editor_id, prompted_by=item.prompted_by
    )
    if not parts:
        return decider.method
    if decider.method is Method.GUEST:
        raise Forbidden(deciders.guests_own(parts), fix=_("Ask an owner or admin of the company."))
    if policies.rules_of(session).four_eyes:
        raise Forbidden(
            _("%(why)s Four eyes are asked for: somebody else has to say yes.", why=deciders.words(parts)),
            fix=_("Ask another owner or admin of the company."),
        )
    return Method.SOLO if decider.method is Method.PERSON else decider.method


def _agreed(decider: Decider, so_far: Progress, send_at: datetime | None) -> datetime | None:
    """Return the time that all yeses are for; raises when this person's counts already, or names another time."""
    if not so_far.yeses:
        return send_at
    mine = so_far.includes(decider.user_id, decider.guest_id)
    if mine and len(so_far.yeses) < so_far.needed:
        raise WrongState(
            _("You said yes already: %(n)s different people have to.", n=so_far.needed),
            fix=_("Ask another owner or admin of the company."),
        )
    first = so_far.yeses[0]
    if send_at is not None and send_at != first.send_at:
        raise InvalidInput(
            field="send_at",
            message=_("%(name)s said yes to another time.", name=first.name),
            fix=_("Leave the time empty to agree, or reject it and say when."),
        )
    return first.send_at


def _within_offer(item: ApprovalQueue, send_at: datetime | None) -> None:
    """Raise InvalidInput when it would leave after what it offers is over."""
    leaves_at = send_at or item.send_at or clock.now()
    if item.kind is ActKind.SERIES:  # its last run
        leaves_at = datetime.fromisoformat(str(item.body["until"])) - timedelta(seconds=1)
    if item.offer_ends_at is not None and leaves_at >= item.offer_ends_at:
        raise InvalidInput(
            field="send_at",
            message=_("The offer in it is over by then."),
            fix=_("Choose an earlier time, or reject it and say what should be offered."),
        )


def _waited(session: Session, item: ApprovalQueue) -> int | None:
    """Return the seconds since this version was submitted."""
    since = session.scalar(
        select(ApprovalVersion.created_at).where(
            ApprovalVersion.item_id == item.id, ApprovalVersion.version == item.version
        )
    )
    return max(0, int((clock.now() - since).total_seconds())) if since else None


def _carry_out(session: Session, decider: Decider, item: ApprovalQueue, decision: ApprovalDecision) -> None:
    known = {"decided_at": clock.now(), "decided_by": decider.member_id, "decided_by_name": decider.name}
    detail: dict[str, object] = {"decision": decision.id, "method": decision.method.value}
    if decision.verdict is Verdict.NO:
        moves.move_item(session, item, ItemState.REJECTED, reason=decision.reason, **known)
        moves.write_down(
            session, "approval.rejected", item, by=decider.actor, detail={**detail, "reason": decision.reason}
        )
        moves.tell(session, item, "rejected")
        return
    detail |= {"yes": decision.number, "of": decision.needed}
    if decision.number < decision.needed:
        moves.write_down(session, "approval.first_yes", item, by=decider.actor, detail=detail)
        moves.tell(session, item, "half_approved")
        return
    _let_go(session, decider, item, decision, detail)


def _let_go(
    session: Session, decider: Decider, item: ApprovalQueue, decision: ApprovalDecision, detail: dict[str, object]
) -> None:
    now = clock.now()
    due_at = decision.send_at or item.send_at
    is_later = due_at is not None and due_at > now
    series = act_from(item.body) if item.kind is ActKind.SERIES else None
    if is_later or series is not None:
        toggles.require(session, item.company_id, toggles.SCHEDULED, field="send_at")
    starts_at = max(due_at or now, now + timedelta(seconds=companies.current(session).unsend_seconds))
    if isinstance(series, RunSeries):
        starts_at = _first_slot(series, starts_at)
    state = ItemState.SCHEDULED if is_later else ItemState.APPROVED
    send_at = due_at if is_later else item.send_at
    moves.move_item(session, item, state, reason="", send_at=send_at, decided_at=now, decided_by=decider.member_id,
                    decided_by_name=decider.name)  # fmt: skip
    session.execute(
        update(ApprovalVersion)
        .where(ApprovalVersion.item_id == item.id, ApprovalVersion.version == item.version)
        .values(was_approved=True)
    )
    moves.release(session, item, decision, due_at=starts_at)
    planned = due_at.isoformat() if due_at and is_later else None
    moves.write_down(session, "approval.approved", item, by=decider.actor, detail={**detail, "send_at": planned})
    moves.tell(session, item, "approved")


def _first_slot(series: RunSeries, after: datetime) -> datetime:
    """Return when a series runs first; raises WrongState when it would not."""
    slot = frame.first_slot(series, after)
    if slot is None:
        raise WrongState(_("There is no run before its end any more."), fix=_("Reject it, and say until when."))
    return slot
