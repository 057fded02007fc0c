"""What surrounds a run: checks before it, recovery of an earlier one, what holds it back, how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lux.gate import checks, deliveries, holding, moves, recovery, refused
from lux.gate.checks import Cleared
from lux.gate.messages import Builder, builder_for
from lux.gate.models import ApprovalQueue, Delivery, Outbound
from lux.gate.pace import Pace, pace_of
from lux.gate.refusals import Effect, Refusal
from lux.gate.registry import MAILBOX, default_account, mail_connector, open_account
from lux.gate.series import within
from lux.gate.states import DeliveryState, Method, OutboundState
from lux.gate.stop import StopWatch, scopes, signals
from lux.gate.stop.looking import Eye
from lux.gate.toggles import quota
from lux.gate.toggles.quota import Quota
from lux.gate.watch import STOP_PAUSE, Halt, Watch
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.errors import LuxError, NotFound
from lux.kit.i18n import gettext as _
from lux.kit.jobs import RetryLater
from lux.ports.acts import ActKind, SendEmail
from lux.ports.connector import Account, MailConnector
from lux.vault import accounts

if TYPE_CHECKING:
    from lux.kit.jobs import JobContext

TELLING = 2  # refused recipients from which on the server may be at fault, rather than the one address


@dataclass(kw_only=True)
class Prepared:
    """Everything a run needs."""

    outbound: Outbound
    decision_id: int
    content_hash: str
    account: Account
    connector: MailConnector
    builder: Builder
    watch: Watch
    quota: Quota  # what the limits of switches leave for it
    total: int
    pace: Pace
    eye: Eye
    opened_at: datetime  # when the account was opened

    def halted(self) -> Halt | None:
        """Return why nothing more may leave, or None."""
        return self.watch.halted()


def company_of_outbound(db: Database, outbound_id: int) -> int:
    """Return whose outbound it is; raises NotFound."""
    with db.read(ALL_COMPANIES) as session:
        found = session.scalar(select(Outbound.company_id).where(Outbound.id == outbound_id))
    if found is None:
        raise NotFound
    return found


def load(session: Session, outbound_id: int) -> Outbound:
    """Return an outbound; raises NotFound."""
    found = session.scalar(select(Outbound).where(Outbound.id == outbound_id))
    if found is None:
        raise NotFound
    return found


def prepare(context: JobContext, company_id: int, outbound_id: int, folder: Path) -> Prepared | None:
    """Settle an earlier run, check everything, write recipients down; None = nothing may leave now."""
    recover(context, company_id, outbound_id, folder)
    with context.db.read(company_id) as session:
        outbound = load(session, outbound_id)
        touching = _touching(session, outbound)
    is_system = outbound.kind is ActKind.SYSTEM_EMAIL
    stop = StopWatch(context.db, company_id, is_system=is_system, touching=touching)
    if outbound.state in {OutboundState.READY, OutboundState.WORKING} and stop.is_stopped():
        raise RetryLater(STOP_PAUSE)
    # What waits for a limit looks again before its time: the limit may have changed.
    is_planned = outbound.state is OutboundState.READY and outbound.check_failed != quota.CHECK
    if is_planned and outbound.due_at is not None and outbound.due_at > clock.now():
        raise RetryLater((outbound.due_at - clock.now()).total_seconds())  # whoever woke this job was early
    holding.wait_for_limits(context, company_id, outbound_id)
    with context.db.begin(company_id) as session:
        try:
            cleared = checks.clear(session, outbound_id)
            prepared = _open(session, context, cleared, stop)
        except Refusal as refusal:
            refused.carry_out(session, outbound_id, refusal)
            return None
        except LuxError as error:
            words = f"{error.message} {error.fix}".strip()
            refused.carry_out(session, outbound_id, Refusal(check=error.code, effect=Effect.PAUSE, reason=words))
            return None
        holding.go_on(cleared.outbound)
        if cleared.outbound.state is OutboundState.READY:
            moves.move_outbound(session, cleared.outbound, OutboundState.WORKING, started_at=clock.now())
            moves.tell(session, cleared.item, "started")
    if not _write_recipients(context, company_id, outbound_id, cleared):
        return None
    with context.db.read(company_id) as session:
        prepared.total = (
            session.scalar(
                select(func.count()).where(Delivery.outbound_id == outbound_id, Delivery.state == DeliveryState.QUEUED)
            )
            or 0
        )
    return prepared


def _is_within(context: JobContext, company_id: int, outbound_id: int) -> bool:
    """Say whether as many were written down as the yes over the series allows; what is not leaves is refused."""
    with context.db.begin(company_id) as session:
        try:
            within.require_written(session, outbound_id)
        except Refusal as refusal:
            refused.carry_out(session, outbound_id, refusal)
            return False
    return True


def recover(context: JobContext, company_id: int, outbound_id: int, folder: Path) -> None:
    """Settle what an earlier run of this outbound left claimed; the job's key lets one run at a time."""
    with context.db.begin(company_id) as session:
        outbound = load(session, outbound_id)
        item = _item(session, outbound)
        account = item.body.get("account") or ""
        if outbound.kind is ActKind.SYSTEM_EMAIL:
            account = default_account(session, outbound.channel)
        recovery.recover(session, outbound, folder, may_repeat=not account)


