"""The one place from which anything leaves: permits are made here, connectors are called here and nowhere else."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

import structlog

from lux.gate import deliveries, outcomes, registry, running
from lux.gate.in_hand import InHand
from lux.gate.journal import Journal
from lux.gate.running import Prepared
from lux.gate.stop import StopWatch, scopes
from lux.gate.watch import Halt
from lux.gate.webhooks import calling
from lux.kit import clock
from lux.kit.errors import LuxError, VaultLocked
from lux.kit.jobs import JobInterrupted, RetryLater
from lux.ports.permits import Permit
from lux.ports.provider_errors import AuthFailed, PermissionMissing, PolicyBlocked, ProviderError, QuotaExhausted
from lux.ports.receipts import Outcome, OutgoingMail, Receipt

if TYPE_CHECKING:
    from lux.gate.models import Delivery
    from lux.kit.jobs import JobContext
    from lux.ports.connector import WebhookCaller

log = structlog.get_logger(__name__)

BATCH = 500  # recipients claimed at once
WINDOW = 50  # messages whose outcomes are written in one transaction
BATCH_SECONDS = 5.0  # never claim more than this much work at the set pace
POLICY_LIMIT = 5  # refusals of the content in a row after which a person has to look
RETRY_LIMIT = 20  # passing faults in a row after which the server gets a rest
REST_SECONDS = 30.0


def deliver(context: JobContext, outbound_id: int) -> None:
    """Send what may leave of one outbound now; ends when all is sent, held back, or has to wait.

    Raises RetryLater when the rest is due later.
    """
    sending = Sending(context, outbound_id)
    if not sending.prepare():
        return
    try:
        sending.run()
    finally:
        sending.settle()
    sending.finish()


def call_webhook(context: JobContext, hook_id: int) -> None:
    """Tell one subscription what is due; ends when nothing is, when it needs a rest, or when something stops it."""
    company_id = calling.company_of_hook(context.db, hook_id)
    if company_id is None:
        return
    stop = StopWatch(context.db, company_id, touching=scopes.touching(company_id, channel=registry.WEBHOOK))
    if stop.is_stopped():
        return  # the clock asks again while something waits
    epoch, caller = stop.epoch, registry.webhook_caller(context.settings)
    try:
        with context.db.begin(company_id) as session:
            cleared = calling.clear(session, hook_id)
    except VaultLocked:
        log.warning("webhook_held", subscription=hook_id, reason="the vault is locked")
        return
    may_go_on = cleared is not None
    while cleared is not None and may_go_on:
        with context.db.read(company_id) as session:
            waiting = calling.due(session, hook_id)
        may_go_on = bool(waiting)
        for call_id in waiting:
            context.check_cancelled()
            if stop.is_stopped() or stop.epoch != epoch:
                return
            if not _call(context, cleared, call_id, caller, stop):
                return


def _call(context: JobContext, cleared: calling.Cleared, call_id: int, caller: WebhookCaller, stop: StopWatch) -> bool:
    """Make one call; returns whether the run may go on."""
    epoch = stop.epoch
    with context.db.begin(cleared.company_id) as session:
        call = calling.take(session, cleared, call_id)
    if call is None:
        return True
    permit = Permit(
        outbound_id=call_id,
        decision_id=cleared.decision_id,
        company_id=cleared.company_id,
        content_hash=cleared.content_hash,
        stop_epoch=epoch,
    )
    receipt = caller.perform(permit, call, may_leave=lambda: not stop.is_stopped() and stop.epoch == epoch)
    with context.db.begin(cleared.company_id) as session:
        return calling.note(session, cleared, call_id, receipt)


class Sending:
    """One run over one outbound."""

    def __init__(self, context: JobContext, outbound_id: int) -> None:
        """Give the run a name of its own, under which it claims."""
        self._context = context
        self._outbound_id = outbound_id
        self._company_id = running.company_of_outbound(context.db, outbound_id)
        self._run = f"{context.job_id}-{secrets.token_hex(6)}"
        self._folder = context.settings.home / "journal"
        self._journal: Journal | None = None
        self._prepared: Prepared | None = None
        self._receipts: list[Receipt] = []
        self._open: dict[int, Delivery] = {}  # claimed by this run, without an outcome yet
        self._halt: Halt | None = None
        self._fault: ProviderError | None = None
        self._streak: tuple[str, int] = ("", 0)
        self._next_at = 0.0
        self._sent = 0
        self._has_worked = False  # a message of this run was taken

    def prepare(self) -> bool:
        """Check everything, settle what an earlier run left, write recipients down; False = nothing may leave."""
        self._prepared = running.prepare(self._context, self._company_id, self._outbound_id, self._folder)
        return self._prepared is not None

    def run(self) -> None:
        """Send, message by message, until the queue is empty or something holds it back."""
        prepared = self._need()
        permit = Permit(
            outbound_id=prepared.outbound.id,
            decision_id=prepared.decision_id,
            company_id=self._company_id,
            content_hash=prepared.content_hash,
            stop_epoch=prepared.watch.epoch,
        )
        self._journal = Journal(self._folder, self._run)
        try:
            for receipt in prepared.connector.perform(
                permit, self._messages(), account=prepared.account, in_flight=InHand(self._journal, self._must_halt)
            ):
                if receipt.outcome is Outcome.HELD:
                    self._put_back([receipt.delivery_id])
                    continue
                self._receipts.append(receipt)
                self._watch_streak(receipt)
        except ProviderError as error:
            self._fault = error

    def settle(self) -> None:
        """Write the last outcomes; what has none goes back, or is unknown when its bytes had left."""
        try:
            self._flush()
        except BaseException:
            if self._journal is not None:
                self._journal.leave()
            raise
        if self._journal is not None and not self._open:
            self._journal.close()
            return
        if self._journal is not None:
            self._journal.leave()
            running.recover(self._context, self._company_id, self._outbound_id, self._folder)

    def finish(self) -> None:
        """End the outbound, or say when it goes on."""
        if self._fault is not None:
            self._after_fault(self._fault)
        if self._halt is not None:
            running.after_halt(self._context, self._need(), self._halt)
        running.end(self._context, self._need())

    def _messages(self) -> Iterator[OutgoingMail]:
        for rows in self._batches():
            for start in range(0, len(rows), WINDOW):
                window = rows[start : start + WINDOW]
                self._flush()
                if self._must_halt():
                    self._put_back([row.id for row in rows[start:]])
                    return
                with self._context.db.begin(self._company_id) as session:
                    deliveries.mark_leaving(session, [row.id for row in window])
                for index, row in enumerate(window, start):
                    self._keep_pace()
                    if self._must_halt():
                        self._put_back([row.id for row in rows[index:]])
                        return
                    message = self._build(row)
                    if message is not None:
                        yield message

    def _batches(self) -> Iterator[list[Delivery]]:
        """Claim batch after batch while recipients are due; a batch may be empty, when all of it was skipped."""
        is_due = True
        while is_due:
            self._flush()
            if self._must_halt():
                return
            pace = self._need().pace.per_second()
            size = min(BATCH, max(1, int(pace * BATCH_SECONDS))) if pace else BATCH
            with self._context.db.begin(self._company_id) as session:
                room = self._need().quota.take(session, size)
                outbound = running.load(session, self._outbound_id)
                rows = deliveries.claim(session, outbound, run=self._run, size=room.size)
                self._need().builder.load(session, rows)
                is_due = bool(rows) or running.is_due(session, self._outbound_id)
            if room.wait is not None and is_due:
                self._halt = Halt(kind="limit", wait=room.wait)
                return
            self._open.update({row.id: row for row in rows})
            yield rows

    def _build(self, row: Delivery) -> OutgoingMail | None:
        try:
            return self._need().builder.build(row)
        except (LuxError, ValueError) as error:
            receipt = Receipt(
                delivery_id=row.id,
                outcome=Outcome.FAILED,
                code=None,
                message=str(error),
                provider_id=None,
                at=clock.now(),
                error="Invalid",
            )
            self._receipts.append(receipt)
            return None

    def _flush(self) -> None:
        """Write the outcomes so far, in one transaction."""
        if not self._receipts:
            return
        prepared = self._need()
        with self._context.db.begin(self._company_id) as session:
            outcomes.record(session, prepared.outbound, self._open, self._receipts)
            prepared.eye.after_outcomes(session, prepared.outbound, self._receipts)
            if not self._has_worked and any(receipt.outcome is Outcome.SENT for receipt in self._receipts):
                running.note_success(session, prepared)
                self._has_worked = True
        for receipt in self._receipts:
            self._open.pop(receipt.delivery_id, None)
        self._sent += len(self._receipts)
        self._receipts.clear()
        self._context.progress(self._sent, prepared.total)

    def _put_back(self, wanted: list[int]) -> None:
        self._flush()
        ids = [number for number in wanted if number in self._open]
        with self._context.db.begin(self._company_id) as session:
            deliveries.release(session, ids, run=self._run)
        for number in ids:
            self._open.pop(number, None)

    def _must_halt(self) -> bool:
        """Ask stop, pause and cancellation before every message; what was asked is at most a second old."""
        if self._halt is not None:
            return True
        try:
            self._context.check_cancelled()
        except JobInterrupted as interruption:
            self._halt = Halt(kind="interrupted", interruption=interruption)
            return True
        self._halt = self._need().halted()
        return self._halt is not None

    def _watch_streak(self, receipt: Receipt) -> None:
        """Stop early when the other side refuses everything."""
        kind = receipt.error or ""
        self._streak = (kind, self._streak[1] + 1 if kind == self._streak[0] else 1)
        name, length = self._streak
        if name == PolicyBlocked.__name__ and length >= POLICY_LIMIT:
            self._halt = Halt(kind="refused", reason=receipt.message)
        elif name and receipt.outcome is Outcome.RETRY and length >= RETRY_LIMIT:
            self._halt = Halt(kind="rest", after=receipt.retry_after or REST_SECONDS, reason=receipt.message)

    def _after_fault(self, fault: ProviderError) -> None:
        needs_person = isinstance(fault, AuthFailed | PermissionMissing | QuotaExhausted | PolicyBlocked)
        log.warning("transport_failed", outbound=self._outbound_id, error=type(fault).__name__)
        running.note_fault(self._context, self._need(), reason=fault.message, is_paused=needs_person, field=fault.field)
        if not needs_person:
            raise RetryLater(
                fault.retry_after or outcomes.delay(self._context.attempt), fault.message, is_failure=True
            ) from fault
        self._halt = Halt(kind="paused")

    def _keep_pace(self) -> None:
        pace = self._need().pace.per_second()
        if not pace:
            return
        self._next_at = max(self._next_at + 1.0 / pace, clock.monotonic() - 1.0 / pace)
        while (left := self._next_at - clock.monotonic()) > 0 and not self._must_halt():
            self._context.wait(min(left, 0.5))

    def _need(self) -> Prepared:
        if self._prepared is None:
            raise RuntimeError("prepare comes first")
        return self._prepared
