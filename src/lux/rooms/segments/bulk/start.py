"""Begin, stop and take back an action: in the request, with its contacts frozen before anything is done."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import CursorResult, Select, func, insert, literal, select, update

from lux.kit import clock, jobs
from lux.kit.db.session import company_of
from lux.kit.errors import InvalidInput, WrongState
from lux.kit.i18n import gettext as _
from lux.ledger import audit
from lux.rooms.contacts.models import Contact
from lux.rooms.contacts.queries import listing
from lux.rooms.contacts.queries.listing import ContactFilter
from lux.rooms.contacts.service.origin import auditor_of, calling_code_of_company
from lux.rooms.segments import queries, service
from lux.rooms.segments.bulk.plan import ENDED, KEPT_DAYS, OPEN, UNDOING, Plan, Scope
from lux.rooms.segments.bulk.standing import settle
from lux.rooms.segments.models import BulkAction, BulkTarget

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person

RUN = "segments.bulk"
UNDO = "segments.bulk_undo"


def select_scope(session: Session, scope: Scope) -> Select[int]:
    """Return SELECT of the contact ids an action would be done to now; raises BrokenRule, InvalidInput or NotFound."""
    company_id = company_of(session)
    if scope.segment:
        return service.select_segment(session, queries.segment(session, company_id, uuid.UUID(scope.segment)))
    wanted = ContactFilter(**scope.filter)
    return select(Contact.id).where(*listing.where(session, wanted, calling_code_of_company(session)))


def preview(session: Session, scope: Scope) -> int:
    """Return how many contacts an action would be done to now, exactly."""
    return session.scalar(select(func.count()).select_from(select_scope(session, scope).subquery())) or 0


def start(session: Session, scope: Scope, plan: Plan, person: Person, *, confirmed: int) -> BulkAction:
    """Freeze the contacts and put the action into the queue.

    Raises InvalidInput when there are not exactly as many as the person confirmed.
    """
    company_id = company_of(session)
    action = BulkAction(kind=plan.kind, args=dict(plan.args), scope=scope.stored(), created_by=person.user_id)
    session.add(action)
    session.flush()
    ids = select_scope(session, scope).subquery()
    rows = select(
        literal(company_id), literal(action.id), ids.c.id, literal("pending"),
        literal({}, BulkTarget.before.type), literal({}, BulkTarget.after.type),
    )  # fmt: skip
    columns = ["company_id", "action_id", "contact_id", "outcome", "before", "after"]
    session.execute(insert(BulkTarget).from_select(columns, rows))
    action.total = _frozen(session, action.id)
    if action.total != confirmed or not action.total:
        raise InvalidInput(
            field="confirmation",
            message=_("Now %(count)s contacts match, not %(confirmed)s.", count=action.total, confirmed=confirmed),
            fix=_("Look at the number again and type it exactly."),
        )
    action.job_id = jobs.enqueue(
        session, RUN, {"action_id": action.id}, company_id=company_id, dedup_key=f"bulk {action.id}"
    )
    _note(session, action, "bulk.started", person)
    session.flush()
    return action


def cancel(session: Session, action: BulkAction) -> None:
    """Stop an action, or taking it back: at once while it waits, after the present chunk while it runs.

    What is done can be taken back; what is left of taking back can be tried again. Raises WrongState when it has ended.
    """
    settle(session, [action])
    if action.state not in {*OPEN, *UNDOING} or action.job_id is None:
        raise WrongState(_("This has ended already."))
    if jobs.cancel(session, action.job_id) is jobs.JobState.CANCELLED:
        settle(session, [action])


def can_undo(action: BulkAction) -> bool:
    """Say whether an action can be taken back now: it has ended, changed something, and is not too old."""
    is_ended = action.state in {*ENDED, "undo_failed"} and bool(action.counts.get("changed"))
    return is_ended and action.finished_at is not None and action.finished_at > clock.now() - timedelta(days=KEPT_DAYS)


def undo(session: Session, action: BulkAction, person: Person, *, reason: str) -> None:
    """Put taking an action back into the queue; `reason` goes into new statements of consent. Raises WrongState."""
    settle(session, [action])
    if not can_undo(action):
        raise WrongState(_("This can't be taken back any more."))
    stands = (*ENDED, "undo_failed")
    statement = update(BulkAction).where(BulkAction.id == action.id, BulkAction.state.in_(stands))
    result = session.execute(
        statement.values(state=UNDOING[0], undo_reason=reason[:400]).execution_options(synchronize_session=False)
    )
    if cast("CursorResult[Any]", result).rowcount != 1:
        raise WrongState(_("Somebody is taking this back already."))
    session.refresh(action)
    action.job_id = jobs.enqueue(
        session, UNDO, {"action_id": action.id}, company_id=company_of(session), dedup_key=f"bulk undo {action.id}"
    )
    _note(session, action, "bulk.undo_started", person)
    session.flush()


def _frozen(session: Session, action_id: int) -> int:
    query = select(func.count()).select_from(BulkTarget).where(BulkTarget.action_id == action_id)
    return session.scalar(query) or 0


def _note(session: Session, action: BulkAction, what: str, person: Person) -> None:
    audit.append(
        session,
        company_of(session),
        actor=auditor_of(person),
        action=what,
        object_type="bulk_action",
        object_id=str(action.public_id),
        detail={"kind": action.kind, "contacts": action.total},
    )
