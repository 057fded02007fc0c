"""The API of errors and health: what went wrong in a company in plain words, what becomes of it, and how things are."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from lux.identity.api_keys import Scope
from lux.rooms.diagnostics import health, queries, service, words
from lux.rooms.diagnostics.models import GroupState, Severity
from lux.rooms.diagnostics.scope import Scope as Reach
from lux.rooms.diagnostics.service import Decision
from lux.ui import web
from lux.ui.api import Input, Moment, Output, PageOf, PageQuery, newest_first, next_page, operation, program, room
from lux.ui.paging import as_moment, as_row_number, decode_cursor, encode_cursor

if TYPE_CHECKING:
    from lux.rooms.diagnostics.models import ErrorGroup

diagnostics = room("diagnostics")
blueprints = (diagnostics,)
TAG = "Errors and health"
Note = Annotated[str, Field(max_length=500, description="why; shown to people")]


class ErrorOut(Output):
    """Errors of one cause, in plain words; no trace, for that an operator opens it in LUX."""

    id: uuid.UUID
    state: GroupState
    severity: Severity
    source: Annotated[str, Field(description="web, job, clock or cli")]
    where: str
    title: Annotated[str, Field(description="what happened")]
    touched: Annotated[str, Field(description="what it touched")]
    fix: Annotated[str, Field(description="what to do")]
    count: Annotated[int, Field(description="all occurrences, also those not kept one by one")]
    first_seen_at: dt.datetime
    last_seen_at: dt.datetime
    came_back_at: Annotated[dt.datetime | None, Field(description="when it opened again by itself")]
    note: str
    decided_at: dt.datetime | None
    ignored_until: dt.datetime | None
    ignored_to_count: Annotated[int | None, Field(description="the count that opens it again")]
    fingerprint: Annotated[str, Field(description="version of grouping and hash, for example v1:9f2c…")]


class ErrorPage(PageOf[ErrorOut]):
    """One page of errors."""


class ErrorQuery(PageQuery):
    """Which errors."""

    state: GroupState = GroupState.OPEN
    severity: Severity | None = None
    source: Literal["web", "job", "clock", "cli"] | None = None
    since: Annotated[Moment | None, Field(description="occurred at or after it")] = None
    q: Annotated[str, Field(max_length=100, description="words of what happened")] = ""


class OccurrenceOut(Output):
    """One occurrence that is kept."""

    at: dt.datetime
    severity: Severity
    request_id: Annotated[str, Field(description="the code people saw; empty for work in the background")]


class OccurrencePage(PageOf[OccurrenceOut]):
    """One page of occurrences."""


class ResolveIn(Input):
    """It is mended."""

    note: Note = ""


class IgnoreIn(Input):
    """It may be: for good, until a moment, or for so many occurrences more."""

    note: Note = ""
    until: Annotated[Moment | None, Field(description="the first occurrence after it opens the error again")] = None
    more: Annotated[int | None, Field(ge=1, le=1_000_000_000, description="so many more open it again")] = None


class FindingOut(Output):
    """One thing that is fine or not."""

    key: str
    level: Annotated[str, Field(description="ok, warn, bad or unknown")]
    message: str
    fix: str


class HealthOut(Output):
    """How things are in the company, the worst first."""

    level: Annotated[str, Field(description="the worst of the findings")]
    findings: list[FindingOut]


@operation(diagnostics, "GET /errors", scope=Scope.ERRORS_READ, tag=TAG, query=ErrorQuery, answer=ErrorPage)
def list_errors(query: ErrorQuery) -> ErrorPage:
    """List errors of the company by cause, the last seen first."""
    sought = queries.Sought(
        source=query.source or "", severity=query.severity, since=query.since, text=query.q,
        kinds=words.kinds_named(query.q) if query.q else (),
    )  # fmt: skip
    before = _before(query.cursor) if query.cursor else None
    found = queries.groups(web.session(), _reach(), query.state, sought, before=before, limit=query.limit + 1)
    rows = found[: query.limit]
    cursor = encode_cursor(rows[-1].last_seen_at.isoformat(), rows[-1].id) if len(found) > query.limit else None
    return ErrorPage(data=[_shown(row) for row in rows], next=next_page(cursor))


@operation(diagnostics, "GET /errors/<uuid:public_id>", scope=Scope.ERRORS_READ, tag=TAG, answer=ErrorOut)
def read_error(public_id: uuid.UUID) -> ErrorOut:
    """Read one error."""
    return _shown(queries.group(web.session(), _reach(), public_id))


@operation(
    diagnostics, "GET /errors/<uuid:public_id>/occurrences", scope=Scope.ERRORS_READ, tag=TAG, query=PageQuery,
    answer=OccurrencePage,
)  # fmt: skip
def list_occurrences(public_id: uuid.UUID, query: PageQuery) -> OccurrencePage:
    """List the occurrences that are kept of an error, the newest first: at most 200, for 90 days."""
    group = queries.group(web.session(), _reach(), public_id)
    rows, following = newest_first(
        query,
        lambda before, limit: queries.occurrences(web.session(), _reach(), group.id, before=before, limit=limit),
    )
    data = [OccurrenceOut(at=row.at, severity=row.severity, request_id=row.request_id) for row in rows]
    return OccurrencePage(data=data, next=following)


@operation(
    diagnostics, "POST /errors/<uuid:public_id>/resolve", scope=Scope.ERRORS_WRITE, tag=TAG, body=ResolveIn,
    answer=ErrorOut,
)  # fmt: skip
def resolve_error(public_id: uuid.UUID, body: ResolveIn) -> ErrorOut:
    """Say that an error is mended; when it occurs again, it opens again by itself."""
    return _decided(public_id, Decision(state=GroupState.RESOLVED, note=body.note))


@operation(
    diagnostics, "POST /errors/<uuid:public_id>/ignore", scope=Scope.ERRORS_WRITE, tag=TAG, body=IgnoreIn,
    answer=ErrorOut,
)  # fmt: skip
def ignore_error(public_id: uuid.UUID, body: IgnoreIn) -> ErrorOut:
    """Let an error be: for good, until a moment, or for so many occurrences more, whichever comes first."""
    return _decided(public_id, Decision(state=GroupState.IGNORED, note=body.note, until=body.until, more=body.more))


@operation(diagnostics, "POST /errors/<uuid:public_id>/reopen", scope=Scope.ERRORS_WRITE, tag=TAG, answer=ErrorOut)
def reopen_error(public_id: uuid.UUID) -> ErrorOut:
    """Open an error again."""
    return _decided(public_id, Decision(state=GroupState.OPEN))


@operation(diagnostics, "GET /health", scope=Scope.ERRORS_READ, tag=TAG, answer=HealthOut)
def read_health() -> HealthOut:
    """Read how things are in the company; for the installation itself there are /healthz and /readyz."""
    found = health.findings(web.session(), web.company_id(), on_error=web.runtime().on_error)
    shown = [FindingOut(key=one.key, level=one.level, message=one.message, fix=one.fix) for one in found]
    return HealthOut(level=health.worst(found), findings=shown)


def _decided(public_id: uuid.UUID, decision: Decision) -> ErrorOut:
    return _shown(service.decide(web.session(), _reach(), public_id, decision, by=program()))


def _reach() -> Reach:
    return Reach(web.company_id())


def _before(cursor: str) -> tuple[dt.datetime, int]:
    moment, number = decode_cursor(cursor, 2)
    return as_moment(moment), as_row_number(number)


def _shown(row: ErrorGroup) -> ErrorOut:
    plain = words.of_group(row)
    return ErrorOut(
        id=row.public_id, state=row.state, severity=row.severity, source=row.source, where=words.where(row),
        title=plain.title, touched=plain.touched, fix=plain.fix, count=row.count, first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at, came_back_at=row.came_back_at, note=row.note, decided_at=row.decided_at,
        ignored_until=row.ignored_until, ignored_to_count=row.ignored_to_count, fingerprint=row.fingerprint,
    )  # fmt: skip
