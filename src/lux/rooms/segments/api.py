"""The API of segments and lists: read, count, write rules, put contacts on lists."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from lux.identity.api_keys import Scope
from lux.kit.errors import NotFound, WrongState
from lux.kit.i18n import gettext as _
from lux.rooms.segments import queries, service
from lux.rooms.segments.forms import MAX_SELECTED, one_line
from lux.rooms.segments.rules import parse_rule
from lux.ui import web
from lux.ui.api import (
    Input,
    Output,
    PageOf,
    PageQuery,
    check_version,
    newest_first,
    next_page,
    operation,
    program,
    room,
)
from lux.ui.paging import decode_cursor, encode_cursor

if TYPE_CHECKING:
    from lux.rooms.segments.models import Segment
    from lux.rooms.segments.rules import Rule

segments = room("segments")
blueprints = (segments,)
TAG = "Segments and lists"
RULE = "the rule, version 1: see docs/rooms/segments.md"
Name = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(one_line)]


class SegmentOut(Output):
    """A named audience."""

    id: uuid.UUID
    name: str
    description: str
    is_dynamic: Annotated[bool, Field(description="true = by a rule, false = a list kept by hand")]
    rule: Annotated[dict[str, Any] | None, Field(description=RULE)]
    created_at: dt.datetime
    updated_at: dt.datetime
    trashed_at: dt.datetime | None
    version: int


class SegmentPage(PageOf[SegmentOut]):
    """One page of segments and lists."""


class SegmentQuery(PageQuery):
    """Which segments and lists."""

    q: Annotated[str, Field(max_length=200, description="words of the name")] = ""
    is_dynamic: Annotated[bool | None, Field(description="true = only segments by a rule, false = only lists")] = None
    trashed: Annotated[bool, Field(description="those in the trash instead of the others")] = False


class SizeOut(Output):
    """How many contacts an audience has now, and how many of them may be written to."""

    total: int
    mailable: int
    suppressed: int
    without_address: int
    without_consent: int


class MemberOut(Output):
    """A contact in a segment."""

    id: uuid.UUID
    email: str | None
    name: str
    is_mailable: bool


class MemberPage(PageOf[MemberOut]):
    """One page of members."""


class SegmentIn(Input):
    """A new segment: with a rule it is dynamic, without one it is a list."""

    name: Name
    description: Annotated[str, Field(max_length=1000)] = ""
    rule: Annotated[dict[str, Any] | None, Field(description=RULE)] = None


class SegmentPatch(Input):
    """What changes of a segment; what is left out stays."""

    name: Name | None = None
    description: Annotated[str | None, Field(max_length=1000)] = None
    rule: Annotated[dict[str, Any] | None, Field(description=RULE)] = None
    version: Annotated[int | None, Field(ge=1, description="the version you have seen")] = None


class MembersIn(Input):
    """Contacts by id."""

    contacts: Annotated[list[uuid.UUID], Field(min_length=1, max_length=MAX_SELECTED)]


class MembersOut(Output):
    """How many contacts were put on the list or taken off it; those that were so already do not count."""

    changed: int


@operation(segments, "GET /segments", scope=Scope.SEGMENTS_READ, tag=TAG, query=SegmentQuery, answer=SegmentPage)
def list_segments(query: SegmentQuery) -> SegmentPage:
    """List segments and lists by name."""
    found = queries.segments(
        web.session(), web.company_id(), text=query.q, is_trash=query.trashed, is_dynamic=query.is_dynamic,
        after=str(decode_cursor(query.cursor, 1)[0]) if query.cursor else "", limit=query.limit + 1,
    )  # fmt: skip
    rows = found[: query.limit]
    cursor = encode_cursor(rows[-1].name_key) if len(found) > query.limit else None
    return SegmentPage(data=[_shown(row) for row in rows], next=next_page(cursor))


@operation(
    segments, "POST /segments", scope=Scope.SEGMENTS_WRITE, tag=TAG, body=SegmentIn, answer=SegmentOut, status=201
)
def create_segment(body: SegmentIn) -> SegmentOut:
    """Make a segment by a rule, or a list kept by hand."""
    draft = service.Draft(name=body.name, description=body.description, rule=_rule(body.rule))
    return _shown(service.create(web.session(), web.company_id(), draft, author=program()))


@operation(segments, "GET /segments/<uuid:public_id>", scope=Scope.SEGMENTS_READ, tag=TAG, answer=SegmentOut)
def read_segment(public_id: uuid.UUID) -> SegmentOut:
    """Read a segment, also one in the trash."""
    return _shown(_found(public_id))


@operation(
    segments, "PATCH /segments/<uuid:public_id>", scope=Scope.SEGMENTS_WRITE, tag=TAG, body=SegmentPatch,
    answer=SegmentOut,
)  # fmt: skip
def change_segment(public_id: uuid.UUID, body: SegmentPatch) -> SegmentOut:
    """Change a segment's name, description or rule; a list can't become a rule, nor a rule a list."""
    segment = _found(public_id)
    check_version(segment.version, body.version)
    kept = service.rule_of(segment) if segment.is_dynamic else None
    draft = service.Draft(
        name=segment.name if body.name is None else body.name,
        description=segment.description if body.description is None else body.description,
        rule=_rule(body.rule) or kept,
    )
    service.change(web.session(), segment, draft, version=segment.version)
    return _shown(segment)


@operation(segments, "GET /segments/<uuid:public_id>/size", scope=Scope.SEGMENTS_READ, tag=TAG, answer=SizeOut)
def count_segment(public_id: uuid.UUID) -> SizeOut:
    """Count who is in a segment now, and who of them may be written to."""
    size = queries.size(web.session(), service.select_segment(web.session(), _found(public_id)))
    return SizeOut(**{name: getattr(size, name) for name in SizeOut.model_fields})


@operation(
    segments, "GET /segments/<uuid:public_id>/members", scope=Scope.SEGMENTS_READ, tag=TAG, query=PageQuery,
    answer=MemberPage,
)  # fmt: skip
def list_members(public_id: uuid.UUID, query: PageQuery) -> MemberPage:
    """List who is in a segment now, the newest contacts first."""
    ids = service.select_segment(web.session(), _found(public_id))
    rows, following = newest_first(
        query, lambda before, limit: queries.people(web.session(), ids, limit=limit, before=before)
    )
    members = [MemberOut(id=r.public_id, email=r.email, name=r.name, is_mailable=r.is_mailable) for r in rows]
    return MemberPage(data=members, next=following)


@operation(
    segments, "POST /segments/<uuid:public_id>/members", scope=Scope.SEGMENTS_WRITE, tag=TAG, body=MembersIn,
    answer=MembersOut,
)  # fmt: skip
def add_members(public_id: uuid.UUID, body: MembersIn) -> MembersOut:
    """Put contacts on a list; raises 404 when one of them does not exist or is in the trash."""
    return MembersOut(changed=service.add_contacts(web.session(), _found(public_id), _contact_ids(body)))


@operation(
    segments, "POST /segments/<uuid:public_id>/members/remove", scope=Scope.SEGMENTS_WRITE, tag=TAG, body=MembersIn,
    answer=MembersOut,
)  # fmt: skip
def remove_members(public_id: uuid.UUID, body: MembersIn) -> MembersOut:
    """Take contacts off a list."""
    return MembersOut(changed=service.remove_contacts(web.session(), _found(public_id), _contact_ids(body)))


@operation(segments, "POST /segments/<uuid:public_id>/trash", scope=Scope.SEGMENTS_WRITE, tag=TAG, answer=SegmentOut)
def trash_segment(public_id: uuid.UUID) -> SegmentOut:
    """Put a segment or list into the trash; one that rules of others ask for is refused, and they are named."""
    segment = _found(public_id)
    users = service.used_by(web.session(), segment)
    if users:
        names = ", ".join(f"“{other.name}”" for other in users)
        raise WrongState(_("The rules of %(names)s ask for it.", names=names), fix=_("Change those rules first."))
    service.trash(web.session(), segment)
    return _shown(segment)


@operation(segments, "POST /segments/<uuid:public_id>/restore", scope=Scope.SEGMENTS_WRITE, tag=TAG, answer=SegmentOut)
def restore_segment(public_id: uuid.UUID) -> SegmentOut:
    """Take a segment or list out of the trash."""
    segment = _found(public_id)
    service.restore(web.session(), segment)
    return _shown(segment)


def _contact_ids(body: MembersIn) -> list[int]:
    wanted = set(body.contacts)
    found = list(queries.contacts_by_public_id(web.session(), web.company_id(), list(wanted)))
    if len(found) != len(wanted):
        raise NotFound(
            _("%(n)s of these contacts do not exist, or are in the trash.", n=len(wanted) - len(found)),
            fix=_("Nothing was changed. Leave them out and send it again."),
        )
    return found


def _rule(raw: dict[str, Any] | None) -> Rule | None:
    return parse_rule(raw) if raw is not None else None


def _found(public_id: uuid.UUID) -> Segment:
    return queries.segment(web.session(), web.company_id(), public_id)


def _shown(row: Segment) -> SegmentOut:
    return SegmentOut(
        id=row.public_id, name=row.name, description=row.description, is_dynamic=row.is_dynamic,
        rule=row.rule if row.is_dynamic else None, created_at=row.created_at, updated_at=row.updated_at,
        trashed_at=row.trashed_at, version=row.version,
    )  # fmt: skip
