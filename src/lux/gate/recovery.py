"""After a crash: what a dead run had claimed gets the outcome its journal knows, or is unknown, or waits again."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from lux.gate import journal, outcomes
from lux.gate.journal import Answer
from lux.gate.models import Delivery, Outbound
from lux.gate.states import DeliveryState
from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.ports.provider_errors import Ambiguous
from lux.ports.receipts import Outcome, Receipt

_REFUSED = frozenset({Outcome.FAILED, Outcome.REFUSED})


def recover(session: Session, outbound: Outbound, folder: Path, *, may_repeat: bool) -> int:
    """Settle what an earlier run left claimed; returns how many became unknown.

    The run's journal tells what left: answered = that outcome with all that follows from it, on the wire without an
    answer = unknown (or back to the queue where repeating is harmless), never begun = back to the queue. Without the
    journal, whatever may have been on the wire is unknown. So the journal stays until what it says is committed: a
    crash in between, or a refused commit, leaves it to the next recovery.
    """
    rows = list(
        session.scalars(
            select(Delivery).where(Delivery.outbound_id == outbound.id, Delivery.state == DeliveryState.CLAIMED)
        )
    )
    runs = {row.claimed_by for row in rows}
    for run in runs:
        journal.take_over(folder, run)
    notes = {run: journal.read(folder, run) for run in runs}
    receipts = []
    for row in rows:
        answer = _answer(row, notes[row.claimed_by])
        if answer is not None and answer.outcome is Outcome.UNKNOWN and may_repeat:
            answer = None
        if answer is None:
            _put_back(row)
        else:
            receipts.append(_receipt(row, answer))
    session.flush()
    outcomes.record(session, outbound, {row.id: row for row in rows}, receipts)
    _discard_after_commit(session, folder, runs)
    return sum(receipt.outcome is Outcome.UNKNOWN for receipt in receipts)


def _discard_after_commit(session: Session, folder: Path, runs: set[str]) -> None:
    def committed(ended: Session) -> None:
        if not ended.in_nested_transaction():
            for run in runs:
                journal.discard(folder, run)
            runs.clear()

    def rolled_back(ended: Session) -> None:
        if not ended.in_nested_transaction():
            runs.clear()  # the next recovery reads them again

    if runs:
        event.listen(session, "after_commit", committed)
        event.listen(session, "after_rollback", rolled_back)


def _answer(row: Delivery, noted: dict[int, Answer] | None) -> Answer | None:
    """Return what is known of a message; None = it never left."""
    if noted is not None:
        return noted.get(row.id)
    return Answer(outcome=Outcome.UNKNOWN) if row.leaving_at else None


def _put_back(row: Delivery) -> None:
    row.state, row.leaving_at = DeliveryState.QUEUED, None
    row.attempts = max(0, row.attempts - 1)
    row.claimed_by, row.lease_until = "", None


def _receipt(row: Delivery, answer: Answer) -> Receipt:
    words = ""
    if answer.outcome is Outcome.UNKNOWN:
        words = _("The connection ended after the message had left; no answer is known.")
    elif answer.outcome in _REFUSED:
        words = _("Refused by the receiving server; its words were lost in a crash.")
    is_unknown = answer.outcome is Outcome.UNKNOWN
    return Receipt(
        delivery_id=row.id,
        outcome=answer.outcome,
        code=answer.code,
        message=words,
        provider_id=None,
        at=row.leaving_at or clock.now(),
        error=Ambiguous.__name__ if is_unknown else answer.error,
    )
