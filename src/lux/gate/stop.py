"""The emergency stop: nothing new leaves within two seconds; an unreadable stop is a stop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from lux.gate.models import Stop
from lux.identity.access import Person, Right
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.errors import Forbidden, InvalidInput
from lux.kit.i18n import gettext as _
from lux.ledger import audit

log = structlog.get_logger(__name__)
INSTALLATION = "installation"
STOP_FILE = "STOP"
FRESH_SECONDS = 1.0  # how old a watch's knowledge may be


@dataclass(frozen=True, kw_only=True)
class StopView:
    """An active stop."""

    scope: str
    reason: str
    by: str
    since: datetime | None
    includes_system: bool = False


def company_scope(company_id: int) -> str:
    """Return the scope of one company."""
    return f"company:{company_id}"


def press(
    session: Session,
    *,
    company_id: int | None,
    by: Person | None,
    reason: str = "",
    includes_system: bool = False,
) -> int:
    """Stop one company, or the installation (company None); returns the new epoch.

    `by` None = the command line, whoever holds the machine.
    """
    if by is not None:
        _require(by, company_id, Right.STOP)
    row = _change(session, company_id, is_on=True, by=by, reason=reason)
    row.includes_system = row.includes_system or includes_system  # a later press never weakens the one that stands
    session.flush()
    _write_down(session, "stop.pressed", company_id, by, reason)
    return row.epoch


def resume(session: Session, *, company_id: int | None, by: Person | None, reason: str) -> int:
    """End a stop; a reason is required; returns the new epoch."""
    if by is not None:
        _require(by, company_id, Right.MANAGE)
    if not reason.strip():
        raise InvalidInput(
            field="reason", message=_("A reason is missing."), fix=_("Say why it is safe to send again.")
        )
    row = _change(session, company_id, is_on=False, by=by, reason=reason)
    row.includes_system = False
    _write_down(session, "stop.resumed", company_id, by, reason)
    return row.epoch


def active(session: Session, company_id: int | None) -> list[StopView]:
    """Return the stops that hold a company back (None = only those of the installation), widest first."""
    found: list[StopView] = []
    settings = session.info.get("settings")
    if settings is not None and is_stop_file_there(settings.home):
        found.append(StopView(scope="file", reason=_("The file STOP is in the data folder."), by="", since=None))
    scopes = [INSTALLATION, *([company_scope(company_id)] if company_id else [])]
    rows = session.scalars(select(Stop).where(Stop.scope.in_(scopes), Stop.is_on.is_(True)).order_by(Stop.scope.desc()))
    found.extend(
        StopView(
            scope="installation" if row.scope == INSTALLATION else "company",
            reason=row.reason,
            by=row.by_name,
            since=row.changed_at,
            includes_system=row.includes_system,
        )
        for row in rows
    )
    return found


def describe_active(session: Session, company_id: int) -> dict[str, Any] | None:
    """Return the widest active stop for the banner, or None."""
    found = active(session, company_id)
    if not found:
        return None
    first = found[0]
    return {"scope": first.scope, "reason": first.reason, "since": first.since, "by": first.by}


def is_stop_file_there(home: Path) -> bool:
    """Say whether the file STOP stops the installation; an unreadable folder counts as stopped."""
    try:
        (home / STOP_FILE).stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


class StopWatch:
    """Asked before every message: may it leave? Knows the answer at most one second old."""

    def __init__(self, db: Database, company_id: int, *, is_system: bool = False) -> None:
        """Watch the stops of one company; system acts only heed a stop that includes them."""
        self._db = db
        self._company_id = company_id
        self._is_system = is_system
        self._read_at = -FRESH_SECONDS
        self._stopped = True
        self.epoch = 0  # grows with every press and every resume, of the company or of the installation

    def is_stopped(self) -> bool:
        """Return the present answer; what can't be read is a stop."""
        if clock.monotonic() - self._read_at >= FRESH_SECONDS:
            self._read()
        return self._stopped

    def _read(self) -> None:
        try:
            with self._db.read(ALL_COMPANIES) as session:
                scopes = [INSTALLATION, company_scope(self._company_id)]
                rows = session.execute(
                    select(Stop.is_on, Stop.includes_system, Stop.epoch).where(Stop.scope.in_(scopes))
                ).all()
        except SQLAlchemyError as error:
            log.warning("stop_unreadable", error=type(error).__name__)
            self._stopped = True
            self._read_at = clock.monotonic()
            return
        self.epoch = sum(row.epoch for row in rows)
        by_file = self._db.settings is not None and is_stop_file_there(self._db.settings.home)
        rows_on = [row for row in rows if row.is_on and (row.includes_system or not self._is_system)]
        self._stopped = bool(rows_on) or (by_file and not self._is_system)
        self._read_at = clock.monotonic()


def _change(session: Session, company_id: int | None, *, is_on: bool, by: Person | None, reason: str) -> Stop:
    scope = company_scope(company_id) if company_id else INSTALLATION
    row = session.scalar(select(Stop).where(Stop.scope == scope).with_for_update())
    if row is None:
        row = Stop(scope=scope, epoch=0, includes_system=False)
        session.add(row)
    row.is_on = is_on
    row.epoch = (row.epoch or 0) + 1
    row.reason = reason.strip()
    row.by_user_id = by.user_id if by else None
    row.by_name = (by.name or by.email) if by else _("the command line")
    row.changed_at = clock.now()
    session.flush()
    return row


def _require(by: Person, company_id: int | None, right: Right) -> None:
    if company_id is None:
        by.require(Right.OPERATE)
        return
    if by.company_id != company_id:
        raise Forbidden
    by.require(right)


def _write_down(session: Session, action: str, company_id: int | None, by: Person | None, reason: str) -> None:
    audit.append(
        session,
        company_id or audit.INSTALLATION,
        actor=audit.Actor(type="person", id=by.user_id) if by else audit.Actor(type="operator"),
        action=action,
        object_type="stop",
        object_id=company_scope(company_id) if company_id else INSTALLATION,
        detail={"reason": reason.strip()},
    )
