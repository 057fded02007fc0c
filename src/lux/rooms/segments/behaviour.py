"""Conditions over what happened: mails, web and forms, orders, scores; each asks the ledger's facts."""

import uuid
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from lux.kit import money
from lux.kit.i18n import gettext as _
from lux.ledger.kinds import is_known
from lux.rooms.segments.operands import (
    BooleanTest,
    DateOp,
    DateTest,
    Days,
    Name,
    NumberOp,
    NumberTest,
    RuleModel,
    Text,
    TextTest,
)

MAX_TIMES = 10_000
Event = Literal["sent", "delivered", "opened", "clicked", "replied", "bounced", "complained", "unsubscribed"]
Which = Literal["any", "first", "last"]


class Times(RuleModel):
    """How often something happened; nothing at all is 0 times."""

    op: Literal["at_least", "exactly", "at_most"] = "at_least"
    count: Annotated[int, Field(ge=0, le=MAX_TIMES)]


class ListTest(RuleModel):
    """Whether a list of texts holds one, letter by letter."""

    type: Literal["list"] = "list"
    op: Literal["includes"] = "includes"
    value: Annotated[Text, StringConstraints(min_length=1)]


class Property(RuleModel):
    """What a fact's property holds."""

    name: Annotated[str, StringConstraints(pattern=r"^\w[\w.-]{0,63}\Z")]
    test: Annotated[TextTest | NumberTest | BooleanTest | ListTest, Field(discriminator="type")]


class Happening(RuleModel):
    """What conditions over facts share: how often, when, or when for the first or last time."""

    op: Literal["did", "did_not"]
    times: Times | None = None  # None = at least once
    which: Which = "any"  # first, last: only that one has to be within `when`
    when: DateTest | None = None  # None = ever

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        check_window(self.when)
        if self.which != "any" and (self.when is None or self.times is not None):
            raise ValueError(_("Say when the first or the last time was; how often does not fit there."))
        return self


class ActivityCondition(Happening):
    """What happened between a contact and our mails; opens and clicks by machines don't count."""

    kind: Literal["email_activity"] = "email_activity"
    event: Event
    campaign: uuid.UUID | None = None  # None = any
    name: Name = ""
    days: Days | None = None  # today and the N days before it; None = ever, or as `when` says

    @model_validator(mode="after")
    def _has_one_window(self) -> Self:
        if self.days is not None and (self.when is not None or self.which != "any"):
            raise ValueError(_("Say when once only."))
        return self

    @property
    def window(self) -> DateTest | None:
        """Return when, however it is stored."""
        if self.days is None:
            return self.when
        return DateTest(type="moment", op=DateOp.IN_LAST, days=self.days)


class FactCondition(Happening):
    """What a contact did elsewhere, as the ledger holds it: pages, forms, events, orders."""

    kind: Literal["fact"] = "fact"
    event: Annotated[str, StringConstraints(max_length=120)]
    property: Property | None = None

    @model_validator(mode="after")
    def _is_a_kind(self) -> Self:
        if not is_known(self.event):
            raise ValueError(_("“%(kind)s” is not a known kind of fact.", kind=self.event))
        return self


class OrderCondition(RuleModel):
    """What a contact bought: how many orders, how much, and how much on average; each currency for itself.

    `total` is what was paid less what was refunded; `average` is per paid order; `count` is of placed orders.
    Amounts are in the currency's main unit. Who bought nothing has a total and a count of 0, and no average.
    """

    kind: Literal["orders"] = "orders"
    measure: Literal["total", "average", "count"]
    test: NumberTest
    currency: Annotated[str, StringConstraints(max_length=3)] = ""
    when: DateTest | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        check_window(self.when)
        if self.measure == "count":
            if self.currency:
                raise ValueError(_("The number of orders has no currency."))
            return self
        if not money.is_currency(self.currency):
            raise ValueError(_("Choose a currency: amounts of different ones are never added."))
        places = money.exponent(self.currency)
        for amount in (self.test.value, self.test.upper):
            if amount is not None and round(amount, places) != amount:
                raise ValueError(_("%(currency)s has %(n)s decimal places.", currency=self.currency, n=places))
        return self


class ScoreCondition(RuleModel):
    """A contact's latest score, from facts `score.changed` with the properties `score` and `value`."""

    kind: Literal["score"] = "score"
    score: Literal["engagement", "lead"]
    test: NumberTest


def check_window(when: DateTest | None) -> None:
    """Refuse a comparison of dates that is no window of time; raises ValueError."""
    if when is not None and (when.type != "moment" or when.op in {DateOp.IS_EMPTY, DateOp.IS_SET}):
        raise ValueError(_("Say when it happened."))


def takes_absence(test: NumberTest, absent: float | None) -> bool:
    """Say whether a test is true of those for whom nothing is stored, which counts as `absent`."""
    if absent is None:
        return test.op in {NumberOp.IS_EMPTY, NumberOp.NOT_EQUALS}
    value, upper = test.value or 0, test.upper or 0
    return {
        NumberOp.EQUALS: absent == value,
        NumberOp.NOT_EQUALS: absent != value,
        NumberOp.GREATER: absent > value,
        NumberOp.AT_LEAST: absent >= value,
        NumberOp.LESS: absent < value,
        NumberOp.AT_MOST: absent <= value,
        NumberOp.BETWEEN: value <= absent <= upper,
        NumberOp.IS_EMPTY: False,
        NumberOp.IS_SET: True,
    }[test.op]
