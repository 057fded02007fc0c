"""The clock of series: what is due starts within its yes, is left out with a reason, or stops its series."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lux.gate import checks, moves, refused, running
from lux.gate.models import ApprovalDecision, ApprovalQueue, Outbound
from lux.gate.refusals import Effect, Refusal
from lux.gate.series import frame, making, within
from lux.gate.series.models import SeriesRun
from lux.gate.states import ItemState, OutboundState, RunState
from lux.gate.stop import StopWatch, scopes
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.i18n import gettext as _
from lux.kit.jobs import enqueue
from lux.ports.acts import ActKind, RunSeries

TICK_SECONDS: Final = 10.0
MADE_UP_FOR: Final = dt.timedelta(hours=3)  # a slot missed for longer is left out: its time has passed
AT_ONCE: Final = 500  # slots one job looks at
_UNDER_WAY: Final = (OutboundState.READY, OutboundState.WORKING)


@dataclass(frozen=True, kw_only=True)
class Why:
    """Why a slot was left out."""

    check: str
    reason: str


def look(db: Database) -> None:
    """Start a job for each series with a slot that has come; a tick of the clock."""
    query = select(Outbound.company_id, Outbound.id).where(
        Outbound.kind == ActKind.SERIES,
        Outbound.state == OutboundState.READY,
        Outbound.is_paused.is_(False),
        Outbound.due_at <= clock.now(),
    )
    with db.read(ALL_COMPANIES) as session:
        due = session.execute(query).all()
    for company_id, outbound_id in due:
        with db.begin(company_id) as session:
            key = f"series:{outbound_id}"
            enqueue(session, "gate.series", {"outbound_id": outbound_id}, company_id=company_id, key=key,
                    dedup_key=key)  # fmt: skip


def run_due(db: Database, outbound_id: int) -> None:
    """Do what is due of one series, slot by slot, each in a transaction of its own."""
    company_id = running.company_of_outbound(db, outbound_id)
    for _slot in range(AT_ONCE):
        with db.read(company_id) as session:
            outbound = running.load(session, outbound_id)
            item = session.scalars(select(ApprovalQueue).where(ApprovalQueue.id == outbound.item_id)).one()
            touching = scopes.of_outbound(outbound, item)
        is_stopped = StopWatch(db, company_id, touching=touching).is_stopped()
        with db.begin(company_id) as session:
            if not one_slot(session, outbound_id, is_stopped=is_stopped):
                return


def one_slot(session: Session, outbound_id: int, *, is_stopped: bool) -> bool:
    """Settle the slot that has come, in the caller's transaction; says whether there may be another one."""
    item, outbound = moves.locked(session, outbound_id=outbound_id)
    slot, now = outbound.due_at, clock.now()
    is_due = slot is not None and slot <= now and outbound.state is OutboundState.READY and not outbound.is_paused
    if slot is None or not is_due or outbound.kind is not ActKind.SERIES:
        return False
    try:
        act, yes = within.approved(session, item, outbound)
        is_late = now - slot > MADE_UP_FOR
        if slot >= dt.datetime.fromisoformat(act.until):
            close(session, item, outbound, yes)
            return False
        if is_stopped and not is_late:
            return False  # nothing starts; the clock asks again, and the slot waits as long as it may
        why = _missed(is_stopped=is_stopped) if is_late else _still_running(session, outbound)
        if why is None:
            _start(session, item, outbound, act, yes)
        else:
            leave_out(session, item, outbound, why)
    except Refusal as refusal:
        _refuse(session, item, outbound, refusal)
        return False
    following = frame.first_slot(act, slot)
    if why is not None and (following is None or following > now):
        moves.tell(session, item, "run_skipped")  # of many that were missed, one is told
    if following is None or within.runs_under(session, yes.id) >= act.most:
        close(session, item, outbound, yes)
        return False
    outbound.due_at = following
    session.flush()
    return True


def close(session: Session, item: ApprovalQueue, outbound: Outbound, yes: ApprovalDecision) -> None:
    """End a series that has done all that its yes was for."""
    runs, now = within.runs_under(session, yes.id), clock.now()
    moves.move_outbound(session, outbound, OutboundState.WORKING, started_at=now)
    moves.move_outbound(session, outbound, OutboundState.DONE, finished_at=now, due_at=None)
    moves.move_item(session, item, ItemState.PUBLISHED)
    moves.write_down(session, "series.ended", item, by=None, detail={"runs": runs, "decision": yes.id})
    moves.tell(session, item, "series_ended")


