"""The API of facts: programs report what happened to contacts, and read a contact's timeline."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from lux.identity.api_keys import Scope
from lux.kit.i18n import gettext as _
from lux.kit.money import is_currency
from lux.ledger import facts as ledger
from lux.ledger.models import Fact
from lux.rooms.contacts.api.blueprint import contacts
from lux.rooms.contacts.queries import people
from lux.rooms.contacts.service import reported
from lux.ui import web
from lux.ui.api import Input, Moment, Output, PageOf, PageQuery, newest_first, next_page, operation, program
from lux.ui.paging import as_moment, as_row_number, decode_cursor, encode_cursor

MOST = 1000
MAX_PROPERTIES = 4_000  # characters of JSON
TAG = "Facts"


def _small(value: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(value)) > MAX_PROPERTIES:
        raise ValueError(_("The properties are larger than %(most)s characters of JSON.", most=MAX_PROPERTIES))
    return value


def _known_currency(value: str | None) -> str | None:
    if value is not None and not is_currency(value):
        raise ValueError(_("This currency is not known: write a code like EUR."))
    return value


class FactIn(Input):
    """One thing that happened to a contact."""

    kind: Annotated[str, Field(min_length=3, max_length=100, description="a known kind, or one that begins custom.")]
    contact: Annotated[uuid.UUID | None, Field(description="id of the contact; or name it by its address")] = None
    email: Annotated[str | None, Field(max_length=254)] = None
    at: Annotated[Moment | None, Field(description="when it happened; left out = now")] = None
    dedup_key: Annotated[
        str | None, Field(min_length=1, max_length=200, description="the same key again is the same fact")
    ] = None
    value_minor: Annotated[
        int | None, Field(ge=-(10**15), le=10**15, description="an amount in the currency's smallest unit")
    ] = None
    currency: Annotated[str | None, Field(min_length=3, max_length=3), AfterValidator(_known_currency)] = None
    properties: Annotated[dict[str, Any], AfterValidator(_small)] = Field(default={})


class FactsIn(Input):
    """Facts to add, in any order."""

    facts: Annotated[list[FactIn], Field(min_length=1, max_length=MOST)]


class FactResult(Output):
    """What became of one fact."""

    index: int
    outcome: Literal["recorded", "duplicate", "refused"]
    field: str = ""
    message: str = ""


class FactsOut(Output):
    """What became of all facts, in their order."""

    recorded: int
    duplicate: int
    refused: int
    data: list[FactResult]


class FactOut(Output):
    """One thing that happened."""

    kind: str
    at: dt.datetime
    recorded_at: dt.datetime
    channel: str
    actor: str
    value_minor: int | None
    currency: str | None
    properties: dict[str, Any]
    dedup_key: str | None


class FactPage(PageOf[FactOut]):
    """One page of a timeline."""


class KindList(Output):
    """The kinds that programs may report."""

    data: list[str]


class FactOfSomebody(FactOut):
    """One thing that happened, and to whom."""

    contact: Annotated[uuid.UUID | None, Field(description="null = erased, or nobody's")]


class FactsPage(PageOf[FactOfSomebody]):
    """One page of facts."""


class FactQuery(PageQuery):
    """Which facts."""

    kind: Annotated[str, Field(min_length=3, max_length=100, description="such as order.paid or email.bounced")]
    since: Annotated[Moment | None, Field(description="happened at this moment or later")] = None


@operation(contacts, "GET /facts", scope=Scope.FACTS_READ, tag=TAG, query=FactQuery, answer=FactsPage)
def list_facts_of_kind(query: FactQuery) -> FactsPage:
    """List what happened of one kind, to whomever, the latest first."""
    session, before = web.session(), None
    if query.cursor:
        moment, number = decode_cursor(query.cursor, 2)
        before = (as_moment(moment), as_row_number(number))
    found = ledger.of_kind(session, query.kind, since=query.since, before=before, limit=query.limit + 1)
    rows = found[: query.limit]
    cursor = encode_cursor(rows[-1].at.isoformat(), rows[-1].id) if len(found) > query.limit else None
    names = people.names_of(session, {row.contact_id for row in rows if row.contact_id is not None})
    data = []
    for row in rows:
        known = names.get(row.contact_id or 0)
        data.append(FactOfSomebody(**_columns(row), contact=known.public_id if known else None))
    return FactsPage(data=data, next=next_page(cursor))


@operation(contacts, "GET /facts/kinds", scope=Scope.FACTS_READ, tag=TAG, answer=KindList)
def list_fact_kinds() -> KindList:
    """List the kinds of facts that programs may report; any that begins with `custom.` is allowed as well."""
    return KindList(data=list(reported.KINDS))


@operation(contacts, "POST /facts", scope=Scope.FACTS_WRITE, tag=TAG, body=FactsIn, answer=FactsOut)
def add_facts(body: FactsIn) -> FactsOut:
    """Report what happened to contacts.

    Up to 1,000 at once. A fact whose `dedup_key` is known is not recorded twice, so that a delivery may be repeated.
    Each is answered for itself: those that are refused change nothing, and the others stand.
    """
    wanted = [reported.Reported(**dict(fact)) for fact in body.facts]
    rows = [
        FactResult(index=index, outcome=done.outcome, field=done.field, message=done.message)
        for index, done in enumerate(reported.record(web.session(), wanted, program()))
    ]
    counts = {name: sum(row.outcome == name for row in rows) for name in ("recorded", "duplicate", "refused")}
    return FactsOut(data=rows, **counts)


@operation(
    contacts, "GET /contacts/<uuid:public_id>/facts", scope=Scope.FACTS_READ, tag=TAG, query=PageQuery, answer=FactPage
)
def list_facts(public_id: uuid.UUID, query: PageQuery) -> FactPage:
    """Read what happened to a contact, the latest first."""
    session = web.session()
    contact = people.contact_by_public_id(session, public_id)
    rows, following = newest_first(
        query, lambda before, limit: ledger.timeline(session, contact.id, before_id=before, limit=limit)
    )
    return FactPage(data=[_shown(row) for row in rows], next=following)


def _shown(row: Fact) -> FactOut:
    return FactOut(**_columns(row))


def _columns(row: Fact) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FactOut.model_fields} | {"actor": row.actor.partition(":")[0]}
