"""What people decide with: the hash they saw, a time, a reason."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints, field_validator

from lux.gate.deciding.policies import DAYS, HOURS, MOST_RECIPIENTS, Rules
from lux.kit.i18n import gettext as _
from lux.ui.parsing import FormModel

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Reason = Annotated[str, StringConstraints(max_length=2000)]


class ApproveForm(FormModel):
    """A yes; `send_at` is wall time in the company's zone, empty = as asked for."""

    shown_hash: Hash
    confirmation: str = ""
    send_at: datetime | None = None

    @field_validator("send_at", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:  # noqa: ANN401 - untrusted
        return value or None

    @field_validator("send_at")
    @classmethod
    def _is_wall_time(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is not None:
            raise ValueError(_("Enter the time without a zone: it is the company's wall time."))
        return value


class RejectForm(FormModel):
    """A no with its reason."""

    shown_hash: Hash
    reason: Annotated[str, StringConstraints(min_length=3, max_length=2000)]


class ReasonForm(FormModel):
    """A reason alone."""

    reason: Reason = ""


class ToggleForm(FormModel):
    """One switch."""

    key: Annotated[str, StringConstraints(max_length=64)]
    is_on: bool
    reason: Reason = ""


class CommentForm(FormModel):
    """What somebody says about an item."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class PolicyForm(FormModel):
    """How the company decides."""

    version: int
    four_eyes: bool
    two_above: Annotated[int, Field(ge=0, le=MOST_RECIPIENTS)] | None = None
    expires_days: Annotated[int, Field(ge=DAYS[0], le=DAYS[1])]
    offer_hours: Annotated[int, Field(ge=HOURS[0], le=HOURS[1])]
    guests_comment: bool = False
    guests_decide: bool = False
    reason: Reason = ""

    @field_validator("two_above", mode="before")
    @classmethod
    def _empty_is_never(cls, value: Any) -> Any:  # noqa: ANN401 - untrusted
        return value or None if value != "0" else 0

    @property
    def rules(self) -> Rules:
        """Return what was chosen."""
        return Rules(
            four_eyes=self.four_eyes,
            two_above=self.two_above,
            expires_days=self.expires_days,
            offer_hours=self.offer_hours,
            guests_comment=self.guests_comment,
            guests_decide=self.guests_decide,
        )


Shown = Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{36}:[0-9a-f]{64}:[0-9]{1,9}$")]


class BatchApproveForm(FormModel):
    """A yes to several: each as it was shown, and the sum of their recipients."""

    chosen: list[Shown] = Field(min_length=1, max_length=50)
    confirmation: str


class BatchRejectForm(FormModel):
    """A no to several, for one reason."""

    chosen: list[Shown] = Field(min_length=1, max_length=50)
    reason: Annotated[str, StringConstraints(min_length=3, max_length=2000)]