def leave_out(session: Session, item: ApprovalQueue, outbound: Outbound, why: Why) -> None:
    """Write down that a slot was left out, and why; what was written of it already stays."""
    if _noted(session, outbound) is not None:
        return
    _note(session, outbound, RunState.SKIPPED, check=why.check, reason=why.reason)
    detail = {"slot": _iso(outbound.due_at), "check": why.check}
    moves.write_down(session, "series.skipped", item, by=None, detail=detail)


def _start(session: Session, item: ApprovalQueue, outbound: Outbound, act: RunSeries, yes: ApprovalDecision) -> None:
    """Let one run go: everything is asked before anything is stored. Raises Refusal."""
    mail = frame.mail_of(act)
    checks.allow(session, mail, is_scheduled=True)
    checks.require_media(session, mail)
    counted = within.count(session, mail, yes.id)
    frame.require_inside(act, counted)
    if not counted.mailable:
        why = Why(check="nobody", reason=_("Nobody of its audience may be written to."))
        leave_out(session, item, outbound, why)
        moves.tell(session, item, "run_skipped")
        return
    run = _note(session, outbound, RunState.STARTED, yes=yes)
    run.audience_count = counted.matching
    made = making.make(session, item, mail, yes, run)
    run.outbound_id = made.id
    session.flush()


def _refuse(session: Session, item: ApprovalQueue, outbound: Outbound, refusal: Refusal) -> None:
    """Stop the series: outside of its yes it waits for a new one; for what a person has to mend it is held."""
    if refusal.effect is Effect.PAUSE:
        leave_out(session, item, outbound, Why(check=refusal.check, reason=refusal.reason))
        refused.carry_out(session, outbound.id, refusal)
        return
    _note(session, outbound, RunState.REFUSED, check=refusal.check, reason=refusal.reason)
    moves.write_down(
        session, "series.refused", item, by=None, detail={"slot": _iso(outbound.due_at), "check": refusal.check}
    )
    refused.return_to_pending(session, item, outbound, check=refusal.check, reason=refusal.reason)


def _note(
    session: Session,
    outbound: Outbound,
    state: RunState,
    *,
    check: str = "",
    reason: str = "",
    yes: ApprovalDecision | None = None,
) -> SeriesRun:
    run = _noted(session, outbound)  # left out a moment ago, and made up for
    if run is None:
        run = SeriesRun(series_id=outbound.id, slot_at=outbound.due_at, state=state)
        session.add(run)
    run.state, run.check_failed, run.reason = state, check, reason
    if yes is not None:
        run.decision_id, run.decision_verdict = yes.id, yes.verdict
    if state is RunState.STARTED:
        run.number = 1 + int(
            session.scalar(select(func.max(SeriesRun.number)).where(SeriesRun.series_id == outbound.id)) or 0
        )
    session.flush()
    return run


def _noted(session: Session, outbound: Outbound) -> SeriesRun | None:
    this = (SeriesRun.series_id == outbound.id, SeriesRun.slot_at == outbound.due_at)
    return session.scalar(select(SeriesRun).where(*this))


def _missed(*, is_stopped: bool) -> Why:
    hours = int(MADE_UP_FOR.total_seconds() // 3600)
    if is_stopped:
        reason = _("An emergency stop was active for more than %(n)s hours after its time.", n=hours)
        return Why(check="stop", reason=reason)
    reason = _("Nothing ran for more than %(n)s hours after its time: LUX was down, or it was paused.", n=hours)
    return Why(check="missed", reason=reason)


def _still_running(session: Session, outbound: Outbound) -> Why | None:
    query = (
        select(Outbound.id)
        .join(SeriesRun, SeriesRun.outbound_id == Outbound.id)
        .where(SeriesRun.series_id == outbound.id, Outbound.state.in_(_UNDER_WAY))
    )
    if session.scalar(query.limit(1)) is None:
        return None
    return Why(check="overlap", reason=_("The run before it had not ended."))


def _iso(moment: dt.datetime | None) -> str | None:
    return moment.isoformat() if moment else None
