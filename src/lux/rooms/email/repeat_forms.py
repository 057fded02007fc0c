"""What people may enter about a campaign that repeats: typed, bounded, with the fix beside every refusal."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from lux.gate.series import frame, rhythm
from lux.kit.i18n import gettext as _
from lux.rooms.email.repeat import Repeat
from lux.ui.parsing import FormModel


class RepeatForm(FormModel):
    """A rhythm, an end, and the caps of one yes."""

    version: int = Field(ge=1)
    every: Literal["day", "week", "month"] = "week"
    weekday: str = Field(default="", max_length=3)
    day: str = Field(default="", max_length=4)  # of the month: 1 to 28, or "last"
    at: dt.time = dt.time(9)
    until: dt.date
    most: int = Field(ge=1, le=frame.MOST)
    most_recipients: int = Field(ge=1, le=frame.MOST_PEOPLE)
    most_messages: int = Field(ge=1, le=frame.MOST_PEOPLE * frame.MOST)
    drift_percent: int = Field(default=frame.DRIFT_PERCENT, ge=1, le=frame.MOST_DRIFT)
    drift_least: int = Field(default=frame.DRIFT_LEAST, ge=0, le=frame.MOST_PEOPLE)

    @field_validator("weekday")
    @classmethod
    def _a_weekday(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("every") == rhythm.WEEK and value not in rhythm.WEEKDAYS:
            raise ValueError(_("Choose a weekday."))
        return value

    @field_validator("day")
    @classmethod
    def _a_day(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("every") == rhythm.MONTH and value not in rhythm.DAYS:
            raise ValueError(_("Choose a day from 1 to 28, or the last one."))
        return value

    @field_validator("at")
    @classmethod
    def _whole_minutes(cls, value: dt.time) -> dt.time:
        if value.tzinfo is not None:
            raise ValueError(_("Enter the time without a zone: it is the company's wall time."))
        return value.replace(second=0, microsecond=0)

    def repeat(self) -> Repeat:
        """Return it as a campaign keeps it; what the chosen rhythm has no use for is left out."""
        return Repeat(
            every=self.every,
            at=self.at,
            weekday=self.weekday if self.every == rhythm.WEEK else "",
            day=self.day if self.every == rhythm.MONTH else "",
            until=self.until,
            most=self.most,
            most_recipients=self.most_recipients,
            most_messages=self.most_messages,
            drift_percent=self.drift_percent,
            drift_least=self.drift_least,
        )
