"""What the gate lets out, and in, when a company moves to another installation: history moves, a yes does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.orm import Session

from lux.gate.models import ApprovalDecision, ApprovalQueue, Outbound
from lux.gate.states import DeliveryState, ItemState, Method, OutboundState
from lux.kit import clock
from lux.kit.errors import WrongState
from lux.kit.i18n import gettext as _
from lux.ports.acts import ActKind

Row = dict[str, Any]  # column → value, as Python knows it

# System mails hold one person's links, a webhook's address may be a secret, a rehearsal was of this house: none leaves,
# nor is let in.
_STAYS: Final = (ActKind.SYSTEM_EMAIL, ActKind.WEBHOOK, ActKind.DRILL)
_WAITING: Final = frozenset({ItemState.PENDING, ItemState.APPROVED, ItemState.SCHEDULED})
_ENDED: Final = frozenset({OutboundState.DONE, OutboundState.FAILED, OutboundState.CANCELLED})
NOBODY: Final = 0  # stands for a person of another installation, where the database asks for one


def leaves(table: Table) -> ColumnElement[bool] | None:
    """Return which rows of one of the gate's tables go along; None = all of them."""
    if table.name == ApprovalQueue.__tablename__:
        return table.c.kind.not_in(_STAYS)
    travelling = select(ApprovalQueue.id).where(
        ApprovalQueue.company_id == table.c.company_id, ApprovalQueue.kind.not_in(_STAYS)
    )
    if table.name in {"approval_version", "approval_decision", "approval_comment", "outbound"}:
        return table.c.item_id.in_(travelling)
    if table.name in {"outbound_link", "delivery"}:
        return table.c.outbound_id.in_(select(Outbound.id).where(Outbound.item_id.in_(travelling)))
    return None


class Arrivals:
    """The gate's rows as they come in: whatever waited has to be asked for anew, whatever left is history.

    Every row is shown to `learn` first, then each is changed by `arrive`.
    """

    def __init__(self, reason: str) -> None:
        """Take the words that say why something was cancelled."""
        self.reason = reason
        self.drafts = 0  # campaigns that can be submitted again
        self.cut_off = 0  # outbounds that were cancelled while their messages were leaving
        self._open: dict[int, tuple[OutboundState, bool]] = {}  # by item: state, recipients are written down
        self._detached: set[int] = set()  # outbounds whose campaigns become drafts again
        self._rules: Mapping[str, Callable[[Row], None]] = {
            "approval_queue": self._item, "approval_version": _version, "approval_decision": _decision,
            "outbound": self._outbound, "delivery": _delivery, "feature_toggle": self._toggle, "sender": _sender,
            "campaign": self._campaign,
        }  # fmt: skip

    def learn(self, table: str, row: Row) -> None:
        """Remember what later rows depend on; raises ValueError for a row that never leaves a house."""
        if table == "approval_queue" and row["kind"] in _STAYS:
            raise ValueError("a system mail or a webhook does not travel")
        if table == "outbound":
            if row["kind"] in _STAYS:
                raise ValueError("a system mail or a webhook does not travel")
            state, is_written = row["state"], row["is_materialised"]
            if state not in _ENDED:
                self._open[row["item_id"]] = (state, is_written)
            if state in {OutboundState.HELD, OutboundState.READY, OutboundState.REFUSED} or (
                state is OutboundState.WORKING and not is_written
            ):
                self._detached.add(row["id"])

    def arrive(self, table: str, row: Row) -> None:
        """Change a row so that nothing can leave by what was decided elsewhere; ids are still the old ones."""
        rule = self._rules.get(table)
        if rule is not None:
            rule(row)

    def _item(self, row: Row) -> None:
        row.update(author_id=None, editor_id=None, decided_by=None, expires_at=None, snapshot=None)
        if row["state"] in _WAITING:
            state, _is_written = self._open.get(row["id"], (None, False))
            is_history = state is OutboundState.UNKNOWN
            row["state"] = ItemState.PUBLISHED if is_history else ItemState.CANCELLED
            row["reason"] = row["reason"] if is_history else self.reason
            row["decided_at"] = row["decided_at"] or clock.now()

    def _outbound(self, row: Row) -> None:
        state = row["state"]
        row.update(is_paused=False, pause_reason="", due_at=None)
        if state in _ENDED:
            return
        if state is OutboundState.UNKNOWN:
            row["state"] = OutboundState.DONE  # single messages stay unknown, and can be settled
        else:
            self.cut_off += row["id"] not in self._detached
            row.update(state=OutboundState.CANCELLED, reason=self.reason, check_failed="")
        if row["id"] in self._detached:
            row.update(approval_id=None, approval_verdict=None)
        row["finished_at"] = row["finished_at"] or clock.now()

    def _toggle(self, row: Row) -> None:
        row.update(changed_by=None)
        if row["is_on"]:
            row.update(is_on=False, reason=self.reason, changed_by_name="", changed_at=clock.now())

    def _campaign(self, row: Row) -> None:
        row["created_by"] = None
        if row["outbound_id"] in self._detached:
            row["outbound_id"] = None
            self.drafts += 1


def refuse_elsewhere(session: Session, outbound: Outbound) -> None:
    """Raise WrongState when an outbound's yes was given on another installation."""
    method = session.scalar(select(ApprovalDecision.method).where(ApprovalDecision.id == outbound.approval_id))
    if method is Method.ELSEWHERE:
        raise WrongState(
            _("This was approved and sent on another installation, before the company moved here."),
            fix=_("Copy the campaign and ask for a new yes."),
        )


def _version(row: Row) -> None:
    row["created_by"] = None


def _decision(row: Row) -> None:
    row.update(method=Method.ELSEWHERE, decided_by=NOBODY, session_id=NOBODY)


def _delivery(row: Row) -> None:
    if row["state"] in {DeliveryState.QUEUED, DeliveryState.CLAIMED}:
        has_left = row["state"] is DeliveryState.CLAIMED and row["leaving_at"] is not None
        row["state"] = DeliveryState.UNKNOWN if has_left else DeliveryState.SKIPPED
        row["error"] = row["error"] if has_left else "cancelled"
    row.update(claimed_by="", lease_until=None, due_at=None)


def _sender(row: Row) -> None:
    """Forget that it was proven: that is done where it is used, and anybody could write a file that says so."""
    row.update(verified_at=None, verified_by="", code_hash="", code_expires_at=None, code_attempts=0)
