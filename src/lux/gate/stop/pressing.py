"""Pressing a stop and ending it."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lux.gate.models import Stop
from lux.gate.stop import ramp, scopes
from lux.gate.stop.covering import covers
from lux.gate.stop.scopes import Scope
from lux.gate.stop.second import needs_other_person
from lux.gate.stop.standing import BROKEN, pressers_of
from lux.identity.access import Person, Right
from lux.kit import clock
from lux.kit.db.session import savepoint
from lux.kit.errors import Forbidden, InvalidInput, WrongState
from lux.kit.i18n import gettext as _
from lux.ledger import audit


def press(
    session: Session,
    *,
    by: Person | None,
    company_id: int | None = None,
    scope: Scope | None = None,
    reason: str = "",
    includes_system: bool = False,
) -> int:
    """Stop a scope, by default one company or the installation (company None); returns the new epoch.

    `by` None = the command line, whoever holds the machine.
    """
    scope = scope or (scopes.of_company(company_id) if company_id else scopes.INSTALLATION)
    if by is not None:
        _require(by, scope, Right.STOP)
    before = _locked(session, scope, by=by)
    is_standing = before is not None and before.is_on
    earlier = pressers_of(before) if before is not None and is_standing else frozenset()
    reason = reason.strip() or (before.reason if before is not None and is_standing else "")
    row = _change(session, scope, is_on=True, by=_name(by), reason=reason)
    row.by_user_id = by.user_id if by else None
    row.pressers = sorted({*earlier, *([by.user_id] if by else ())})
    row.cause = ""
    row.includes_system = row.includes_system or includes_system  # a later press never weakens the one that stands
    session.flush()
    actor = by.actor if by else audit.Actor(type="operator")
    _write_down(session, "stop.pressed", scope, actor, {"reason": row.reason})
    return row.epoch


def press_by_system(session: Session, scope: Scope, *, cause: str, evidence: str, reason: str) -> Stop | None:
    """Stop a scope because a trigger says so; None when it stands already, or was ended in spite of this evidence."""
    try:
        row = _readable(session, scope)
    except WrongState:
        return None  # what can't be read stops already
    if row is not None and (row.is_on or (evidence and row.evidence == evidence)):
        return None
    row = _change(session, scope, is_on=True, by="LUX", reason=reason)
    row.by_user_id, row.pressers, row.cause, row.evidence = None, [], cause, evidence
    session.flush()
    _write_down(session, "stop.pressed", scope, audit.SYSTEM, {"reason": reason, "trigger": cause})
    return row


def resume(
    session: Session, *, by: Person | None, reason: str, company_id: int | None = None, scope: Scope | None = None
) -> int:
    """End a stop; a reason is required; returns the new epoch. From then on the pace grows from a tenth.

    Where nothing is stopped nothing is changed or recorded: a second press must not slow down what goes on already.
    """
    scope = scope or (scopes.of_company(company_id) if company_id else scopes.INSTALLATION)
    if by is not None:
        _require(by, scope, Right.MANAGE)
    if not reason.strip():
        raise InvalidInput(
            field="reason", message=_("A reason is missing."), fix=_("Say why it is safe to send again.")
        )
    before = _readable(session, scope)
    if before is None or not before.is_on:
        return before.epoch if before is not None else 0
    if by is not None:
        _require_other(session, before, by)
    rate = ramp.measured(session, before.changed_at, covers(scope))
    row = _change(session, scope, is_on=False, by=_name(by), reason=reason)
    row.by_user_id = by.user_id if by else None
    row.includes_system, row.rate, row.cause, row.pressers = False, rate, "", []
    session.flush()
    actor = by.actor if by else audit.Actor(type="operator")
    _write_down(session, "stop.resumed", scope, actor, {"reason": row.reason})
    return row.epoch


def end_by_system(session: Session, scope: Scope, *, reason: str) -> None:
    """End a rehearsal's stop."""
    _change(session, scope, is_on=False, by="LUX", reason=reason)
    _write_down(session, "stop.resumed", scope, audit.SYSTEM, {"reason": reason})


def _change(session: Session, scope: Scope, *, is_on: bool, by: str, reason: str) -> Stop:
    row = session.scalar(select(Stop).where(Stop.scope == scope.key).with_for_update())
    if row is None:
        row = Stop(scope=scope.key, epoch=0, includes_system=False)
        session.add(row)
    row.is_on = is_on
    row.epoch = (row.epoch or 0) + 1
    row.reason = reason.strip()
    row.by_name = by
    row.changed_at = clock.now()
    session.flush()
    return row


def _name(by: Person | None) -> str:
    return (by.name or by.email) if by else _("the command line")


def _require(by: Person, scope: Scope, right: Right) -> None:
    if scope.company_id is None:
        by.require(Right.OPERATE)
        return
    if by.company_id != scope.company_id:
        raise Forbidden
    by.require(right)


def _require_other(session: Session, row: Stop, by: Person) -> None:
    if by.user_id in pressers_of(row) and needs_other_person(session):
        raise Forbidden(
            _("You pressed this stop: by the company's rule of four eyes somebody ends it who did not."),
            fix=_("Ask another owner or admin to look and resume."),
        )


def _readable(session: Session, scope: Scope) -> Stop | None:
    """Return the row of a scope, locked; raises WrongState for one that can't be read."""
    try:
        with savepoint(session):
            return session.scalar(select(Stop).where(Stop.scope == scope.key).with_for_update())
    except BROKEN as error:
        raise WrongState(
            _("This stop can't be read, so nobody can see what it holds and why."),
            fix=_("Press it anew, then end it."),
        ) from error


def _locked(session: Session, scope: Scope, *, by: Person | None) -> Stop | None:
    """Return the row of a scope to press it; one that can't be read is written anew."""
    try:
        return _readable(session, scope)
    except WrongState:
        values = {
            "is_on": True, "includes_system": False, "epoch": Stop.epoch + 1, "reason": "", "by_name": _name(by),
            "by_user_id": None, "pressers": None, "changed_at": clock.now(), "cause": "", "evidence": "", "rate": None,
        }  # fmt: skip
        session.execute(update(Stop).where(Stop.scope == scope.key).values(values))
        return _readable(session, scope)


def _write_down(session: Session, action: str, scope: Scope, actor: audit.Actor, detail: dict[str, str]) -> None:
    audit.append(
        session,
        scope.company_id or audit.INSTALLATION,
        actor=actor,
        action=action,
        object_type="stop",
        object_id=scope.key,
        detail=detail,
    )
