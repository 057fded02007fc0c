"""Reads the fields of a delivery into a contact as it shall be; every problem is found before any is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from lux.kit.addresses import EmailAddress, parse_email
from lux.kit.errors import FieldProblem, InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.contacts import catalogue, values
from lux.rooms.contacts.importing import cells
from lux.rooms.contacts.incoming.payload import Unusable
from lux.rooms.contacts.models import CustomField
from lux.rooms.contacts.values import Habits, Unreadable

_TEXTS: Final = tuple(name for name in catalogue.STORED if name not in {"country", "language", "timezone", "lifecycle"})
_WORDS: Final = {word: one.name for one in catalogue.FIELDS if one.name != "lifecycle" for word in one.words}
_OWN: Final = {
    "name": "name", "fullname": "name", "tags": "tags", "tag": "tags", "labels": "tags", "consent": "consent",
    "optin": "consent", "marketingconsent": "consent", "consentsource": "consent_source",
    "consenttext": "consent_text", "customfields": "custom_fields", "fields": "custom_fields",
    "custom": "custom_fields",
}  # fmt: skip
_WRAPPERS: Final = frozenset({"contact", "person", "subscriber", "lead", "data"})
_MOST_IGNORED: Final = 50  # names of fields that nobody knows, listed in the answer
_LONGEST: Final = 20_000  # characters of one text


@dataclass(kw_only=True)
class Delivered:
    """What a delivery says about one person; what is empty is not in it."""

    email: EmailAddress
    fields: dict[str, Any] = field(default_factory=dict)  # standard columns
    attrs: dict[str, Any] = field(default_factory=dict)  # custom fields
    tags: tuple[str, ...] = ()
    consent: bool | None = None
    consent_source: str = ""
    consent_text: str = ""
    ignored: tuple[str, ...] = ()  # names that are no fields here

    @property
    def source(self) -> str:
        """Return where the person came from, in the sender's words."""
        return str(self.fields.get("source", ""))


class _Reader:
    def __init__(self, customs: Sequence[CustomField], region: str) -> None:
        self.problems: list[FieldProblem] = []
        self._customs = {key: one for one in customs for key in (one.key, catalogue.heading_key(one.label))}
        self._region = region

    def value(self, name: str, raw: object, reader: Callable[[str], Any]) -> Any:  # noqa: ANN401 - any value
        """Return a read value, None when it is empty or a problem was noted."""
        if isinstance(raw, list) and len(raw) == 1:
            raw = raw[0]
        if isinstance(raw, dict | list):
            self.problem(name, _("This must be one text, not a list or an object."))
            return None
        text = "" if raw is None else ("true" if raw else "false") if isinstance(raw, bool) else str(raw).strip()
        if not text:
            return None
        if len(text) > _LONGEST or not _is_writable(text):
            self.problem(name, _("This text is too long, or has characters in it that can't be read."))
            return None
        try:
            return reader(text)
        except Unreadable as error:
            self.problem(name, str(error))
        except InvalidInput as error:
            self.problems.extend(FieldProblem(field=name, message=p.message, fix=p.fix) for p in error.problems)
        return None

    def problem(self, name: str, message: str, fix: str = "") -> None:
        """Note what is wrong with a field."""
        self.problems.append(FieldProblem(field=name, message=message, fix=fix))

    def tags(self, raw: object) -> tuple[str, ...]:
        """Return the tags of a list, or of a text with commas."""
        parts = raw if isinstance(raw, list) else [raw]
        if any(isinstance(part, dict | list) for part in parts):
            self.problem("tags", _("Tags are a list of texts, or one text with commas."))
            return ()
        return self.value("tags", ",".join(str(part) for part in parts if part is not None), cells.read_tags) or ()

    def customs(self, raw: object) -> tuple[dict[str, Any], list[str]]:
        """Return the values of known custom fields, and the names of unknown ones."""
        found: dict[str, Any] = {}
        unknown: list[str] = []
        if raw in (None, ""):
            return found, unknown
        if not isinstance(raw, Mapping):
            self.problem("custom_fields", _("Custom fields are an object of names and values."))
            return found, unknown
        for name, value in raw.items():
            one = self._customs.get(str(name)) or self._customs.get(catalogue.heading_key(str(name)))
            if one is None:
                unknown.append(f"custom_fields.{name}")
                continue
            read = self.value(
                f"custom_fields.{one.key}",
                value,
                values.field_reader(one.type, one.choices, Habits(region=self._region)),
            )
            if read is not None:
                found[one.key] = read
        return found, unknown

    def standard(self, known: Mapping[str, object]) -> dict[str, Any]:
        """Return the standard columns that are not empty."""
        readers: dict[str, Callable[[str], Any]] = {
            "country": values.read_country, "language": values.read_language, "timezone": values.read_timezone,
            **{name: partial(values.read_text, limit=catalogue.BY_NAME[name].limit) for name in _TEXTS},
        }  # fmt: skip
        found = {name: self.value(name, known[name], reader) for name, reader in readers.items() if name in known}
        for name, text in (self.value("name", known.get("name"), cells.read_full_name) or {}).items():
            if not found.get(name) and not (known.get("first_name")):
                found[name] = text
        region = str(found.get("country") or self._region)
        found["phone"] = self.value("phone", known.get("phone"), lambda text: values.read_phone(text, region))
        return {name: value for name, value in found.items() if value not in (None, "")}


def read(payload: Mapping[str, Any], customs: Sequence[CustomField], region: str) -> Delivered:
    """Return what a delivery says; raises Unusable with every problem at once. `region`: country of bare numbers."""
    known, ignored = _named(payload)
    reader = _Reader(customs, region)
    email = reader.value("email", known.get("email"), parse_email)
    if email is None and not any(one.field == "email" for one in reader.problems):
        reader.problem("email", _("The e-mail address is missing."), _("Map a field to “email”."))
    fields = reader.standard(known)
    attrs, unknown = reader.customs(known.get("custom_fields"))
    tags = reader.tags(known.get("tags"))
    consent = reader.value("consent", known.get("consent"), values.read_yes_no)
    text = partial(values.read_text, limit=2000)
    wording = reader.value("consent_text", known.get("consent_text"), text) or ""
    consent_source = reader.value("consent_source", known.get("consent_source"), partial(values.read_text, limit=100))
    if reader.problems:
        raise Unusable(_("The contact can't be used as it was sent."), problems=reader.problems)
    return Delivered(
        email=email, fields=fields, attrs=attrs, tags=tags, consent=consent, consent_text=wording,
        consent_source=consent_source or "", ignored=tuple((ignored + unknown)[:_MOST_IGNORED]),
    )  # fmt: skip


def _named(payload: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return values under our names, and the names that mean nothing here; what stands first counts."""
    known: dict[str, Any] = {}
    ignored: list[str] = []
    for raw_name, value in payload.items():
        key = catalogue.heading_key(str(raw_name))
        name = _OWN.get(key) or _WORDS.get(key)
        if name is None and key in _WRAPPERS and isinstance(value, Mapping):
            inner, more = _named(value)
            known = {**inner, **known}
            ignored += more
        elif name is None:
            ignored.append(str(raw_name)[:100])
        elif known.get(name) in (None, "", []):
            known[name] = value
    return known, ignored


def _is_writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text
