"""What people enter about their company, its brand, its members and its senders."""

import datetime as dt
import re
import uuid
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, StringConstraints, field_validator

from lux.identity.access import Role
from lux.identity.api_keys import Scope
from lux.kit.i18n import gettext as _
from lux.rooms.signin.forms import Email, Name, known_currency, known_locale, known_zone
from lux.ui.parsing import FormModel

FONTS = (
    "Arial, Helvetica, sans-serif",
    "Georgia, 'Times New Roman', serif",
    "'Trebuchet MS', Helvetica, sans-serif",
    "Verdana, Geneva, sans-serif",
    "'Courier New', Courier, monospace",
)  # in every mail program; others fall back anyway
MAX_WORDS = 500
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")

Color = Annotated[str, StringConstraints(max_length=7)]


class GeneralForm(FormModel):
    """Details of a company."""

    name: Name
    website: str = Field(default="", max_length=290)
    postal_address: str = Field(default="", max_length=1000)
    timezone: str = Field(max_length=64)
    locale: str = Field(max_length=16)
    currency: str = Field(max_length=3)
    public_url: str = Field(default="", max_length=290)
    unsend_seconds: int = Field(default=60, ge=0, le=300)
    utm: bool = False  # of new campaigns
    utm_source: str = Field(default="", max_length=100)  # "" = the short name
    utm_medium: str = Field(default="", max_length=100)
    version: int = Field(ge=1)

    _zone = field_validator("timezone")(known_zone)
    _currency = field_validator("currency")(known_currency)
    _locale = field_validator("locale")(known_locale)

    @field_validator("website", "public_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        return web_address(value)

    @field_validator("postal_address")
    @classmethod
    def _lines(cls, value: str) -> str:
        return "\n".join(line.strip() for line in value.splitlines() if line.strip())


class BrandForm(FormModel):
    """What a company's mails look and sound like."""

    primary_color: Color = "#7C3AED"
    accent_color: Color = "#0E7490"
    background_color: Color = "#FFFFFF"
    text_color: Color = "#1F2937"
    heading_font: str = FONTS[0]
    body_font: str = FONTS[0]
    voice: str = Field(default="", max_length=2000)
    banned_words: list[str] = Field(default_factory=list, max_length=MAX_WORDS)
    link_domains: list[str] = Field(default_factory=list, max_length=MAX_WORDS)
    version: int = Field(ge=1)

    @field_validator("primary_color", "accent_color", "background_color", "text_color")
    @classmethod
    def _is_color(cls, value: str) -> str:
        if not _COLOR.fullmatch(value):
            raise ValueError(_("This is not a colour. Write it like #7C3AED."))
        return value.upper()

    @field_validator("heading_font", "body_font")
    @classmethod
    def _is_font(cls, value: str) -> str:
        if value not in FONTS:
            raise ValueError(_("This font does not exist in mail programs. Choose one from the list."))
        return value

    @field_validator("banned_words", "link_domains", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Read one entry per line."""
        parts = value if isinstance(value, list) else [value]
        lines = [line.strip() for part in parts for line in str(part).splitlines()]
        return list(dict.fromkeys(line for line in lines if line))

    @field_validator("link_domains")
    @classmethod
    def _are_domains(cls, value: list[str]) -> list[str]:
        return [known_host(line) for line in value]


class InviteForm(FormModel):
    """Somebody to invite."""

    email: Email
    role: Role


class RoleForm(FormModel):
    """A member's new role."""

    role: Role


class SenderForm(FormModel):
    """A name and address to write as."""

    name: Name
    email: Email
    reply_to: str = Field(default="", max_length=320)


class CodeForm(FormModel):
    """The code that was mailed to a sender's address."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=20)]


class DomainForm(FormModel):
    """A domain to send from."""

    domain: Annotated[str, StringConstraints(min_length=1, max_length=260)]


class NewCompanyForm(FormModel):
    """Another company."""

    company: Name
    timezone: str = Field(max_length=64)
    currency: str = Field(max_length=3)

    _zone = field_validator("timezone")(known_zone)
    _currency = field_validator("currency")(known_currency)


class ArchiveForm(FormModel):
    """A company from a file: what it is called here, where that is another name."""

    name: str = Field(default="", max_length=200)
    slug: str = Field(default="", max_length=48)


class SwitchForm(FormModel):
    """The company to look at."""

    company: uuid.UUID


class ConfirmationForm(FormModel):
    """What was typed to confirm."""

    confirmation: str = Field(default="", max_length=300)


def web_address(value: str) -> str:
    """Return an address with https:// in front, or empty; raises ValueError in words for people."""
    if not value:
        return ""
    text = value if "://" in value else f"https://{value}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError(_("This is not a web address. Write it like https://example.com.")) from error
    is_local = host in {"localhost", "127.0.0.1"} or port is not None
    if parts.scheme not in {"http", "https"} or parts.username or not (is_local or _HOST.fullmatch(host.lower())):
        raise ValueError(_("This is not a web address. Write it like https://example.com."))
    return text.rstrip("/")


def known_host(value: str) -> str:
    """Return a domain in lower case; raises ValueError in words for people."""
    host = value.lower().removeprefix("https://").removeprefix("http://").split("/", 1)[0]
    try:
        plain = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        plain = ""
    if not _HOST.fullmatch(plain):
        raise ValueError(_("“%(name)s” is not a domain. Write it like example.com, one per line.", name=value[:80]))
    return plain


class ApiKeyForm(FormModel):
    """A new API key."""

    name: str = Field(default="", max_length=200)
    scopes: list[str] = Field(default=[], max_length=len(Scope))
    expires_at: Annotated[dt.date | None, BeforeValidator(lambda text: text or None)] = None  # noon, in one's own zone

    @field_validator("scopes")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        known = {scope.value for scope in Scope}
        if not known.issuperset(value):
            raise ValueError(_("This choice does not exist. Choose from the list."))
        return value

    @property
    def chosen(self) -> list[Scope]:
        """Return the scopes."""
        return [Scope(value) for value in self.scopes]
