"""The short forms: tags, custom fields, consent, what to do with a selection, confirmations."""

import datetime as dt
import uuid
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from lux.rooms.contacts.models import FieldType
from lux.ui.parsing import FormModel

TagName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Channel = Literal["email", "sms"]
Basis = Literal["opt_in", "double_opt_in", "contract", "other"]


class TagForm(FormModel):
    """The name of a tag."""

    name: TagName


class ContactTagsForm(FormModel):
    """All tags of one contact, by name."""

    tags: list[TagName] = Field(default=[], max_length=100)


class ConfirmForm(FormModel):
    """What a person typed to confirm something that can't be undone."""

    confirmation: str = Field(default="", max_length=400)


class SelectionForm(FormModel):
    """What to do with selected contacts."""

    ids: list[uuid.UUID] = Field(min_length=1, max_length=500)
    action: Literal["tag", "untag", "trash", "restore", "export"]
    tag: str = Field(default="", max_length=64)
    back: str = Field(default="", max_length=2000)  # for other rooms' pages, to which the same selection can go


class FieldForm(FormModel):
    """A new custom field."""

    label: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    type: FieldType
    choices: str = Field(default="", max_length=10_000)  # one per line


class FieldChangeForm(FormModel):
    """A custom field's label and choices; its type and key stay."""

    label: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    choices: str = Field(default="", max_length=10_000)


class ConsentForm(FormModel):
    """A yes to one channel, with its proof."""

    channel: Channel
    basis: Basis
    wording: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=2000)]
    how: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200)]
    day: Annotated[dt.date | None, BeforeValidator(lambda text: text or None)] = None  # when it was said; None = now


class ReasonForm(FormModel):
    """Why a consent is withdrawn or a block is lifted."""

    channel: Channel
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=400)]


class ViewForm(FormModel):
    """A name for the present look of the list, and the parts of its address."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
    is_shared: bool = False
    is_first: bool = False
    q: str = Field(default="", max_length=200)
    tag: str = Field(default="", max_length=36)
    lifecycle: str = Field(default="", max_length=16)
    consent: str = Field(default="", max_length=16)
    view: str = Field(default="", max_length=16)
    sort: str = Field(default="", max_length=32)
    columns: str = Field(default="", max_length=200)

    def query(self) -> dict[str, str]:
        """Return the parts of the address that say something."""
        return {
            name: value for name, value in self.model_dump(exclude={"name", "is_shared", "is_first"}).items() if value
        }
