"""The approval service: submit, approve, reject, edit, cancel; the face of the approvals room alone."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.gate import moves, submit
from lux.gate.decide import decide
from lux.gate.models import ApprovalQueue, Outbound
from lux.gate.policy import Finding
from lux.gate.states import ItemState, Verdict
from lux.identity.access import Person
from lux.kit import clock
from lux.kit.errors import InvalidInput, NotFound, WrongState
from lux.kit.i18n import gettext as _
from lux.ports.acts import DECIDED_WHERE_MADE, ActKind, QueuedAct


class ApprovalService:
    """Operations over the approval queue of one session's company."""

    def __init__(self, session: Session) -> None:
        """Work in the caller's transaction."""
        self._session = session

    def submit(
        self,
        act: QueuedAct,
        *,
        author: Person,
        title: str,
        subject: tuple[str, int],
        findings: Sequence[Finding] = (),
        rationale: str = "",
    ) -> Outbound:
        """Queue an act for a yes."""
        return submit.submit_for_approval(
            self._session, act, author=author, title=title, subject=subject, findings=findings, rationale=rationale
        )

    def approve(
        self, person: Person, public_id: uuid.UUID, *, shown_hash: str, send_at: datetime | None = None
    ) -> ApprovalQueue:
        """Say yes to exactly what was shown; `send_at` (UTC) = not before. Raises as `decide` does."""
        if send_at is not None and send_at <= clock.now():
            raise InvalidInput(field="send_at", message=_("This time has passed."), fix=_("Choose a later one."))
        item, _outbound = self._locked(public_id)
        decide(self._session, person, item, verdict=Verdict.YES, shown_hash=shown_hash, send_at=send_at)
        return item

    def reject(self, person: Person, public_id: uuid.UUID, *, shown_hash: str, reason: str) -> ApprovalQueue:
        """Say no, with a reason that reaches the author."""
        item, _outbound = self._locked(public_id)
        decide(self._session, person, item, verdict=Verdict.NO, shown_hash=shown_hash, reason=reason)
        return item

    def edit(self, person: Person, public_id: uuid.UUID, act: QueuedAct, *, title: str) -> ApprovalQueue:
        """Change the content; whatever yes it had is void and it waits again."""
        item, outbound = self._locked(public_id)
        submit.revise(self._session, outbound.id, act, editor=person, title=title)
        return item

    def cancel(self, person: Person, public_id: uuid.UUID, *, reason: str = "") -> ApprovalQueue:
        """Take it back for good, as long as nothing left."""
        item, outbound = self._locked(public_id)
        if item.state not in {ItemState.PENDING, ItemState.APPROVED, ItemState.SCHEDULED}:
            raise WrongState(_("This is %(state)s; there is nothing to take back.", state=item.state.value))
        submit.withdraw(self._session, outbound.id, by=person, reason=reason)
        return item

    def _locked(self, public_id: uuid.UUID) -> tuple[ApprovalQueue, Outbound]:
        """Return an item and its outbound, locked; a system mail is not found: nobody decides on one."""
        item_id = self._session.scalar(
            select(ApprovalQueue.id).where(
                ApprovalQueue.public_id == public_id,
                ApprovalQueue.kind.not_in((ActKind.SYSTEM_EMAIL, *DECIDED_WHERE_MADE)),
            )
        )
        if item_id is None:
            raise NotFound
        return moves.locked(self._session, item_id=item_id)
