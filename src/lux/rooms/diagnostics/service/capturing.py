"""Writes errors down, redacted and grouped, in a transaction of its own; it never raises and never recurses."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

import structlog
from sqlalchemy import Table, case, literal, select, update
from sqlalchemy.exc import IntegrityError

from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.db.counters import add_counts
from lux.kit.db.session import dialect_of
from lux.kit.redaction import redact, redacted_message, redacted_trace, shorten
from lux.rooms.diagnostics import queries
from lux.rooms.diagnostics.fingerprint import fingerprint, place
from lux.rooms.diagnostics.models import ErrorGroup, ErrorLog, ErrorTally, GroupState, Severity
from lux.rooms.diagnostics.service.pace import Pace

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

log = structlog.get_logger(__name__)

_TALLIES: Final = cast("Table", ErrorTally.__table__)
_SHORT: Final = 500  # characters of a message in the group
_is_capturing: ContextVar[bool] = ContextVar("lux_is_capturing", default=False)
_pace = Pace()


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One error as it is kept."""

    fingerprint: str
    type: str
    message: str
    words: str
    fix: str
    place: str
    trace: str = field(repr=False)
    source: str
    endpoint: str
    severity: Severity
    company_id: int | None
    user_id: int | None
    request_id: str
    job_id: int | None


def capture(
    db: Database,
    error: BaseException,
    *,
    source: str,
    company_id: int | None = None,
    user_id: int | None = None,
    request_id: str = "",
    endpoint: str = "",
    severity: str = "error",
) -> bool:
    """Write an error into error_log and say whether it stands there; what the caller does not know comes from the log.

    At most one occurrence a second of each group is kept with its trace, the others are counted. When nothing can
    be written, the log has to do.
    """
    if _is_capturing.get():
        return False
    token = _is_capturing.set(True)
    try:
        known = structlog.contextvars.get_contextvars()
        seen = _look_at(
            error,
            source=source,
            company_id=company_id or known.get("company_id"),
            user_id=user_id or known.get("user_id"),
            request_id=request_id or str(known.get("request_id", "")),
            endpoint=endpoint or str(known.get("endpoint", "")),
            job_id=known.get("job_id"),
            severity=Severity(severity),
        )
        key = (db.url, seen.company_id or 0, seen.fingerprint)
        _pace.let(key, write=lambda number: _write(db, seen, number), count=lambda number: _count(db, seen, number))
    except Exception:
        log.exception("error_capture_failed", error=type(error).__name__)
        return False
    else:
        return True
    finally:
        _is_capturing.reset(token)


def _look_at(error: BaseException, **more: Any) -> Seen:  # noqa: ANN401 - the rest of Seen's fields
    words = getattr(error, "message", "")
    fix = getattr(error, "fix", "")
    return Seen(
        fingerprint=fingerprint(error),
        type=type(error).__qualname__[:200],
        message=redacted_message(error),
        words=shorten(redact(words), _SHORT - 60) if isinstance(words, str) else "",
        fix=shorten(redact(fix), _SHORT - 60) if isinstance(fix, str) else "",
        place=place(error)[:200],
        trace=redacted_trace(error),
        **(more | {"endpoint": more["endpoint"][:120], "request_id": more["request_id"][:64]}),
    )


def _write(db: Database, seen: Seen, number: int) -> None:
    """Keep this occurrence, and count `number` of them."""
    with db.begin(ALL_COMPANIES) as session:
        group_id = _group(session, seen)
        _add_to_group(session, group_id, seen, number)
        session.add(
            ErrorLog(
                group_id=group_id,
                company_id=seen.company_id,
                user_id=seen.user_id,
                source=seen.source,
                endpoint=seen.endpoint,
                request_id=seen.request_id,
                job_id=seen.job_id,
                severity=seen.severity,
                message=seen.message,
                trace=seen.trace,
            )
        )


def _count(db: Database, seen: Seen, number: int) -> None:
    """Only count: these came too fast to be kept one by one."""
    with db.begin(ALL_COMPANIES) as session:
        _add_to_group(session, _group(session, seen), seen, number)


def _group(session: Session, seen: Seen) -> int:
    scope = seen.company_id or 0
    look = select(ErrorGroup.id).where(ErrorGroup.scope == scope, ErrorGroup.fingerprint == seen.fingerprint)
    found = session.scalar(look)
    if found is not None:
        return found
    group = ErrorGroup(
        company_id=seen.company_id,
        scope=scope,
        fingerprint=seen.fingerprint,
        type=seen.type,
        place=seen.place,
        source=seen.source,
        severity=seen.severity,
    )
    try:
        with session.begin_nested():
            session.add(group)
    except IntegrityError:  # another process was first
        if dialect_of(session) == "mysql":  # its snapshot is older than that row; a lock reads the latest
            look = look.with_for_update()
        return session.scalars(look).one()
    return group.id


def _add_to_group(session: Session, group_id: int, seen: Seen, number: int) -> None:
    """Count, keep the latest words, and open a group again that was resolved or is ignored no longer."""
    now = clock.now()
    is_back = (ErrorGroup.state == GroupState.RESOLVED) | (
        (ErrorGroup.state == GroupState.IGNORED)
        & ((ErrorGroup.ignored_until <= now) | (ErrorGroup.ignored_to_count <= ErrorGroup.count + number))
    )
    came_back_at = case((is_back, literal(now, ErrorGroup.came_back_at.type)), else_=ErrorGroup.came_back_at)
    state = case((is_back, literal(GroupState.OPEN, ErrorGroup.state.type)), else_=ErrorGroup.state)
    statement = (
        update(ErrorGroup)
        .where(ErrorGroup.id == group_id)
        .ordered_values(  # MariaDB assigns from left to right: what a condition reads is written after it
            (ErrorGroup.came_back_at, came_back_at),
            (ErrorGroup.state, state),
            (ErrorGroup.count, ErrorGroup.count + number),
            (ErrorGroup.last_seen_at, now),
            (ErrorGroup.message, shorten(seen.message, _SHORT - 60)),
            (ErrorGroup.words, seen.words),
            (ErrorGroup.fix, seen.fix),
            (ErrorGroup.source, seen.source),
            (ErrorGroup.endpoint, seen.endpoint),
            (ErrorGroup.severity, seen.severity),
        )
        .execution_options(synchronize_session=False)
    )
    session.execute(statement)
    day, quarter = queries.quarter_of(now)
    row = {"group_id": group_id, "company_id": seen.company_id, "day": day, "quarter": quarter, "count": number}
    add_counts(session, _TALLIES, [row], key=("group_id", "day", "quarter"), counters=("count",))
