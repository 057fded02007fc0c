"""The API's bulk call: up to a thousand contacts made or changed by address; a bad row spoils no other."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from lux.identity.api_keys import Scope
from lux.kit.addresses import email_key
from lux.kit.errors import Conflict, InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.contacts.api.blueprint import contacts
from lux.rooms.contacts.api.reading import Reader
from lux.rooms.contacts.api.shapes import ContactNew, ContactPatch
from lux.rooms.contacts.service.upsert import Done, Row, upsert
from lux.rooms.contacts.writing import Raced
from lux.ui import web
from lux.ui.api import Input, Output, operation, program
from lux.ui.api.reading import row as read_row

if TYPE_CHECKING:
    from lux.rooms.contacts.forms.contact import ContactInput
    from lux.rooms.contacts.service.upsert import Present

MOST = 1000
_TRIES = 5


class BulkIn(Input):
    """Contacts to make or to change."""

    contacts: Annotated[
        list[dict[str, Any]],
        Field(min_length=1, max_length=MOST, description="each as in ContactNew; matched by its e-mail address"),
    ]
    on_existing: Annotated[
        Literal["update", "skip"], Field(description="what becomes of contacts that are there already")
    ] = "update"


class ProblemOut(Output):
    """What is wrong with a row."""

    field: str
    message: str
    fix: str


class BulkRow(Output):
    """What became of one row."""

    index: Annotated[int, Field(description="its place in the list that was sent, from 0")]
    outcome: Literal["created", "updated", "unchanged", "skipped", "refused"]
    id: uuid.UUID | None
    code: Annotated[str | None, Field(description="why it was refused")] = None
    message: str | None = None
    errors: list[ProblemOut] = Field(default=[])


class BulkOut(Output):
    """What became of all rows, in their order."""

    created: int
    updated: int
    unchanged: int
    skipped: int
    refused: int
    data: list[BulkRow]


@operation(contacts, "POST /contacts/bulk", scope=Scope.CONTACTS_WRITE, tag="Contacts", body=BulkIn, answer=BulkOut)
def upsert_contacts(body: BulkIn) -> BulkOut:
    """Make or change many contacts at once.

    Up to 1,000 rows; an address that is known changes that contact, and what a row leaves out stays. Tags are added,
    never taken away. Each row is answered for itself: those that are refused change nothing, and the others stand.
    """
    for _attempt in range(_TRIES):
        try:
            rows = _carried_out(body)
        except Raced:
            web.rollback()  # nothing was written; the next transaction sees who was faster
            continue
        counts = {name: sum(row.outcome == name for row in rows) for name in BulkOut.model_fields if name != "data"}
        return BulkOut(data=rows, **counts)
    raise Conflict(_("Others are making these contacts at this moment."), fix=_("Send it again in a moment."))


def _carried_out(body: BulkIn) -> list[BulkRow]:
    reader = Reader(web.session())
    read = [_read(reader, row) for row in body.contacts]
    sent = [row for row in read if isinstance(row, Row)]
    done = iter(upsert(web.session(), sent, program(), skips_known=body.on_existing == "skip"))
    return [_shown(index, next(done) if isinstance(row, Row) else row) for index, row in enumerate(read)]


def _read(reader: Reader, values: dict[str, Any]) -> Row | Done:
    """Return a row to carry out, or its refusal."""
    try:
        sent = read_row(ContactNew, values)
    except InvalidInput as error:
        return Done(outcome="refused", error=error)
    return Row(email_key=_email_key(sent.email), read=partial(_over, reader, sent), tags=sent.tags)


def _over(reader: Reader, sent: ContactNew, present: Present | None) -> ContactInput:
    """Return the contact as it shall be: an address is never rewritten, what the row leaves out stays."""
    if present is None:
        return reader.values(sent)
    names = {name: getattr(sent, name) for name in sent.model_fields_set - {"tags", "email"}}
    patch = ContactPatch.model_construct(set(names), **names)
    return reader.over(patch, present.columns, present.version)


def _email_key(email: str | None) -> str | None:
    """Return what the address is looked up by; None for one that can't be read, which the reader names."""
    try:
        return email_key(email) if email else None
    except InvalidInput:
        return None


def _shown(index: int, done: Done) -> BulkRow:
    error = done.error
    if error is None:
        return BulkRow(index=index, outcome=done.outcome, id=done.public_id)
    errors = [ProblemOut(field=p.field, message=p.message, fix=p.fix) for p in error.problems]
    return BulkRow(index=index, outcome="refused", id=None, code=error.code, message=error.message, errors=errors)
