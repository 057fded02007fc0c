"""Contacts, consent, tags and fields as programs see and send them."""

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

from pydantic import Field

from lux.gate.consent import ConsentState, SuppressionReason
from lux.rooms.contacts.forms.small import TagName
from lux.rooms.contacts.models import FieldType, Lifecycle
from lux.ui.api import Input, Moment, Output, PageOf, PageQuery

FieldValue = str | bool | int | float | None
Fields = dict[Annotated[str, Field(max_length=64)], FieldValue]
Tags = Annotated[list[TagName], Field(max_length=100)]
ChannelName = Literal["email", "sms"]


class ConsentOut(Output):
    """How a contact's address stands on one channel."""

    channel: ChannelName
    address: str
    state: Annotated[ConsentState | None, Field(description="null = never asked")]
    basis: str
    source: str
    wording: str
    at: dt.datetime | None
    suppressed: Annotated[SuppressionReason | None, Field(description="why nothing is sent there; null = not blocked")]
    is_mailable: bool


class ContactOut(Output):
    """A person the company knows."""

    id: uuid.UUID
    email: str | None
    phone: Annotated[str | None, Field(description="E.164")]
    first_name: str
    last_name: str
    organisation: str
    website: str
    street: str
    postal_code: str
    city: str
    region: str
    country: Annotated[str, Field(description="ISO 3166-1 alpha-2")]
    timezone: str
    language: str
    source: str
    lifecycle: Lifecycle
    fields: Annotated[dict[str, Any], Field(description="the company's own fields by key; empty ones are left out")]
    tags: list[str]
    consents: Annotated[list[ConsentOut], Field(description="one for each channel on which there is an address")]
    created_at: dt.datetime
    updated_at: dt.datetime
    last_activity_at: dt.datetime | None
    trashed_at: dt.datetime | None
    version: int


class ContactPage(PageOf[ContactOut]):
    """One page of contacts."""


class ContactQuery(PageQuery):
    """Which contacts."""

    q: Annotated[str, Field(max_length=200, description="beginning of the address, a name, or a number")] = ""
    email: Annotated[str, Field(max_length=254, description="exactly this address")] = ""
    tag: Annotated[str, Field(max_length=64, description="name or id of a tag")] = ""
    lifecycle: Lifecycle | None = None
    changed_since: Annotated[
        Moment | None, Field(description="changed at this moment or later; the list is then in the order of changes")
    ] = None
    trashed: Annotated[bool, Field(description="those in the trash instead of the others")] = False


class ContactValues(Input):
    """What can be said of a contact; what is left out stays as it is, null empties."""

    email: Annotated[str | None, Field(max_length=254)] = None
    phone: Annotated[str | None, Field(max_length=64)] = None
    first_name: Annotated[str | None, Field(max_length=100)] = None
    last_name: Annotated[str | None, Field(max_length=100)] = None
    organisation: Annotated[str | None, Field(max_length=200)] = None
    website: Annotated[str | None, Field(max_length=300)] = None
    street: Annotated[str | None, Field(max_length=200)] = None
    postal_code: Annotated[str | None, Field(max_length=20)] = None
    city: Annotated[str | None, Field(max_length=100)] = None
    region: Annotated[str | None, Field(max_length=100)] = None
    country: Annotated[str | None, Field(max_length=100, description="a code or a name")] = None
    timezone: Annotated[str | None, Field(max_length=64)] = None
    language: Annotated[str | None, Field(max_length=64)] = None
    source: Annotated[str | None, Field(max_length=100)] = None
    lifecycle: Lifecycle | None = None
    fields: Fields = Field(default={}, max_length=100, description="the company's own fields by key")


class ContactNew(ContactValues):
    """A new contact: an e-mail address or a phone number is needed."""

    tags: Tags = Field(default=[])


class ContactPatch(ContactValues):
    """What changes of a contact."""

    tags: Annotated[Tags | None, Field(description="all tags it shall have")] = None
    version: Annotated[int | None, Field(ge=1, description="the version you have seen")] = None


class TagsIn(Input):
    """Tags to add or to take away, by name."""

    tags: Annotated[list[TagName], Field(min_length=1, max_length=100)]


class ConsentIn(Input):
    """What somebody said about a channel, with its proof."""

    channel: ChannelName
    state: Literal["given", "withdrawn"]
    basis: Literal["opt_in", "double_opt_in", "contract", "other"] = "opt_in"
    wording: Annotated[str, Field(max_length=2000, description="what the person saw; needed for a yes")] = ""
    source: Annotated[str, Field(min_length=3, max_length=200, description="form, page or campaign it came through")]
    at: Annotated[Moment | None, Field(description="when it was said; left out = now")] = None
    proof: dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=500)]] = Field(
        default={}, max_length=10, description="for example ip, user_agent, url, form_id"
    )


class TagOut(Output):
    """A tag."""

    id: uuid.UUID
    name: str
    contacts: int
    created_at: dt.datetime


class TagIn(Input):
    """The name of a tag."""

    name: TagName


class TagList(Output):
    """All tags, by name."""

    data: list[TagOut]


class FieldOut(Output):
    """A field of the company's own."""

    id: uuid.UUID
    key: str
    label: str
    type: FieldType
    choices: list[str]
    created_at: dt.datetime


class FieldIn(Input):
    """A new field; its key follows from the label."""

    label: Annotated[str, Field(min_length=1, max_length=100)]
    type: FieldType
    choices: list[Annotated[str, Field(min_length=1, max_length=100)]] = Field(
        default=[], max_length=100, description="of a choice"
    )


class FieldPatch(Input):
    """What changes of a field; what is left out stays."""

    label: Annotated[str | None, Field(min_length=1, max_length=100)] = None
    choices: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=100)]] | None,
        Field(max_length=100, description="of a choice: all it shall have"),
    ] = None


class FieldList(Output):
    """All fields of the company's own, by label."""

    data: list[FieldOut]
