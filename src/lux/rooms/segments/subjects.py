"""What a rule can ask of a contact's own fields: names, types, columns."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from lux.kit.i18n import gettext as _


class SubjectType(enum.Enum):
    """Decides which comparisons fit."""

    TEXT = "text"  # free text
    CHOICE = "choice"  # one value of a list
    NUMBER = "number"  # decimal
    DATE = "date"  # a day
    MOMENT = "moment"  # a point in time, compared by day
    BOOLEAN = "boolean"  # yes or no


@dataclass(frozen=True, kw_only=True)
class FieldSpec:
    """One field of a contact."""

    name: str  # in rules; also the column
    type: SubjectType
    label: Callable[[], str]  # translated at display time


_SPECS = (
    FieldSpec(name="email", type=SubjectType.TEXT, label=lambda: _("E-mail")),
    FieldSpec(name="phone", type=SubjectType.TEXT, label=lambda: _("Phone")),
    FieldSpec(name="first_name", type=SubjectType.TEXT, label=lambda: _("First name")),
    FieldSpec(name="last_name", type=SubjectType.TEXT, label=lambda: _("Last name")),
    FieldSpec(name="organisation", type=SubjectType.TEXT, label=lambda: _("Organisation")),
    FieldSpec(name="website", type=SubjectType.TEXT, label=lambda: _("Website")),
    FieldSpec(name="street", type=SubjectType.TEXT, label=lambda: _("Street")),
    FieldSpec(name="postal_code", type=SubjectType.TEXT, label=lambda: _("Postal code")),
    FieldSpec(name="city", type=SubjectType.TEXT, label=lambda: _("City")),
    FieldSpec(name="region", type=SubjectType.TEXT, label=lambda: _("Region")),
    FieldSpec(name="country", type=SubjectType.CHOICE, label=lambda: _("Country")),
    FieldSpec(name="timezone", type=SubjectType.TEXT, label=lambda: _("Time zone")),
    FieldSpec(name="language", type=SubjectType.CHOICE, label=lambda: _("Language")),
    FieldSpec(name="lifecycle", type=SubjectType.CHOICE, label=lambda: _("Lifecycle")),
    FieldSpec(name="source", type=SubjectType.TEXT, label=lambda: _("Source")),
    FieldSpec(name="created_at", type=SubjectType.MOMENT, label=lambda: _("Created")),
    FieldSpec(name="last_activity_at", type=SubjectType.MOMENT, label=lambda: _("Last activity")),
)
FIELDS: dict[str, FieldSpec] = {spec.name: spec for spec in _SPECS}
