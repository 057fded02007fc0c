"""What follows when a check says no: a new yes is asked for, a person mends something, or it ends here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from lux.gate import audience, control, deliveries, moves
from lux.gate.deciding import proposals
from lux.gate.models import ApprovalQueue, Delivery, Outbound
from lux.gate.refusals import Effect, Refusal
from lux.gate.review.look import again
from lux.gate.series import within
from lux.gate.series.models import SeriesRun
from lux.gate.states import ItemState, OutboundState, RunState
from lux.kit import clock
from lux.kit.errors import BrokenRule
from lux.ports.acts import AUTOMATIC, QueuedAct, act_from, digest_of

# What ends a run alone: the series has its yes all the same, or has none.
_OF_THE_RUN = frozenset({"window", "series", "end"})


def carry_out(session: Session, outbound_id: int, refusal: Refusal) -> None:
    """Do what a refusal asks for, in the caller's transaction."""
    if refusal.effect is Effect.END:
        return
    item, outbound = moves.locked(session, outbound_id=outbound_id)
    if outbound.state not in control.RUNNING:
        return  # somebody ended it in the meantime
    run = within.run_of(session, outbound_id)
    if outbound.kind in AUTOMATIC:
        give_up(session, item, outbound, refusal)
    elif refusal.effect is Effect.RETURN and run is not None:
        _end_run(session, run, item, outbound, refusal)
    elif refusal.effect is Effect.RETURN and not has_begun(outbound):
        return_to_pending(session, item, outbound, check=refusal.check, reason=refusal.reason)
    else:
        outbound.check_failed, outbound.reason = refusal.check, refusal.reason
        if not outbound.is_paused:
            moves.write_down(session, "outbound.paused", item, by=None, detail={"check": refusal.check})
        control.pause_by_system(session, outbound, reason=refusal.reason)
        moves.tell(session, item, "paused")


def _end_run(session: Session, run: SeriesRun, item: ApprovalQueue, outbound: Outbound, refusal: Refusal) -> None:
    """End a run that is outside the yes over its series, and ask for a new yes over that.

    What it wrote down and has not left stays here for good: no person ever decided on the run itself. A run that was
    merely too late takes nothing from the yes.
    """
    now = clock.now()
    deliveries.skip_queued(session, outbound, error="refused", message=refusal.reason)
    moves.move_outbound(session, outbound, OutboundState.CANCELLED, check_failed=refusal.check, reason=refusal.reason,
                        finished_at=now, is_paused=False, pause_reason="")  # fmt: skip
    moves.move_item(session, item, ItemState.CANCELLED, reason=refusal.reason)
    run.state, run.check_failed, run.reason = RunState.REFUSED, refusal.check, refusal.reason
    moves.write_down(session, "series.refused", item, by=None, detail={"check": refusal.check})
    moves.tell(session, item, "cancelled")
    if refusal.check in _OF_THE_RUN:
        return
    of_series, series = moves.locked(session, outbound_id=run.series_id)
    if series.state is OutboundState.READY:
        return_to_pending(session, of_series, series, check=refusal.check, reason=refusal.reason)


def has_begun(outbound: Outbound) -> bool:
    """Say whether messages may have left: only when all recipients are written down does the first one leave."""
    return outbound.state is not OutboundState.READY and outbound.is_materialised


def give_up(session: Session, item: ApprovalQueue, outbound: Outbound, refusal: Refusal) -> None:
    """End a test copy or a system mail: no person ever said yes to it, so none is asked for a new one."""
    deliveries.skip_queued(session, outbound, error="refused", message=refusal.reason)
    moves.move_outbound(session, outbound, OutboundState.REFUSED, check_failed=refusal.check,
                        reason=refusal.reason, finished_at=clock.now(), is_paused=False, pause_reason="")  # fmt: skip
    if item.state in {ItemState.APPROVED, ItemState.SCHEDULED}:
        moves.move_item(session, item, ItemState.FAILED, reason=refusal.reason)
    moves.write_down(session, "approval.failed", item, by=None, detail={"check": refusal.check})
    moves.tell(session, item, "failed")


def return_to_pending(session: Session, item: ApprovalQueue, outbound: Outbound, *, check: str, reason: str) -> None:
    """Void a yes because a check failed: the item waits for a new one, over what is true now; nothing has left."""
    if outbound.state is OutboundState.WORKING:  # the audience that was being written down is not the new one
        session.execute(delete(Delivery).where(Delivery.outbound_id == outbound.id))
    moves.move_outbound(session, outbound, OutboundState.HELD, approval_id=None, approval_verdict=None, due_at=None,
                        started_at=None, check_failed=check, reason=reason)  # fmt: skip
    now = clock.now()
    moves.move_item(session, item, ItemState.PENDING, version=item.version + 1, reason=reason, submitted_at=now,
                    expires_at=proposals.expires_at(session, item), decided_at=None, decided_by=None,
                    decided_by_name="", **_as_it_stands(session, item))  # fmt: skip
    moves.keep_version(session, item, editor_id=None)
    detail = {"check": check, "audience": item.audience_count}
    moves.write_down(session, "approval.returned", item, by=None, detail=detail)
    moves.tell(session, item, "returned")


def _as_it_stands(session: Session, item: ApprovalQueue) -> dict[str, Any]:
    """Return what the next yes is over: the audience frozen anew, or the content that was found instead."""
    digest = digest_of(item.body)
    if digest != item.content_hash:  # changed behind the gate: a person sees it, beside what was approved
        return {"content_hash": digest}
    act = act_from(item.body)
    if not isinstance(act, QueuedAct) or act.audience is None:
        return {}
    try:
        act, packed, count = audience.snapshot(session, act)
    except BrokenRule:
        return {}  # there is no such audience; the reason says so, and only an edit helps
    return {
        "body": act.canonical(),
        "content_hash": act.digest(),
        "snapshot": packed,
        "audience_count": count,
        **again(session, item, act, recipients=count),
    }
