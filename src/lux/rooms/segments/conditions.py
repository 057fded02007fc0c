"""The conditions a rule is made of, as they are stored: frozen, validated values."""

import uuid
from typing import Annotated, Literal, Self

from pydantic import StringConstraints, model_validator

from lux.kit.i18n import gettext as _
from lux.rooms.segments.behaviour import (
    ActivityCondition,
    FactCondition,
    OrderCondition,
    ScoreCondition,
    check_window,
)
from lux.rooms.segments.operands import DateTest, Name, RuleModel, Test, TextTest
from lux.rooms.segments.subjects import FIELDS, SubjectType


class FieldCondition(RuleModel):
    """What a contact's own field holds."""

    kind: Literal["field"] = "field"
    field: str
    test: Test

    @model_validator(mode="after")
    def _fits(self) -> Self:
        spec = FIELDS.get(self.field)
        if spec is None:
            raise ValueError(_("Contacts have no field “%(name)s”.", name=self.field))
        if self.test.type != spec.type.value:
            raise ValueError(_("This comparison does not fit the field."))
        return self


class CustomCondition(RuleModel):
    """What one of the company's own fields holds."""

    kind: Literal["custom"] = "custom"
    key: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    name: Name = ""
    test: Test

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.test.type == SubjectType.MOMENT.value:
            raise ValueError(_("This comparison does not fit the field."))
        return self


class TagCondition(RuleModel):
    """Whether a contact carries a tag."""

    kind: Literal["tag"] = "tag"
    op: Literal["has", "has_not"]
    tag: uuid.UUID
    name: Name = ""


class ConsentCondition(RuleModel):
    """What a contact last said about a channel, when and through what; `none` = it was never asked."""

    kind: Literal["consent"] = "consent"
    op: Literal["is", "is_not"]
    channel: Literal["email", "sms", "social"] = "email"
    state: Literal["given", "requested", "withdrawn", "none"]
    when: DateTest | None = None
    source: TextTest | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.state == "none" and (self.when or self.source):
            raise ValueError(_("Who was never asked has no time and no source."))
        check_window(self.when)
        return self


class SuppressionCondition(RuleModel):
    """Whether a contact's address is on the list of those never written to."""

    kind: Literal["suppression"] = "suppression"
    op: Literal["is", "is_not"]
    channel: Literal["email", "sms"] = "email"


class SegmentCondition(RuleModel):
    """Whether a contact is in another segment: on its list, or by its rule as it is then."""

    kind: Literal["segment"] = "segment"
    op: Literal["in", "not_in"]
    segment: uuid.UUID
    name: Name = ""


Condition = (
    FieldCondition
    | CustomCondition
    | TagCondition
    | ConsentCondition
    | SuppressionCondition
    | ActivityCondition
    | FactCondition
    | OrderCondition
    | ScoreCondition
    | SegmentCondition
)
