"""What people type at the front door."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, field_validator

from lux.kit import clock, i18n
from lux.kit.errors import LuxError
from lux.kit.i18n import gettext as _
from lux.rooms.signin import choices
from lux.ui.parsing import FormModel

# The real limits of passwords, with words for people, are in lux.identity.passwords; spaces at the ends count.
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024, strip_whitespace=False)]
Email = Annotated[str, StringConstraints(min_length=1, max_length=320)]


def one_line(value: str) -> str:
    """Return a text that has no line breaks or other control signs; raises ValueError in words for people."""
    if any(unicodedata.category(sign) == "Cc" for sign in value):
        raise ValueError(_("This has a line break or another invisible sign in it. Write it on one line."))
    return value


Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(one_line)]


class SignInForm(FormModel):
    """E-mail and password; where to go afterwards."""

    email: Email
    password: Password
    next: str = Field(default="", max_length=2000)


class WelcomeForm(FormModel):
    """The first person and the first company of an installation."""

    name: Name
    email: Email
    password: Password
    company: Name
    timezone: str = Field(max_length=64)
    currency: str = Field(max_length=3)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return known_zone(value)

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, value: str) -> str:
        return known_currency(value)


class ForgotForm(FormModel):
    """The address a reset link is wanted for."""

    email: Email


class NewPasswordForm(FormModel):
    """A new password by reset link."""

    password: Password


class JoinForm(FormModel):
    """What a newly invited person says about themselves."""

    name: Name
    password: Password


class ProfileForm(FormModel):
    """A person's own settings; empty locale and zone mean the company's, an empty region what is usual."""

    name: Name
    locale: str = Field(default="", max_length=16)
    timezone: str = Field(default="", max_length=64)
    formats: str = Field(default="", max_length=16)
    single_keys: bool = True

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return known_zone(value) if value else ""

    @field_validator("locale")
    @classmethod
    def _known_locale(cls, value: str) -> str:
        return known_locale(value) if value else ""

    @field_validator("formats")
    @classmethod
    def _known_region(cls, value: str) -> str:
        if value and value not in i18n.regions(i18n.language_of(value)):
            raise ValueError(_("LUX does not know how people write there. Choose a region from the list."))
        return value


class PasswordForm(FormModel):
    """A change of one's password, with the present one."""

    present: Password
    password: Password


def known_zone(value: str) -> str:
    """Return the zone's name; raises ValueError in words for people."""
    try:
        return clock.zone(value).key
    except LuxError as error:
        raise ValueError(f"{error.message} {error.fix}") from error


def known_currency(value: str) -> str:
    """Return the currency's code; raises ValueError in words for people."""
    if value not in choices.currency_codes():
        raise ValueError(_("This is not a currency in use. Choose one from the list."))
    return value


def known_locale(value: str) -> str:
    """Return the locale's name; raises ValueError in words for people."""
    if value not in i18n.available_locales():
        raise ValueError(_("LUX does not speak this language yet. Choose one from the list."))
    return value
