"""Untrusted input of site tracking: what people set up, and what a script on any page sends."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.net import web_address
from lux.ports.provider_errors import Invalid
from lux.rooms.site.models import ConsentMode
from lux.ui.parsing import FormModel

LOCAL = ("localhost",)  # names that lead to this machine: for trying things out
MOST_ITEMS = 20  # of one request
_NUMERIC = re.compile(r"[0-9.]+|.*:.*")


class DomainForm(FormModel):
    """A domain of the company's own."""

    host: str = Field(min_length=1, max_length=300)


class SetupForm(FormModel):
    """How visitors are asked and what is done after their yes."""

    consent_mode: ConsentMode
    respects_signals: bool = False
    identifies_clicks: bool = False
    captures_forms: bool = False
    banner_text: str = Field(default="", max_length=500)
    banner_accept: str = Field(default="", max_length=40)
    banner_decline: str = Field(default="", max_length=40)
    privacy_url: str = Field(default="", max_length=300)
    keep_days: int = Field(ge=30, le=760)
    version: int = 0

    @field_validator("privacy_url")
    @classmethod
    def _is_web(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError(_("The address must begin with https://."))
        return value


Text = Annotated[str, StringConstraints(max_length=2000)]
Name = Annotated[str, StringConstraints(max_length=100)]


class Item(BaseModel):
    """One thing that happened on a page."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    t: Literal["view", "event", "form", "conversion", "withdraw"]
    u: Text = ""  # address of the page, without what is not a utm_ parameter
    r: Text = ""  # where the visitor came from
    n: Name = ""  # of the event, form or goal
    p: dict[Name, str | bool | int | float | None] = Field(default_factory=dict, max_length=10)
    f: dict[Name, Text] = Field(default_factory=dict, max_length=20)  # what was typed into a form


class Hit(BaseModel):
    """What the script sends at once."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    v: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{20,64}$")] = ""  # the browser's number
    e: list[dict[str, Any]] = Field(default_factory=list, max_length=MOST_ITEMS)
    i: Annotated[str, StringConstraints(max_length=200)] = ""  # identity, out of a link in a mail
    c: Annotated[str, StringConstraints(max_length=200)] = ""  # a look from the set-up page
    u: Text = ""  # of that look


def read_host(text: str) -> str:
    """Return the host of what somebody typed, an address or a bare name; raises InvalidInput naming `host`."""
    typed = text.strip().lower()
    fix = _("Enter the name as in the address bar, for example www.example.com.")
    try:
        host = web_address.read(typed if "://" in typed else f"https://{typed}", provider="site", field="host").host
    except Invalid as error:
        raise InvalidInput(error.message, field="host", fix=fix) from error
    if is_local(host):
        return host
    if _NUMERIC.fullmatch(host) or "." not in host:
        raise InvalidInput(_("“%(host)s” is not the name of a website.", host=host), field="host", fix=fix)
    return host


def is_local(host: str) -> bool:
    """Say whether a name leads to the visitor's own machine."""
    return host in LOCAL or host.endswith(".localhost")
