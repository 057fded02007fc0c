"""What people may enter about a campaign: typed, bounded, with the fix beside every refusal."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from lux.kit.addresses import parse_email
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.ui.parsing import FormModel

EVERYONE = "everyone"
SEGMENT = "segment"
MAX_SOURCE = 512_000  # characters, the renderer's own limit


def _nothing(value: object) -> object:
    return None if value == "" else value


Moment = Annotated[datetime | None, BeforeValidator(_nothing)]


class NewCampaignForm(FormModel):
    """A campaign's name and what it starts from."""

    name: str = Field(min_length=1, max_length=200)
    start: str = Field(default="blank", max_length=64)  # "blank" | "starter:<key>" | "template:<public id>"


class CampaignForm(FormModel):
    """All that is said about a campaign; only the name is needed to save a draft."""

    version: int = Field(ge=1)
    name: str = Field(min_length=1, max_length=200)
    subject: str = Field(default="", max_length=300)
    preview_text: str = Field(default="", max_length=300)
    format: Literal["mjml", "html", "text"] = "mjml"
    source: str = Field(default="", max_length=MAX_SOURCE)
    text: str = Field(default="", max_length=MAX_SOURCE)
    sender: str = Field(default="", max_length=36)  # public id, "" = none yet
    reply_to: str = Field(default="", max_length=254)
    audience: str = Field(default="", max_length=64)  # "everyone" | "segment:<public id>" | ""
    track_opens: bool = False
    track_clicks: bool = False
    utm: bool = False
    utm_source: str = Field(default="", max_length=100)  # "" = the default
    utm_medium: str = Field(default="", max_length=100)
    utm_campaign: str = Field(default="", max_length=100)

    @field_validator("subject", "preview_text", "name", "utm_source", "utm_medium", "utm_campaign")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if any(sign in value for sign in "\r\n\0"):
            raise ValueError(_("This must be one line: take the line breaks out."))
        return value

    @field_validator("source", "text")
    @classmethod
    def _same_line_ends(cls, value: str) -> str:
        return value.replace("\r\n", "\n").replace("\0", "")

    @field_validator("reply_to")
    @classmethod
    def _address(cls, value: str) -> str:
        if not value:
            return ""
        try:
            return parse_email(value, field="reply_to").text
        except InvalidInput as error:
            raise ValueError(f"{error.message} {error.fix}") from error

    @field_validator("audience")
    @classmethod
    def _known_source(cls, value: str) -> str:
        source, _sign, key = value.partition(":")
        if value and source not in {EVERYONE, SEGMENT}:
            raise ValueError(_("This audience is not known. Choose one from the list."))
        if source == SEGMENT and not key:
            raise ValueError(_("Choose a segment from the list."))
        return value


class SubmitForm(FormModel):
    """When a campaign may leave once it has its yes."""

    version: int = Field(ge=1)
    when: Literal["approved", "at"] = "approved"
    send_at: Moment = Field(default=None, validate_default=True)  # wall time in the company's zone

    @field_validator("send_at")
    @classmethod
    def _needs_a_time(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        if info.data.get("when") == "at" and value is None:
            raise ValueError(_("Choose the date and time at which it should leave."))
        if value is not None and value.tzinfo is not None:
            raise ValueError(_("Enter the time without a zone: it is the company's wall time."))
        return value


class TestForm(FormModel):
    """Which members get a test copy."""

    __test__ = False  # not a test case, though its name begins like one

    version: int = Field(ge=1)
    members: list[str] = Field(min_length=1, max_length=20)  # public ids


class VersionForm(FormModel):
    """The version that somebody looked at."""

    version: int = Field(ge=1)


class ReasonForm(FormModel):
    """A reason in a few words, where one helps those who look later."""

    reason: str = Field(default="", max_length=500)


class ConfirmForm(FormModel):
    """What cannot be undone is typed."""

    confirmation: str = Field(max_length=200)
    reason: str = Field(default="", max_length=500)


class SettleForm(FormModel):
    """What a person found out about a message whose outcome was unknown."""

    outcome: Literal["sent", "failed"]
