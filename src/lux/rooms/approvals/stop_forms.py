"""What people stop, end and bound with."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field, StringConstraints

from lux.ui.parsing import FormModel

# What a page calls a scope (`gate.stop.scopes`); a campaign stands there with its public id, or its row's number.
Token = Annotated[
    str, Field(pattern=r"^(company|installation|(all/)?channel:[a-z]+|agent:[a-z_]+|campaign:[0-9a-f-]{1,36})$")
]
Number = Annotated[Decimal, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


class StopForm(FormModel):
    """A stop: one press; scope and reason are extras."""

    scope: Token = "company"
    reason: Annotated[str, StringConstraints(max_length=2000)] = ""


class ResumeForm(FormModel):
    """The end of a stop: typed, with a reason."""

    scope: Token
    confirmation: str
    reason: Annotated[str, StringConstraints(min_length=3, max_length=2000)]


class TriggerForm(FormModel):
    """The bounds of one trigger as people type them: a rate in percent and days, a storm in numbers and minutes."""

    key: Annotated[str, StringConstraints(max_length=32)]
    threshold: Number
    minimum: Number = Decimal(0)
    minutes: Number


class DrillForm(FormModel):
    """A rehearsal: one press."""
