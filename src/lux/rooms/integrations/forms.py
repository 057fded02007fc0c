"""What people enter about an account: the fields that its connector declares, checked one by one."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import Field, field_validator
from werkzeug.datastructures import MultiDict

from lux.kit.errors import FieldProblem, InvalidInput
from lux.kit.i18n import gettext as _
from lux.ports.connector import ConnectorField, ConnectorSchema
from lux.ui.parsing import FormModel

OWN: Final = frozenset({"csrf_token", "label", "version", "use", "forget"})  # fields that no connector declares
MAX_LENGTH: Final = 4000


class UseForm(FormModel):
    """The account that mail is to leave through; empty = the built-in mailbox."""

    account: uuid.UUID | None = None

    @field_validator("account", mode="before")
    @classmethod
    def _empty(cls, value: object) -> object:
        return value or None


class WebhookForm(FormModel):
    """Where facts go, which ones, and the host once more, typed."""

    name: str = Field(min_length=1, max_length=100)
    target: str = Field(min_length=1, max_length=2048)
    kinds: list[str] = Field(default_factory=list, max_length=100)
    confirmation: str = Field(default="", max_length=253)


class AllowanceForm(FormModel):
    """What the program of a key may subscribe, until when, and why."""

    key_id: uuid.UUID
    hosts: str = Field(min_length=1, max_length=6000)
    kinds: list[str] = Field(default_factory=list, max_length=100)
    most: int
    until: dt.date
    reason: str = Field(min_length=3, max_length=1000)
    confirmation: str = Field(default="", max_length=100)


@dataclass(frozen=True, kw_only=True)
class AccountInput:
    """An account as entered."""

    label: str
    values: Mapping[str, str]
    version: int
    is_wanted: bool  # use it once its test succeeds
    forget: Collection[str]  # secrets to remove


def read_account(schema: ConnectorSchema, data: MultiDict[str, str], *, stored: Collection[str] = ()) -> AccountInput:
    """Check a posted account; raises InvalidInput with one problem per field.

    `stored` names the secrets that are set already: left empty, they are kept.
    """
    known = {field.name for field in schema.fields}
    problems = [_unknown(name) for name in data if name not in known | OWN]
    forget = {name for name in data.getlist("forget") if name in known}
    values = {}
    for field in schema.fields:
        value = data.get(field.name, "")
        values[field.name] = value if field.is_secret else value.strip()
        kept = field.is_secret and field.name in stored and field.name not in forget
        problem = _problem(field, values[field.name], is_kept=kept)
        if problem:
            problems.append(problem)
    label = " ".join(data.get("label", "").split())
    if not label or len(label) > 120:
        problems.append(
            FieldProblem(field="label", message=_("The name is missing or too long."), fix=_("Enter a short name."))
        )
    if problems:
        raise InvalidInput(_("Some fields need your attention."), problems=problems)
    version = data.get("version", "1")
    return AccountInput(
        label=label,
        values=values,
        version=int(version) if version.isdecimal() and len(version) < 10 else 0,
        is_wanted="use" in data,
        forget=forget,
    )


def _problem(field: ConnectorField, value: str, *, is_kept: bool) -> FieldProblem | None:
    if not value:
        if not field.is_required or is_kept:
            return None
        return FieldProblem(field=field.name, message=_("This is missing."), fix=_("Fill it in."))
    if len(value) > MAX_LENGTH or any(ord(sign) < 32 for sign in value):
        return FieldProblem(
            field=field.name, message=_("This is too long, or has line breaks in it."), fix=_("Copy it once more.")
        )
    if field.kind == "number" and not (value.isdecimal() and 0 < int(value) < 65536):
        return FieldProblem(
            field=field.name, message=_("This is not a number from 1 to 65535."), fix=_("Enter digits only.")
        )
    if field.kind == "choice" and value not in {choice for choice, _label in field.choices}:
        return FieldProblem(
            field=field.name, message=_("This choice does not exist."), fix=_("Choose one from the list.")
        )
    return None


def _unknown(name: str) -> FieldProblem:
    return FieldProblem(field=name, message=_("This field is not known here."), fix=_("Remove it."))
