"""Which stops are on, as people see them; what can't be read counts as on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.exc import SQLAlchemyError

from lux.gate.models import Stop
from lux.gate.stop import naming, scopes
from lux.gate.stop.file import is_stop_file_there, reason_of
from lux.gate.stop.scopes import Scope, ScopeKind
from lux.kit.db.session import savepoint
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

log = structlog.get_logger(__name__)
BROKEN: Final = (SQLAlchemyError, ValueError, TypeError, LookupError)  # what a damaged row or table may raise
UNREADABLE: Final = "unreadable"


@dataclass(frozen=True, kw_only=True)
class StopView:
    """An active stop."""

    scope: str  # unreadable | file | installation | company | channel | agent | campaign | drill
    token: str  # how a page names it: "company", "channel:email", "campaign:12"
    name: str  # what it holds, in words
    reason: str
    by: str
    since: datetime | None
    includes_system: bool = False
    cause: str = ""  # the trigger that pressed it, "" = a person or the file
    pressers: frozenset[int] = frozenset()  # everybody who pressed it since it began
    is_wide: bool = False  # it belongs to the installation: an operator ends it

    @property
    def is_whole(self) -> bool:
        """Say whether it holds everything of the company."""
        whole = {ScopeKind.FILE.value, ScopeKind.INSTALLATION.value, ScopeKind.COMPANY.value, UNREADABLE}
        return self.scope in whole


def active(session: Session, company_id: int | None) -> list[StopView]:
    """Return the stops that hold (a part of) a company back (None = only the installation's), widest first."""
    own = scopes.of_company(company_id).key if company_id else ""
    wanted: list[ColumnElement[bool]] = [Stop.scope.in_([scopes.FILE.key, scopes.INSTALLATION.key, own])]
    wanted.append(Stop.scope.startswith("channel:", autoescape=True))
    if own:
        wanted.append(Stop.scope.startswith(f"{own}/", autoescape=True))
    found = _read(session, or_(*wanted))
    settings = session.info.get("settings")
    if settings is not None:
        is_noted = any(one.scope == ScopeKind.FILE.value for one in found)
        if is_noted or is_stop_file_there(settings.home):
            since = next((one.since for one in found if one.scope == ScopeKind.FILE.value), None)
            rest = [one for one in found if one.scope != ScopeKind.FILE.value]
            return [_by_file(reason_of(settings.home), since), *rest]
    return found


def holding(
    session: Session, company_id: int, *, channel: str, subject: tuple[str, int | None] = ("", None)
) -> list[StopView]:
    """Return the active stops that hold back what a company sends on a channel (about a subject), widest first."""
    return [one for one in active(session, company_id) if is_over(one, channel=channel, subject=subject)]


def is_over(
    one: StopView, *, channel: str, subject: tuple[str, int | None] = ("", None), agents: Sequence[str] = ()
) -> bool:
    """Say whether a stop holds what leaves on a channel, about a subject, submitted by an agent."""
    tokens = {f"channel:{channel}", f"all/channel:{channel}", f"{subject[0]}:{subject[1]}"}
    return one.is_whole or one.token in {*tokens, *(f"agent:{name}" for name in agents)}


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


def pressers_of(row: Stop) -> frozenset[int]:
    """Return everybody who pressed a stop since it began; one of a time before this was kept knows the last alone."""
    return frozenset(row.pressers or ([row.by_user_id] if row.by_user_id is not None else ()))


def _read(session: Session, wanted: ColumnElement[bool]) -> list[StopView]:
    """Read all that are on; where one can't be read, row by row, so that the page says which one it is."""
    try:
        with savepoint(session):
            every = session.scalars(select(Stop).where(wanted)).all()  # those that are over too: a watch reads them
            rows = [(scopes.from_key(row.scope), row) for row in every if row.is_on]
            rows.sort(key=lambda one: (-one[0].width, one[1].id))
            return [_view(session, scope, row) for scope, row in rows]
    except BROKEN as error:
        log.warning("stop_unreadable", error=type(error).__name__)
    try:
        with savepoint(session):
            keys = session.scalars(select(Stop.scope).where(wanted)).all()
            return _one_by_one(session, keys)
    except BROKEN:
        return [StopView(scope=UNREADABLE, token="", name=naming.of_unreadable(), by="", since=None, is_wide=True,
                         reason=_("LUX can't read which stops are on, so nothing leaves."))]  # fmt: skip


def _one_by_one(session: Session, keys: Sequence[str]) -> list[StopView]:
    found = []
    for scope in sorted((scopes.from_key(key) for key in keys), key=lambda one: -one.width):
        try:
            row = session.scalar(select(Stop).where(Stop.scope == scope.key))
            if row is not None and row.is_on:
                found.append(_view(session, scope, row))
        except BROKEN:
            found.append(
                StopView(scope=scope.kind.value, token=scope.form_token, name=naming.of(session, scope), by="",
                         since=None, is_wide=scope.company_id is None,
                         reason=_("This stop can't be read, so it holds. Pressed anew, it can be ended."))
            )  # fmt: skip
    return found


def _by_file(reason: str, since: datetime | None) -> StopView:
    return StopView(scope=ScopeKind.FILE.value, token="", name=naming.of_file(), by="", since=since, is_wide=True,
                    reason=reason)  # fmt: skip


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
        pressers=pressers_of(row),
        is_wide=scope.company_id is None,
    )
