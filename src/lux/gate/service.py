"""The approval service: submit, approve, reject, edit, cancel, comment; the face of the approvals room alone."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.gate import moves, submit
from lux.gate.decide import decide
from lux.gate.deciding.deciders import proven, signed_in
from lux.gate.deciding.proposals import NOTHING, Proposal
from lux.gate.guests.reviewer import Reviewer
from lux.gate.models import ApprovalQueue, Outbound
from lux.gate.policy import Finding
from lux.gate.states import ItemState, Verdict
from lux.identity.access import Person, Right
from lux.kit import clock
from lux.kit.errors import Conflict, InvalidInput, LuxError, NotFound, WrongState
from lux.kit.i18n import gettext as _
from lux.ports.acts import DECIDED_WHERE_MADE, ActKind, QueuedAct

BATCH: Final = 50  # items decided on at once
_UNSEEN: Final = (ActKind.SYSTEM_EMAIL, *DECIDED_WHERE_MADE)


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """One item of a batch as somebody was shown it."""

    public_id: uuid.UUID
    shown_hash: str
    recipients: int


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
        about: Proposal = NOTHING,
    ) -> Outbound:
        """Queue an act for a yes."""
        return submit.submit_for_approval(
            self._session, act, author=author, title=title, subject=subject, findings=findings, rationale=rationale,
            about=about,
        )  # fmt: skip

    def approve(
        self, person: Person | Reviewer, public_id: uuid.UUID, *, shown_hash: str, send_at: datetime | None = None
    ) -> ApprovalQueue:
        """Say yes to exactly what was shown; `send_at` (UTC) = not before. Raises as `decide` does."""
        if send_at is not None and send_at <= clock.now():
            raise InvalidInput(field="send_at", message=_("This time has passed."), fix=_("Choose a later one."))
        item, _outbound = self._locked(public_id)
        decider = proven(self._session, person, item)
        decide(self._session, decider, item, verdict=Verdict.YES, shown_hash=shown_hash, send_at=send_at)
        return item

    def reject(self, person: Person | Reviewer, public_id: uuid.UUID, *, shown_hash: str, reason: str) -> ApprovalQueue:
        """Say no, with a reason that reaches the author."""
        item, _outbound = self._locked(public_id)
        decider = proven(self._session, person, item)
        decide(self._session, decider, item, verdict=Verdict.NO, shown_hash=shown_hash, reason=reason)
        return item

    def decide_batch(
        self, person: Person, chosen: Sequence[Chosen], *, verdict: Verdict, reason: str = ""
    ) -> list[LuxError | None]:
        """Decide on at most 50 items of one kind, each by itself; returns what kept each from it, in their order.

        Each has its own decision and audit rows; one that fails leaves the others as they are. Raises InvalidInput
        when the batch as a whole can't be.
        """
        person.require(Right.APPROVE)
        ids = self._batch_ids(chosen)
        # All locks first, in one order: the audit chain is taken with the first decision, and nobody waits for
        # something of ours while we wait for something of theirs.
        for item_id in sorted(ids.values()):
            moves.locked(self._session, item_id=item_id)
        return [self._one_of_batch(person, one, ids, verdict=verdict, reason=reason) for one in chosen]

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

    def _batch_ids(self, chosen: Sequence[Chosen]) -> dict[uuid.UUID, int]:
        """Return the rows' numbers of what was chosen and exists; raises InvalidInput for the batch as a whole."""
        wanted = {one.public_id for one in chosen}
        if not chosen or len(wanted) != len(chosen) or len(chosen) > BATCH:
            raise InvalidInput(
                field="chosen",
                message=_("Choose 1 to %(n)s different items.", n=BATCH),
                fix=_("Go back to the list and choose again."),
            )
        query = select(ApprovalQueue.public_id, ApprovalQueue.id, ApprovalQueue.kind).where(
            ApprovalQueue.public_id.in_(wanted), ApprovalQueue.kind.not_in(_UNSEEN)
        )
        rows = self._session.execute(query).all()
        if len({row.kind for row in rows}) > 1:
            raise InvalidInput(
                field="chosen",
                message=_("These are of different kinds."),
                fix=_("Decide on one kind at a time."),
            )
        return {row.public_id: row.id for row in rows}

    def _one_of_batch(
        self, person: Person, one: Chosen, ids: dict[uuid.UUID, int], *, verdict: Verdict, reason: str
    ) -> LuxError | None:
        try:
            with self._session.begin_nested():
                if one.public_id not in ids:
                    raise NotFound
                item, _outbound = moves.locked(self._session, item_id=ids[one.public_id])
                if item.audience_count != one.recipients:
                    raise Conflict(
                        _("The number of recipients changed after you opened it."), fix=_("Look at it once more.")
                    )
                decider = signed_in(self._session, person, item)
                decide(self._session, decider, item, verdict=verdict, shown_hash=one.shown_hash, reason=reason)
        except LuxError as error:
            return error
        return None

    def _locked(self, public_id: uuid.UUID) -> tuple[ApprovalQueue, Outbound]:
        """Return an item and its outbound, locked; a system mail is not found: nobody decides on one."""
        item_id = self._session.scalar(
            select(ApprovalQueue.id).where(ApprovalQueue.public_id == public_id, ApprovalQueue.kind.not_in(_UNSEEN))
        )
        if item_id is None:
            raise NotFound
        return moves.locked(self._session, item_id=item_id)