def is_due(session: Session, outbound_id: int) -> bool:
    """Say whether recipients wait whose time has come."""
    query = select(Delivery.id).where(
        Delivery.outbound_id == outbound_id,
        Delivery.state == DeliveryState.QUEUED,
        (Delivery.due_at.is_(None)) | (Delivery.due_at <= clock.now()),
    )
    return session.scalar(query.limit(1)) is not None


def note_fault(
    context: JobContext, prepared: Prepared, *, reason: str, is_paused: bool, field: str | None = None
) -> None:
    """Say on the outbound and on the account what the transport said; with `is_paused` a person has to mend it."""
    outbound_id = prepared.outbound.id
    with context.db.begin(prepared.outbound.company_id) as session:
        _judge(session, prepared, fault=reason, field=field)
        if is_paused:
            signals.note(session, prepared.outbound, denied=1)
            refused.carry_out(session, outbound_id, Refusal(check="transport", effect=Effect.PAUSE, reason=reason))
            return
        load(session, outbound_id).reason = reason


def note_success(session: Session, prepared: Prepared) -> None:
    """Forget what an earlier run said of the transport: a message has left through it."""
    outbound = load(session, prepared.outbound.id)
    if not outbound.is_paused:
        outbound.reason = ""
    _judge(session, prepared)


def _judge(session: Session, prepared: Prepared, *, fault: str = "", field: str | None = None) -> None:
    if prepared.account.public_id:
        accounts.note_use(session, prepared.account.public_id, since=prepared.opened_at, fault=fault, field=field)


def after_halt(context: JobContext, prepared: Prepared, halt: Halt) -> None:
    """Do what a halt asks for: wait, rest, hold for a person, or leave."""
    if halt.interruption is not None:
        raise halt.interruption
    if halt.wait is not None:
        holding.after_limit(context, prepared.outbound.company_id, prepared.outbound.id, halt.wait)
    if halt.refusal is not None:
        with context.db.begin(prepared.outbound.company_id) as session:
            refused.carry_out(session, prepared.outbound.id, halt.refusal)
    if halt.kind == "refused":
        reason = _("The server refuses this content: %(words)s", words=halt.reason)
        note_fault(context, prepared, reason=reason, is_paused=True)
    if halt.after:
        if halt.reason:
            note_fault(context, prepared, reason=halt.reason, is_paused=False)
        raise RetryLater(halt.after)


