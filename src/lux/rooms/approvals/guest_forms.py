"""What admins enter to invite a guest, and guests to decide."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any

from pydantic import Field, StringConstraints, field_validator, model_validator

from lux.rooms.approvals.forms import Hash
from lux.ui.parsing import FormModel


class GuestForm(FormModel):
    """Whom to invite, to what, until when."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    email: Annotated[str, StringConstraints(min_length=1, max_length=254)]
    may_comment: bool
    may_decide: bool
    until: dt.date  # the last day, in the company's zone
    reach: Annotated[str, StringConstraints(pattern="^(kinds|item)$")]
    kinds: list[Annotated[str, StringConstraints(max_length=32)]] = Field(default_factory=list)
    item: uuid.UUID | None = None

    @field_validator("item", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:  # noqa: ANN401 - untrusted
        return value or None

    @model_validator(mode="after")
    def _one_item_is_chosen(self) -> GuestForm:
        return self.model_copy(update={"kinds": []} if self.reach == "item" else {"item": None})


class GuestApproveForm(FormModel):
    """A guest's yes: the hash they saw, the number of recipients they typed."""

    shown_hash: Hash
    confirmation: str = ""
