"""The gate's jobs: sending, expiring what nobody decided, finding what was left behind."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from lux.gate import control, dispatch, moves
from lux.gate.models import ApprovalQueue, Outbound
from lux.gate.series import starting
from lux.gate.states import ItemState, OutboundState
from lux.gate.stop import looking, noticing, signals
from lux.gate.stop.drill import Rehearsal
from lux.gate.webhooks import allowances, calling
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.i18n import lazy_gettext
from lux.kit.jobs import JobContext, JobKind, Schedule, Tick, enqueue
from lux.ports.acts import ActKind

SWEEP_SECONDS = 10.0
ALLOWANCE_SECONDS = 60.0  # a run looks at the end of its yes itself; this is for what has nothing to tell
TRIGGER_SECONDS = 60.0  # a run looks at its own failures itself; this is for complaints, which come later
CALL_SECONDS = 5.0  # how soon a fact is on its way to a webhook


def send(context: JobContext, args: dict[str, Any]) -> None:
    """Send what may leave of one outbound."""
    dispatch.deliver(context, int(args["outbound_id"]))


def expire(context: JobContext, _args: dict[str, Any]) -> None:
    """Expire items nobody decided on in time; nothing of them leaves."""
    with context.db.read(ALL_COMPANIES) as session:
        due = session.execute(
            select(ApprovalQueue.company_id, ApprovalQueue.id).where(
                ApprovalQueue.state == ItemState.PENDING, ApprovalQueue.expires_at < clock.now()
            )
        ).all()
    for company_id, item_id in due:
        context.check_cancelled()
        with context.db.begin(company_id) as session:
            item, outbound = moves.locked(session, item_id=item_id)
            if item.state is not ItemState.PENDING:
                continue
            moves.move_item(session, item, ItemState.EXPIRED, decided_at=clock.now())
            if outbound.state is OutboundState.HELD:
                moves.move_outbound(session, outbound, OutboundState.CANCELLED, finished_at=clock.now())
            moves.write_down(session, "approval.expired", item, by=None)
            moves.tell(session, item, "expired")


def sweep(db: Database) -> None:
    """Start what has a yes and is due but has no job: a crash or a resume may leave it so."""
    with db.read(ALL_COMPANIES) as session:
        due = session.execute(
            select(Outbound.company_id, Outbound.id).where(
                Outbound.state.in_([OutboundState.READY, OutboundState.WORKING]),
                Outbound.is_paused.is_(False),
                Outbound.kind != ActKind.SERIES,
                (Outbound.due_at.is_(None)) | (Outbound.due_at <= clock.now()),
            )
        ).all()
    for company_id, outbound_id in due:
        with db.begin(company_id) as session:
            outbound = session.scalar(select(Outbound).where(Outbound.id == outbound_id))
            if outbound is not None:
                control.wake(session, outbound)


def run_series(context: JobContext, args: dict[str, Any]) -> None:
    """Start what is due of one series, or write down why it does not start."""
    starting.run_due(context.db, int(args["outbound_id"]))


def drill(context: JobContext, args: dict[str, Any]) -> None:
    """Rehearse the emergency stop and measure it."""
    Rehearsal(context.db, context.settings, int(args["drill_id"]), context.wait).run()


def forget_signals(context: JobContext, _args: dict[str, Any]) -> None:
    """Delete the counters of minutes that no trigger looks at any more."""
    with context.db.begin(ALL_COMPANIES) as session:
        signals.forget(session)


def call(context: JobContext, args: dict[str, Any]) -> None:
    """Tell one webhook subscription what is due."""
    dispatch.call_webhook(context, int(args["subscription_id"]))


def forget_calls(context: JobContext, _args: dict[str, Any]) -> None:
    """Delete calls of webhooks that are older than can be sent again."""
    with context.db.begin(ALL_COMPANIES) as session:
        calling.forget(session)


def look_for_calls(db: Database) -> None:
    """Start a run for each subscription with news or something due; never a job per fact."""
    with db.read(ALL_COMPANIES) as session:
        found = calling.waiting(session)
    for company_id, hook_id in found:
        with db.begin(company_id) as session:
            key = f"webhook:{hook_id}"
            args = {"subscription_id": hook_id}
            enqueue(session, "gate.call", args, company_id=company_id, key=key, dedup_key=key)


KINDS: tuple[JobKind, ...] = (
    JobKind(
        name="gate.send",
        handler=send,
        title=lazy_gettext("Send messages"),
        queue="send",
        max_attempts=100_000,  # an unreachable server is tried again until a person cancels
        lease_seconds=10.0,  # with sweep and hint, a run goes on within 15 s when its whole machine is lost
    ),
    JobKind(name="gate.series", handler=run_series, title=lazy_gettext("Start a run of a series"), lease_seconds=30.0),
    JobKind(name="gate.call", handler=call, title=lazy_gettext("Call a webhook"), lease_seconds=30.0),
    JobKind(name="gate.forget_calls", handler=forget_calls, title=lazy_gettext("Forget old calls of webhooks")),
    JobKind(name="gate.drill", handler=drill, title=lazy_gettext("Rehearse the emergency stop"), max_attempts=3),
    JobKind(name="gate.forget_signals", handler=forget_signals, title=lazy_gettext("Forget old counters of failures")),
    JobKind(name="gate.expire", handler=expire, title=lazy_gettext("Expire undecided approvals")),
)
SCHEDULES: tuple[Schedule, ...] = (
    Schedule(name="gate.expire", rule="*/5 * * * *", kind="gate.expire"),
    Schedule(name="gate.forget_signals", rule="11 3 * * *", kind="gate.forget_signals"),
    Schedule(name="gate.forget_calls", rule="41 2 * * *", kind="gate.forget_calls"),
)
TICKS: tuple[Tick, ...] = (
    Tick(name="gate.sweep", seconds=SWEEP_SECONDS, run=sweep),
    Tick(name="gate.series", seconds=starting.TICK_SECONDS, run=starting.look),
    Tick(name="gate.stop_file", seconds=noticing.TICK_SECONDS, run=noticing.tick),
    Tick(name="gate.triggers", seconds=TRIGGER_SECONDS, run=looking.tick),
    Tick(name="gate.end_allowances", seconds=ALLOWANCE_SECONDS, run=allowances.end_overdue),
    Tick(name="gate.calls", seconds=CALL_SECONDS, run=look_for_calls),
)
