"""Asks for the undo of a whole import, once, within 30 days, after its number was typed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from lux.kit import clock, i18n, jobs
from lux.kit.db.session import company_of
from lux.kit.errors import InvalidInput, WrongState
from lux.kit.i18n import gettext as _
from lux.ledger import audit
from lux.rooms.contacts.models import ContactImport
from lux.rooms.contacts.queries import tables, undo
from lux.rooms.contacts.service.origin import auditor_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person
    from lux.rooms.contacts.queries.undo import UndoPlan

JOB: Final = "contacts.undo_import"
UNDO_WITHIN: Final = timedelta(days=30)


def why_not(session: Session, entry: ContactImport) -> WrongState | None:
    """Return why an import can't be undone now; None = it can."""
    state, _error = tables.state_of(session, entry)
    if state in tables.UNFINISHED:
        return WrongState(_("This import is still running."), fix=_("Cancel it first, then undo it."))
    if state == "uploaded" or not entry.mapping:
        return WrongState(_("Nothing of this file is in yet."), fix=_("Discard it instead."))
    if undo_state(session, entry) == "done":
        return WrongState(_("This import was undone already."))
    if undo_state(session, entry) in tables.UNFINISHED:
        return WrongState(_("This import is being undone."))
    if clock.now() - entry.created_at > UNDO_WITHIN:
        return WrongState(_("An import can be undone for %(days)s days.", days=UNDO_WITHIN.days))
    return None


def undo_state(session: Session, entry: ContactImport) -> str | None:
    """Return how far the undo is; one whose job was ended elsewhere has failed and can be asked for again."""
    if entry.undo_state not in tables.UNFINISHED:
        return entry.undo_state
    job = session.get(jobs.Job, int((entry.undo or {}).get("job_id") or 0))
    is_alive = job is not None and job.state in {jobs.JobState.QUEUED, jobs.JobState.RUNNING}
    return entry.undo_state if is_alive else "failed"


def plan(session: Session, entry: ContactImport) -> UndoPlan:
    """Return what an undo would do now; raises WrongState when it can't be."""
    refusal = why_not(session, entry)
    if refusal is not None:
        raise refusal
    return undo.plan(session, entry)


def ask(session: Session, entry: ContactImport, person: Person, *, confirmation: str) -> None:
    """Put the undo into the queue; raises InvalidInput unless the number of contacts was typed, and WrongState."""
    session.execute(select(ContactImport.id).where(ContactImport.id == entry.id).with_for_update())
    session.refresh(entry)
    found = plan(session, entry)
    if confirmation.strip().replace(",", "").replace(".", "") != str(found.total):
        raise InvalidInput(
            field="confirmation",
            message=_("This is not the number that was asked for."),
            fix=_("Type %(word)s exactly.", word=found.total),
        )
    company_id, before = company_of(session), entry.undo or {}
    job_id = jobs.enqueue(
        session, JOB, {"import_id": entry.id}, company_id=company_id, key=f"contacts.import:{company_id}",
        dedup_key=f"undo {entry.id}",
    )  # fmt: skip
    entry.undo_state = "queued"
    entry.undo = {"after": 0, "counts": {}, "total": found.total} | before | {
        "job_id": job_id, "user_id": person.user_id, "by": person.name or person.email, "locale": i18n.locale()
    }  # fmt: skip
    audit.append(
        session,
        company_id,
        actor=auditor_of(person),
        action="import.undone",
        object_type="contact_import",
        object_id=str(entry.public_id),
        detail={"contacts": found.total},
    )
    session.flush()