def end(context: JobContext, prepared: Prepared) -> None:
    """Close an outbound that has nothing left to send, or say when it goes on."""
    outbound_id = prepared.outbound.id
    with context.db.begin(prepared.outbound.company_id) as session:
        item, outbound = moves.locked(session, outbound_id=outbound_id)
        if outbound.state is OutboundState.CANCELLED:
            deliveries.skip_queued(session, outbound)  # what this run had claimed when it was cancelled
        if outbound.state is not OutboundState.WORKING or outbound.is_paused:
            return
        waiting, soonest = session.execute(
            select(func.count(), func.min(Delivery.due_at)).where(
                Delivery.outbound_id == outbound_id,
                Delivery.state.in_([DeliveryState.QUEUED, DeliveryState.CLAIMED]),
            )
        ).one()
        if not waiting:
            outbound.reason = ""
            deliveries.close(session, outbound, item)
            _note_refusals(session, prepared, outbound)
            return
    seconds = (soonest - clock.now()).total_seconds() if soonest else 0.0
    raise RetryLater(max(0.5, seconds))


def _note_refusals(session: Session, prepared: Prepared, outbound: Outbound) -> None:
    """Say what kept everybody of a failed campaign from getting it: the server's most frequent words."""
    if outbound.state is not OutboundState.FAILED or outbound.kind is not ActKind.EMAIL_CAMPAIGN:
        return
    words = select(Delivery.message, func.count()).where(
        Delivery.outbound_id == outbound.id, Delivery.state == DeliveryState.FAILED
    )
    found = session.execute(words.group_by(Delivery.message).order_by(func.count().desc(), Delivery.message)).all()
    total = sum(row[1] for row in found)
    outbound.reason = _("All %(n)s recipients were refused. The server's words: %(words)s", n=total, words=found[0][0])
    if total >= TELLING:
        _judge(session, prepared, fault=outbound.reason)


def _open(session: Session, context: JobContext, cleared: Cleared, stop: StopWatch) -> Prepared:
    outbound, act = cleared.outbound, cleared.act
    public_id = act.account if isinstance(act, SendEmail) else default_account(session, act.channel)
    room = quota.of(session, outbound)
    account = open_account(session, outbound.company_id, public_id, purpose=f"send {outbound.kind.value}")
    return Prepared(
        outbound=outbound,
        decision_id=cleared.decision.id,
        content_hash=cleared.item.content_hash,
        account=account,
        connector=mail_connector(account.provider or MAILBOX, context.settings),
        builder=builder_for(session, outbound, act),
        watch=Watch(context.db, stop, cleared, room),
        quota=room,
        total=0,
        pace=pace_of(outbound, account, context.settings, stop),
        eye=Eye(),
        opened_at=clock.now(),
    )


def _touching(session: Session, outbound: Outbound) -> tuple[str, ...]:
    """Return every scope that an outbound stands under; a stop of a series is one of its runs."""
    keys, run = scopes.of_outbound(outbound, _item(session, outbound)), within.run_of(session, outbound.id)
    if run is not None:
        of_series, series = within.series_of(session, run)
        keys = tuple(dict.fromkeys((*keys, *scopes.of_outbound(series, of_series))))
    return keys


def _write_recipients(context: JobContext, company_id: int, outbound_id: int, cleared: Cleared) -> bool:
    """Write recipients down where that has yet to be done; says whether they are as many as may get it."""
    is_run = cleared.decision.method is Method.SERIES
    if cleared.outbound.is_materialised or not isinstance(cleared.act, SendEmail) or cleared.act.audience is None:
        return not is_run or _is_within(context, company_id, outbound_id)
    with context.db.read(company_id) as session:
        last: int | None = (
            session.scalar(select(func.max(Delivery.contact_id)).where(Delivery.outbound_id == outbound_id)) or 0
        )
    while last is not None:
        context.check_cancelled()
        with context.db.begin(company_id) as session:
            last = deliveries.write_down(
                session, load(session, outbound_id), cleared.act.audience, after_contact_id=last
            )
    return not is_run or _is_within(context, company_id, outbound_id)


def _item(session: Session, outbound: Outbound) -> ApprovalQueue:
    found = session.scalar(select(ApprovalQueue).where(ApprovalQueue.id == outbound.item_id))
    if found is None:
        raise NotFound
    return found
