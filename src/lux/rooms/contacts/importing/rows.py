"""Turns records into candidates: each cell read by its column, each problem with its field and its reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from lux.gate.consent import SuppressionReason
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.contacts import catalogue, values
from lux.rooms.contacts.importing import guess, standing
from lux.rooms.contacts.importing.cells import (
    REMEMBERED,
    attributes_reader,
    read_address,
    read_full_name,
    read_past,
    read_tags,
)
from lux.rooms.contacts.importing.plan import CONSENT_COLUMN, LEAVE_OUT, Options
from lux.rooms.contacts.importing.records import Record
from lux.rooms.contacts.models import CustomField
from lux.rooms.contacts.spreadsheet import restored
from lux.rooms.contacts.values import Unreadable

Reader = Callable[[str], Any]
_STANDING: Final = frozenset({guess.CONSENT, guess.CONSENT_AT, guess.CONSENT_IP, guess.UNSUBSCRIBED, guess.BOUNCED})
_SAYS_NO: Final = frozenset({"email", guess.CONSENT, guess.UNSUBSCRIBED, guess.BOUNCED})


class No(NamedTuple):
    """An address that a row forbids to write to."""

    line: int
    email_key: str
    reason: SuppressionReason


class Rejection(NamedTuple):
    """A row for the report."""

    line: int
    kind: str  # rejected | duplicate | gap
    field: str
    reason: str
    cells: list[str]
    no: No | None = None  # the row is refused, what it says against mail is not


@dataclass(slots=True)
class Candidate:
    """One row that can be imported."""

    line: int
    cells: list[str]
    email: str | None = None
    email_key: str | None = None
    phone: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)  # standard fields that are not empty
    attrs: dict[str, Any] = field(default_factory=dict)  # custom fields that are not empty
    tags: list[str] = field(default_factory=list)
    consent: bool | None = None
    consent_value: str | None = None  # the cell that said so
    consent_at: dt.datetime | None = None
    consent_ip: str = ""
    blocked: SuppressionReason | None = None  # a column says that nobody must write there
    gaps: list[tuple[str, str]] = field(default_factory=list)  # (field, reason) of values left out

    @property
    def identity(self) -> tuple[str, str]:
        """Return what makes it one person: the address, else the number."""
        return ("email", self.email_key) if self.email_key else ("phone", self.phone or "")

    @property
    def no(self) -> No | None:
        """Return what the row says against mail."""
        if self.email_key is None or (self.blocked is None and self.consent is not False):
            return None
        return No(self.line, self.email_key, self.blocked or SuppressionReason.IMPORTED)


class RowReader:
    """Reads the records of one file by its mapping and options."""

    def __init__(
        self, mapping: Sequence[tuple[int, str]], options: Options, fields: Mapping[str, CustomField], width: int
    ) -> None:
        """Prepare one reader per column; columns whose custom field is gone are left out."""
        self._options = options
        self._width = width
        self._columns: list[tuple[int, str, Reader]] = []
        # the country comes first: it says how the row's phone number is to be read
        for number, target in sorted(mapping, key=lambda pair: (pair[1] != "country", pair[0])):
            reader = self._reader(target, fields)
            if reader is not None:
                self._columns.append((number, target, reader))
        self._has_no = not _SAYS_NO.isdisjoint(target for _n, target, _r in self._columns if target != "email")
        self._labels = {guess.FIELD + key: custom.label for key, custom in fields.items()}
        self._yes = frozenset(word.casefold() for word in options.consent_yes)
        is_column = options.consent == CONSENT_COLUMN
        self._no = frozenset(word.casefold() for word in (options.consent_no if is_column else ()) + options.sure_no)

    def read(self, record: Record) -> Candidate | Rejection | None:
        """Return a candidate, a rejection, or None for a row of empty cells."""
        cells = record.cells
        if record.problem:
            return self._reject(record, "", record.problem)
        if not any(cell.strip() for cell in cells):
            return None
        if len(cells) != self._width and (len(cells) < self._width or any(cells[self._width :])):
            reason = _(
                "This row has %(found)s cells, the file has %(expected)s columns.",
                found=len(cells),
                expected=self._width,
            )
            return self._reject(record, "", reason)
        found = Candidate(record.line, cells[: self._width])
        if record.note:
            found.gaps.append(("", record.note))
        for number, target, reader in self._columns:
            text = restored(cells[number]).strip()
            if not text:
                continue
            try:
                self._put(found, target, text, reader)
            except (Unreadable, InvalidInput) as error:
                if target == "email" or self._options.bad_values != LEAVE_OUT:
                    return self._reject(record, self._label(target), str(error))
                found.gaps.append((self._label(target), str(error)))
        if not found.email_key and not found.phone:
            return self._reject(
                record, catalogue.label_of("email"), _("There is no e-mail address and no phone number.")
            )
        return found

    def _label(self, target: str) -> str:
        return self._labels.get(target) or field_label(target)

    def _reject(self, record: Record, where: str, reason: str) -> Rejection:
        return Rejection(record.line, "rejected", where, reason, record.cells, self._no_of(record))

    def _no_of(self, record: Record) -> No | None:
        """Return what a refused row says against mail: a bad number does not make a no void."""
        found = Candidate(record.line, [])
        for number, target, reader in self._columns if self._has_no else ():
            text = restored(record.cells[number]).strip() if number < len(record.cells) else ""
            if text and target in _SAYS_NO:
                try:
                    self._put(found, target, text, reader)
                except (Unreadable, InvalidInput):
                    continue
        return found.no

    def _put(self, found: Candidate, target: str, text: str, reader: Reader) -> None:
        if target == "email":
            address = read_address(text)
            found.email, found.email_key = address.text, address.key
        elif target == "phone":
            found.phone = values.read_phone(text, found.fields.get("country") or self._options.region)
        elif target.startswith(guess.FIELD):
            found.attrs[target.removeprefix(guess.FIELD)] = reader(text)
        elif target == guess.TAGS:
            found.tags.extend(reader(text))
        elif target == guess.FULL_NAME:
            for name, value in reader(text).items():
                found.fields.setdefault(name, value)
        elif target in _STANDING:
            self._put_standing(found, target, text, reader)
        elif target == guess.ATTRIBUTES:
            found.attrs |= reader(text)
        else:
            found.fields[target] = reader(text)

    def _put_standing(self, found: Candidate, target: str, text: str, reader: Reader) -> None:
        if target == guess.CONSENT:
            found.consent, found.consent_value = self._consent(text), text[:200]
        elif target == guess.CONSENT_AT:
            found.consent_at = reader(text)
        elif target == guess.CONSENT_IP:
            found.consent_ip = reader(text)[:64]
        else:
            found.blocked = reader(text) or found.blocked

    def _consent(self, text: str) -> bool | None:
        bare = values.clean(text).casefold()
        if bare in self._no:
            return False
        return True if self._options.consent == CONSENT_COLUMN and bare in self._yes else None

    def _reader(self, target: str, fields: Mapping[str, CustomField]) -> Reader | None:
        habits = self._options.habits
        if target.startswith(guess.FIELD):
            custom = fields.get(target.removeprefix(guess.FIELD))
            return values.field_reader(custom.type, custom.choices, habits) if custom else None
        special: dict[str, Reader] = {
            "country": lru_cache(REMEMBERED)(values.read_country),
            "language": lru_cache(REMEMBERED)(values.read_language),
            "timezone": lru_cache(REMEMBERED)(values.read_timezone),
            "lifecycle": lru_cache(REMEMBERED)(values.read_lifecycle),
            guess.TAGS: lru_cache(REMEMBERED)(read_tags),
            guess.FULL_NAME: read_full_name,
            guess.CONSENT_AT: lambda text: read_past(text, habits, self._options.zone),
            guess.UNSUBSCRIBED: standing.unsubscribed,
            guess.BOUNCED: standing.bounced,
            guess.ATTRIBUTES: attributes_reader(fields, habits),
        }
        if target in special:
            return special[target]
        limit = catalogue.BY_NAME[target].limit if target in catalogue.BY_NAME else values.MAX_TEXT
        return lambda text: values.read_text(text, limit)


def field_label(target: str) -> str:
    """Return the words under which a problem is listed."""
    own = {
        guess.FULL_NAME: _("Full name"),
        guess.TAGS: _("Tags"),
        guess.CONSENT: _("Consent"),
        guess.CONSENT_AT: _("Day of the consent"),
        guess.CONSENT_IP: _("IP address of the consent"),
        guess.UNSUBSCRIBED: _("Unsubscribed"),
        guess.BOUNCED: _("Bounced"),
        guess.ATTRIBUTES: _("Fields as JSON"),
    }
    return own.get(target) or catalogue.label_of(target.removeprefix(guess.FIELD))
