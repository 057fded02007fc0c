"""What people decide with: the hash they saw, a time, a reason."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import StringConstraints, field_validator

from lux.kit.i18n import gettext as _
from lux.ui.forms import FormModel

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
