"""Pressing a stop and ending it; which stops are active."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from lux.gate.models import Stop
from lux.gate.stop import naming, ramp, scopes
from lux.gate.stop.covering import covers
from lux.gate.stop.scopes import Scope, ScopeKind
from lux.gate.stop.second import needs_other_person
from lux.identity.access import Person, Right
from lux.kit import clock
from lux.kit.errors import Forbidden, InvalidInput, NotFound
from lux.kit.i18n import gettext as _
from lux.ledger import audit

STOP_FILE: Final = "STOP"
FILE: Final = "file"


@dataclass(frozen=True, kw_only=True)
class StopView:
    """An active stop."""

    scope: str  # file | installation | company | channel | agent | campaign | drill
    token: str  # how a page names it: "company", "channel:email", "campaign:12"
    name: str  # what it holds, in words
    reason: str
    by: str
    since: datetime | None
    includes_system: bool = False
    cause: str = ""  # the trigger that pressed it, "" = a person or the file
    by_user_id: int | None = None
    is_wide: bool = False  # it belongs to the installation: an operator ends it

    @property
    def is_whole(self) -> bool:
        """Say whether it holds everything of the company."""
        return self.scope in {FILE, ScopeKind.INSTALLATION.value, ScopeKind.COMPANY.value}


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
    standing = session.scalar(select(Stop.reason).where(Stop.scope == scope.key, Stop.is_on.is_(True)))
    row = _change(session, scope, is_on=True, by=_name(by), reason=reason.strip() or standing or "")
    row.by_user_id = by.user_id if by else None
    row.cause = ""
    row.includes_system = row.includes_system or includes_system  # a later press never weakens the one that stands
    session.flush()
    actor = by.actor if by else audit.Actor(type="operator")
    _write_down(session, "stop.pressed", scope, actor, {"reason": row.reason})
    return row.epoch


def press_by_system(session: Session, scope: Scope, *, cause: str, evidence: str, reason: str) -> Stop | None:
    """Stop a scope because a trigger says so; None when it stands already, or was ended in spite of this evidence."""
    row = session.scalar(select(Stop).where(Stop.scope == scope.key).with_for_update())
    if row is not None and (row.is_on or (evidence and row.evidence == evidence)):
        return None
    row = _change(session, scope, is_on=True, by="LUX", reason=reason)
    row.by_user_id, row.cause, row.evidence = None, cause, evidence
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
    before = session.scalar(select(Stop).where(Stop.scope == scope.key).with_for_update())
    if before is None or not before.is_on:
        return before.epoch if before is not None else 0
    if by is not None:
        _require_other(session, before, by)
    rate = ramp.measured(session, before.changed_at, covers(scope))
    row = _change(session, scope, is_on=False, by=_name(by), reason=reason)
    row.by_user_id = by.user_id if by else None
    row.includes_system, row.rate, row.cause = False, rate, ""
    session.flush()
    actor = by.actor if by else audit.Actor(type="operator")
    _write_down(session, "stop.resumed", scope, actor, {"reason": row.reason})
    return row.epoch


def end_by_system(session: Session, scope: Scope, *, reason: str) -> None:
    """End a rehearsal's stop."""
    _change(session, scope, is_on=False, by="LUX", reason=reason)
    _write_down(session, "stop.resumed", scope, audit.SYSTEM, {"reason": reason})


def active(session: Session, company_id: int | None) -> list[StopView]:
    """Return the stops that hold (a part of) a company back (None = only the installation's), widest first."""
    found: list[StopView] = []
    settings = session.info.get("settings")
    if settings is not None and is_stop_file_there(settings.home):
        found.append(
            StopView(scope=FILE, token="", name=naming.of_file(), by="", since=None, is_wide=True,
                     reason=_("The file STOP is in the data folder."))
        )  # fmt: skip
    wanted = or_(Stop.scope == scopes.INSTALLATION.key, Stop.scope.startswith("channel:", autoescape=True))
    if company_id:
        own = scopes.of_company(company_id).key
        wanted = or_(wanted, Stop.scope == own, Stop.scope.startswith(f"{own}/", autoescape=True))
    query = select(Stop).where(wanted, Stop.is_on.is_(True))
    rows = [(scopes.from_key(row.scope), row) for row in session.scalars(query)]
    rows.sort(key=lambda one: (-one[0].width, one[1].id))
    found.extend(_view(session, scope, row) for scope, row in rows)
    return found


def holding(
    session: Session, company_id: int, *, channel: str, subject: tuple[str, int | None] = ("", None)
) -> list[StopView]:
    """Return the active stops that hold back what a company sends on a channel (about a subject), widest first."""
    tokens = {f"channel:{channel}", f"all/channel:{channel}", f"{subject[0]}:{subject[1]}"}
    return [one for one in active(session, company_id) if one.is_whole or one.token in tokens]


def by_id(session: Session, stop_id: int) -> StopView:
    """Return one stop by its row's number; raises NotFound."""
    row = session.scalar(select(Stop).where(Stop.id == stop_id))
    if row is None:
        raise NotFound
    return _view(session, scopes.from_key(row.scope), row)


def describe_active(session: Session, company_id: int) -> dict[str, Any] | None:
    """Return the widest active stop for the banner, or None; rehearsals are not shown there."""
    found = [one for one in active(session, company_id) if one.scope != ScopeKind.DRILL.value]
    if not found:
        return None
    first = found[0]
    return {
        "scope": first.scope, "name": first.name, "reason": first.reason, "since": first.since, "by": first.by,
        "is_whole": first.is_whole, "more": len(found) - 1,
    }  # fmt: skip


def is_stop_file_there(home: Path) -> bool:
    """Say whether the file STOP stops the installation; an unreadable folder counts as stopped."""
    try:
        (home / STOP_FILE).stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def _view(session: Session, scope: Scope, row: Stop) -> StopView:
    return StopView(
        scope=scope.kind.value,
        token=scope.form_token,
        name=naming.of(session, scope),
        reason=row.reason,
        by=row.by_name,
        since=row.changed_at,
        includes_system=row.includes_system,
        cause=row.cause,
        by_user_id=row.by_user_id,
        is_wide=scope.company_id is None,
    )


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
    if row.by_user_id == by.user_id and needs_other_person(session):
        raise Forbidden(
            _("You pressed this stop: by the company's rule of four eyes another person ends it."),
            fix=_("Ask another owner or admin to look and resume."),
        )


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
