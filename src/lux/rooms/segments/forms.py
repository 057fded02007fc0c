"""What people may enter about a segment and its members."""

import uuid
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from lux.kit.i18n import gettext as _
from lux.ui.parsing import FormModel

MAX_SELECTED = 1_000


def one_line(value: str) -> str:
    """Refuse what is more than one line; raises ValueError."""
    if any(sign in value for sign in "\r\n\0"):
        raise ValueError(_("This must be one line: take the line breaks out."))
    return value


def _no_nul(value: str) -> str:
    return value.replace("\0", "")


class SegmentForm(FormModel):
    """A segment's name and what it is for; the rule stands in fields of its own (see `builder`)."""

    name: Annotated[str, Field(min_length=1, max_length=64), AfterValidator(one_line)]
    description: Annotated[str, Field(max_length=1_000), AfterValidator(_no_nul)] = ""
    version: int = Field(default=1, ge=1)


class AddressesForm(FormModel):
    """Pasted addresses."""

    addresses: str = Field(default="", max_length=1_000_000)


class SelectedForm(FormModel):
    """Contacts chosen in a list, by public id."""

    ids: list[uuid.UUID] = Field(default=[], max_length=MAX_SELECTED)
    segment: str = Field(default="", max_length=36)  # public id, "new" = a new list
    name: Annotated[str, Field(max_length=64), AfterValidator(one_line)] = ""
    back: str = Field(default="", max_length=500)


class MembersForm(FormModel):
    """Members chosen on a list's own page."""

    ids: list[uuid.UUID] = Field(min_length=1, max_length=MAX_SELECTED)


class PanelForm(FormModel):
    """One contact, put on or taken off a list from the contact's page."""

    contact: uuid.UUID
    segment: uuid.UUID | None = None
    back: str = Field(default="", max_length=500)


BulkKind = Literal[
    "tag_add", "tag_remove", "field_set", "field_clear", "list_add", "list_remove", "consent_give",
    "consent_withdraw", "trash",
]  # fmt: skip


class BulkForm(FormModel):
    """What to do to all contacts of a filter or a segment, and how many a person said they are."""

    kind: BulkKind
    segment: str = Field(default="", max_length=36)
    q: str = Field(default="", max_length=200)  # the filter of the contact list
    tag: str = Field(default="", max_length=36)
    lifecycle: str = Field(default="", max_length=16)
    consent: str = Field(default="", max_length=16)
    tag_name: Annotated[str, Field(max_length=64), AfterValidator(one_line)] = ""
    list: str = Field(default="", max_length=36)
    field: str = Field(default="", max_length=80)
    value: Annotated[str, Field(max_length=500), AfterValidator(_no_nul)] = ""
    channel: Literal["email", "sms"] = "email"
    basis: Literal["opt_in", "double_opt_in", "contract", "other"] = "opt_in"
    wording: Annotated[str, Field(max_length=2_000), AfterValidator(_no_nul)] = ""
    reason: Annotated[str, Field(max_length=400), AfterValidator(_no_nul)] = ""
    confirmation: str = Field(default="", max_length=20)


class UndoForm(FormModel):
    """Why an action is taken back; needed where consent was recorded."""

    reason: Annotated[str, Field(max_length=400), AfterValidator(_no_nul)] = ""
