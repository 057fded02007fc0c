"""The API's bulk call: up to a thousand contacts made or changed by address; a bad row spoils no other."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from lux.identity.api_keys import Scope
from lux.kit.errors import LuxError, WrongState
from lux.kit.i18n import gettext as _
from lux.rooms.contacts import service, values
from lux.rooms.contacts.api.blueprint import contacts
from lux.rooms.contacts.api.reading import Reader
from lux.rooms.contacts.api.shapes import ContactNew, ContactPatch
from lux.rooms.contacts.queries import people
from lux.rooms.contacts.service import tagging
from lux.ui import web
from lux.ui.api import Input, Output, operation, program
from lux.ui.api.reading import row as read_row

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.rooms.contacts.models import Contact

MOST = 1000


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
    session, reader = web.session(), Reader(web.session())
    tagged: dict[int, list[str]] = {}
    rows = [
        _carried_out(session, reader, index, row, body.on_existing, tagged) for index, row in enumerate(body.contacts)
    ]
    changed = _put_tags(session, tagged)
    for index, row in enumerate(rows):
        if row.outcome == "unchanged" and row.id in changed and body.contacts[index].get("tags"):
            rows[index] = row.model_copy(update={"outcome": "updated"})
    counts = {name: sum(row.outcome == name for row in rows) for name in BulkOut.model_fields if name != "data"}
    return BulkOut(data=rows, **counts)


def _carried_out(  # noqa: PLR0917 - one row, and what all rows share
    session: Session, reader: Reader, index: int, row: dict[str, Any], on_existing: str, tagged: dict[int, list[str]]
) -> BulkRow:
    try:
        with session.begin_nested():
            sent = read_row(ContactNew, row)
            outcome, contact = _upserted(session, reader, sent, on_existing)
    except LuxError as error:
        errors = [ProblemOut(field=p.field, message=p.message, fix=p.fix) for p in error.problems]
        return BulkRow(index=index, outcome="refused", id=None, code=error.code, message=error.message, errors=errors)
    if sent.tags and outcome != "skipped":
        tagged.setdefault(contact.id, []).extend(sent.tags)
    return BulkRow(index=index, outcome=outcome, id=contact.public_id)


def _upserted(
    session: Session, reader: Reader, sent: ContactNew, on_existing: str
) -> tuple[Literal["created", "updated", "unchanged", "skipped"], Contact]:
    present = service.twin_of(session, sent.email) if sent.email else None
    if present is None:
        contact = service.create(session, reader.values(sent), program())
        return "created", contact
    if on_existing == "skip":
        return "skipped", present
    if present.trashed_at is not None:
        raise WrongState(_("This contact is in the trash."), fix=_("Restore it first, then change it."))
    names = {name: getattr(sent, name) for name in sent.model_fields_set - {"tags", "email"}}
    before = present.version
    contact = service.update_contact(
        session, present, reader.values(ContactPatch.model_construct(set(names), **names), present), program()
    )
    return ("updated" if contact.version != before else "unchanged"), contact


def _put_tags(session: Session, tagged: dict[int, list[str]]) -> set[uuid.UUID]:
    """Add the tags of all rows, a tag at a time; returns the public ids of contacts that got one they did not have."""
    present = {key: {tag.id for tag in tags} for key, tags in people.tags_of(session, list(tagged)).items()}
    tags = tagging.ensure(session, {name for names in tagged.values() for name in names})
    keys = {contact_id: {values.clean(name).casefold() for name in names} for contact_id, names in tagged.items()}
    changed: set[int] = set()
    for tag in tags:
        ids = [key for key, names in keys.items() if tag.name_key in names and tag.id not in present.get(key, set())]
        service.add_tag(session, ids, tag, program())
        changed.update(ids)
    return {name.public_id for name in people.names_of(session, changed).values()}
