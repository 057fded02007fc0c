"""The limits of a toggle as typed values: how they are stored, read back, and what they say of a number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lux.gate.toggles.hours import Hours
from lux.kit.errors import LuxError
from lux.kit.money import Money, is_currency

if TYPE_CHECKING:
    from lux.gate.toggles.catalogue import ToggleSpec

MOST_A_DAY = 100_000_000


class LimitsUnreadable(LuxError):
    """The limits of a switch can't be read."""

    code = "limits_unreadable"
    status = 409


class Cost(BaseModel):
    """At most so much money, in minor units of a currency."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    minor: Annotated[int, Field(ge=0)]
    currency: str

    @property
    def money(self) -> Money:
        """Return it as money."""
        return Money(minor=self.minor, currency=self.currency)


class Limits(BaseModel):
    """What bounds a thing whose toggle is on; None = no bound."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    daily_cap: Annotated[int, Field(ge=1, le=MOST_A_DAY)] | None = None  # messages per day of the company
    hours: Hours | None = None
    cost_day: Cost | None = None  # what providers charge
    cost_month: Cost | None = None
    confidence: Annotated[int, Field(ge=1, le=100)] | None = None  # per cent; below it a proposal stays a draft

    @property
    def is_empty(self) -> bool:
        """Say whether nothing is bounded."""
        return self == Limits()

    def stored(self) -> dict[str, Any]:
        """Return what is written into the row: only what is bounded."""
        found: dict[str, Any] = self.model_dump(mode="json", exclude_none=True)
        if self.hours is not None:
            found["hours"]["days"] = sorted(self.hours.days)
        return found


NONE = Limits()


def read(spec: ToggleSpec, text: str | None) -> Limits:
    """Return stored limits; raises LimitsUnreadable for what is no JSON, no limit, or none of this toggle's."""
    try:
        found = Limits.model_validate_json(text or "", strict=True)
        strange = found.model_fields_set - spec.limits
        costs = [cost.currency for cost in (found.cost_day, found.cost_month) if cost is not None]
        if strange or not all(map(is_currency, costs)):
            raise LimitsUnreadable
    except ValidationError as error:
        raise LimitsUnreadable from error
    return found


def is_over(limit: Cost | None, spent: Mapping[str, int]) -> bool:
    """Say whether a bound of money is reached; what was spent in another currency can't be compared, so it is."""
    if limit is None:
        return False
    others = sum(minor for currency, minor in spent.items() if currency != limit.currency)
    return others > 0 or spent.get(limit.currency, 0) >= limit.minor


def needs_private_draft(confidence: float | None, limits: Limits) -> bool:
    """Say whether an agent's proposal stays a private draft: it is less sure (0 to 1) than asked for, or can't say."""
    if limits.confidence is None:
        return False
    return confidence is None or not confidence * 100 >= limits.confidence
