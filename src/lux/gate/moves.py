"""The one way states change: the table is asked, the row is compared and set, the audit row is written with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lux.gate.models import ApprovalDecision, ApprovalQueue, ApprovalVersion, Outbound
from lux.gate.states import ITEM_MOVES, OUTBOUND_MOVES, ItemState, OutboundState
from lux.identity.access import Person
from lux.kit import jobs
from lux.kit.errors import Conflict, NotFound, WrongState
from lux.kit.i18n import gettext as _
from lux.ledger import audit
from lux.ports.acts import ActKind
from lux.ports.contributions import installed


def locked(
    session: Session, *, item_id: int | None = None, outbound_id: int | None = None
) -> tuple[ApprovalQueue, Outbound]:
    """Return an item and its outbound, both locked and as they stand now; raises NotFound.

    Everyone who changes either takes both here, the outbound first: whoever came in another order would wait for
    somebody who waits for them.
    """
    wanted = Outbound.item_id == item_id if outbound_id is None else Outbound.id == outbound_id
    fresh = {"populate_existing": True}
    outbound = session.scalar(select(Outbound).where(wanted).with_for_update().execution_options(**fresh))
    if outbound is None:
        raise NotFound
    item = session.scalar(
        select(ApprovalQueue).where(ApprovalQueue.id == outbound.item_id).with_for_update().execution_options(**fresh)
    )
    if item is None:
        raise NotFound
    return item, outbound


def move_item(session: Session, item: ApprovalQueue, to: ItemState, **values: Any) -> None:  # noqa: ANN401 - column values
    """Move an item; raises WrongState when the table forbids it, Conflict when somebody was faster."""
    if to not in ITEM_MOVES[item.state]:
        raise WrongState(_("This is %(state)s; that can't be done any more.", state=item.state.value))
    statement = (
        update(ApprovalQueue)
        .where(
            ApprovalQueue.id == item.id,
            ApprovalQueue.state == item.state,
            ApprovalQueue.version == item.version,
        )
        .values(state=to, **values)
        .execution_options(synchronize_session=False)
    )
    session.flush()
    if session.execute(statement).rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(_("Somebody decided or changed this in the meantime."), fix=_("Load the page again."))
    session.refresh(item)


def move_outbound(session: Session, outbound: Outbound, to: OutboundState, **values: Any) -> None:  # noqa: ANN401 - column values
    """Move an outbound; raises WrongState or Conflict as `move_item` does."""
    if to is not outbound.state and to not in OUTBOUND_MOVES[outbound.state]:
        raise WrongState(_("This is %(state)s; that can't be done any more.", state=outbound.state.value))
    statement = (
        update(Outbound)
        .where(Outbound.id == outbound.id, Outbound.state == outbound.state)
        .values(state=to, **values)
        .execution_options(synchronize_session=False)
    )
    session.flush()
    if session.execute(statement).rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(_("Somebody changed this in the meantime."), fix=_("Load the page again."))
    session.refresh(outbound)


def write_down(
    session: Session,
    action: str,
    item: ApprovalQueue,
    *,
    by: Person | audit.Actor | None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Append what happened to an item to the company's audit chain."""
    audit.append(
        session,
        item.company_id,
        actor=by.actor if isinstance(by, Person) else by or audit.SYSTEM,
        action=action,
        object_type="approval",
        object_id=str(item.public_id),
        object_version=item.version,
        content_hash=item.content_hash,
        detail={"kind": item.kind.value, "state": item.state.value, **(detail or {})},
    )


def tell(session: Session, item: ApprovalQueue, event: str) -> None:
    """Tell the rooms what happened to an item, inside the same transaction."""
    if item.subject_id is not None:
        tell_of(session, item.company_id, (item.subject_type, item.subject_id), event)


def tell_of(session: Session, company_id: int, subject: tuple[str, int], event: str) -> None:
    """Tell the rooms what happened to one subject of an item that covers several."""
    for observer in installed().observers:
        observer.on_change(session, company_id, subject, event)


def keep_version(session: Session, item: ApprovalQueue, *, editor_id: int | None) -> None:
    """Keep what an item says at its present version; None as editor = LUX itself."""
    session.add(
        ApprovalVersion(
            item_id=item.id,
            version=item.version,
            body=item.body,
            content_hash=item.content_hash,
            created_by=editor_id,
        )
    )
    session.flush()


def release(
    session: Session, item: ApprovalQueue, decision: ApprovalDecision, *, due_at: datetime, queue: str = "send"
) -> None:
    """Let the item's outbound go under a yes, not before its time."""
    outbound = session.scalar(select(Outbound).where(Outbound.item_id == item.id).with_for_update())
    if outbound is None:
        raise NotFound
    move_outbound(
        session,
        outbound,
        OutboundState.READY,
        approval_id=decision.id,
        approval_verdict=decision.verdict,
        due_at=due_at,
        check_failed="",
        reason="",
    )
    if item.kind is ActKind.SERIES:
        return  # it has runs, and the clock starts each
    jobs.enqueue(
        session,
        "gate.send",
        {"outbound_id": outbound.id},
        company_id=item.company_id,
        queue=queue,
        key=f"outbound:{outbound.id}",
        dedup_key=f"send:{outbound.id}",
        due_at=due_at,
    )
