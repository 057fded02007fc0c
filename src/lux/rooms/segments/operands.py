"""What values are compared with, as rules store it: operators and their operands, frozen and validated."""

import datetime as dt
import enum
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    StringConstraints,
    model_validator,
)

from lux.kit.i18n import gettext as _

MAX_DAYS = 3650
MAX_CHOICES = 100


def _printable(value: str) -> str:
    if "\x00" in value:  # PostgreSQL can't hold it
        raise ValueError(_("This contains a character that can't be used."))
    return value


Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_printable)]
Name = Annotated[str, StringConstraints(max_length=200)]  # as it was called when the rule was saved
Day = Annotated[dt.date, Field(ge=dt.date(1900, 1, 1), le=dt.date(2199, 12, 31))]
Days = Annotated[int, Field(ge=0, le=MAX_DAYS)]
Unit = Literal["days", "weeks", "months"]


class RuleModel(BaseModel):
    """Base of everything in a rule: frozen, and nothing unknown gets in."""

    # Python's own patterns: the other engine turns a \w that may come 64 times into six megabytes.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, regex_engine="python-re")


class TextOp(enum.StrEnum):
    """How text is compared; letter case never counts."""

    IS = "is"
    IS_NOT = "is_not"  # also true of an empty field
    CONTAINS = "contains"
    DOES_NOT_CONTAIN = "does_not_contain"  # also true of an empty field
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    IS_EMPTY = "is_empty"
    IS_SET = "is_set"


class ChoiceOp(enum.StrEnum):
    """How a value from a list is compared."""

    IS_ANY_OF = "is_any_of"
    IS_NONE_OF = "is_none_of"  # also true of an empty field
    IS_EMPTY = "is_empty"
    IS_SET = "is_set"


class NumberOp(enum.StrEnum):
    """How numbers are compared."""

    EQUALS = "equals"
    NOT_EQUALS = "not_equals"  # also true of an empty field
    GREATER = "greater"
    AT_LEAST = "at_least"
    LESS = "less"
    AT_MOST = "at_most"
    BETWEEN = "between"  # both ends included
    IS_EMPTY = "is_empty"
    IS_SET = "is_set"


class DateOp(enum.StrEnum):
    """How days and moments are compared: in whole days of the company's zone."""

    ON = "on"
    BEFORE = "before"
    AFTER = "after"
    BETWEEN = "between"  # both days included
    IN_LAST = "in_last"  # today and the N days, weeks or months before it
    IN_NEXT = "in_next"  # today and the N days, weeks or months after it
    MORE_THAN_AGO = "more_than_ago"  # before the day N units ago
    MORE_THAN_AHEAD = "more_than_ahead"  # after the day N units from now
    ANNIVERSARY = "anniversary"  # its day and month come today or in the next N days
    IS_EMPTY = "is_empty"
    IS_SET = "is_set"


RELATIVE = frozenset({DateOp.IN_LAST, DateOp.IN_NEXT, DateOp.MORE_THAN_AGO, DateOp.MORE_THAN_AHEAD, DateOp.ANNIVERSARY})


class BooleanOp(enum.StrEnum):
    """How yes or no is compared; an empty field is neither."""

    IS_TRUE = "is_true"
    IS_FALSE = "is_false"
    IS_EMPTY = "is_empty"
    IS_SET = "is_set"


class TextTest(RuleModel):
    """A comparison of text."""

    type: Literal["text"] = "text"
    op: TextOp
    value: Text = ""

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        needs = self.op not in {TextOp.IS_EMPTY, TextOp.IS_SET}
        require(bool(self.value), needs, _("Enter the text to compare with."))
        return self


class ChoiceTest(RuleModel):
    """A comparison with values of a list."""

    type: Literal["choice"] = "choice"
    op: ChoiceOp
    values: tuple[Text, ...] = Field(default=(), max_length=MAX_CHOICES)

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        needs = self.op in {ChoiceOp.IS_ANY_OF, ChoiceOp.IS_NONE_OF}
        require(bool(self.values) and all(self.values), needs, _("Choose at least one value."))
        return self


class NumberTest(RuleModel):
    """A comparison of numbers."""

    type: Literal["number"] = "number"
    op: NumberOp
    value: FiniteFloat | None = None
    upper: FiniteFloat | None = None  # the other end of `between`

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        needs = self.op not in {NumberOp.IS_EMPTY, NumberOp.IS_SET}
        require(self.value is not None, needs, _("Enter the number to compare with."))
        between = self.op is NumberOp.BETWEEN
        require(self.upper is not None, between, _("Enter both ends of the range."))
        if self.value is not None and self.upper is not None and self.value > self.upper:
            raise ValueError(_("The range ends before it begins: exchange the two numbers."))
        return self


class DateTest(RuleModel):
    """A comparison of days (`date`) or of moments (`moment`)."""

    type: Literal["date", "moment"]
    op: DateOp
    day: Day | None = None
    until: Day | None = None  # the other end of `between`
    days: Days | None = None  # how many of `unit`
    unit: Unit = "days"

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        by_day = self.op in {DateOp.ON, DateOp.BEFORE, DateOp.AFTER, DateOp.BETWEEN}
        require(self.day is not None, by_day, _("Enter a date like 2026-11-23."))
        between = self.op is DateOp.BETWEEN
        require(self.until is not None, between, _("Enter both dates."))
        require(self.days is not None, self.op in RELATIVE, _("Enter how many."))
        if self.unit != "days" and self.op not in RELATIVE:
            raise ValueError(_("This comparison takes no value."))
        if self.op is DateOp.ANNIVERSARY and (self.type != "date" or self.unit != "days"):
            raise ValueError(_("Only days that come back each year can be asked for that, in days."))
        if self.day is not None and self.until is not None and self.day > self.until:
            raise ValueError(_("The range ends before it begins: exchange the two dates."))
        return self


class BooleanTest(RuleModel):
    """A comparison of yes and no."""

    type: Literal["boolean"] = "boolean"
    op: BooleanOp


Test = Annotated[TextTest | ChoiceTest | NumberTest | DateTest | BooleanTest, Field(discriminator="type")]


def require(is_there: bool, is_needed: bool, otherwise: str) -> None:  # noqa: FBT001 - two facts, named at each call
    """Refuse a value that is missing or not taken."""
    if is_needed and not is_there:
        raise ValueError(otherwise)
    if is_there and not is_needed:
        raise ValueError(_("This comparison takes no value."))
