"""What is to happen with a file: the answers of the mapping page, kept as JSON with the import."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from lux.rooms.contacts.models import ContactImport
from lux.rooms.contacts.values import Habits, beginning_of

FILL: Final = "fill"  # update empty fields only
OVERWRITE: Final = "overwrite"  # the file wins
SKIP: Final = "skip"  # known contacts stay as they are
REJECT: Final = "reject"  # a value that can't be read rejects its row
LEAVE_OUT: Final = "leave_out"  # ... only the value is left out, and listed
CONSENT_NONE: Final = "none"
CONSENT_COLUMN: Final = "column"
CONSENT_DECLARED: Final = "declared"
CONSENT_MOMENT: Final = "moment"  # a column holds the time of the yes; none = no yes
YES_WORDS: Final = (
    "yes", "y", "true", "1", "on", "subscribed", "opt-in", "granted", "given", "active", "ja", "oui", "sí",
)  # fmt: skip
NO_WORDS: Final = (
    "no", "n", "false", "0", "off", "unsubscribed", "opt-out", "denied", "withdrawn", "cleaned", "bounced", "nein",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Options:
    """How rows become contacts."""

    duplicates: str = FILL
    bad_values: str = REJECT
    tags: tuple[str, ...] = ()
    source: str = ""
    lifecycle: str = "lead"  # of new contacts without one of their own
    date_order: str = "dmy"
    decimal: str = "."
    region: str = ""
    consent: str = CONSENT_NONE
    consent_yes: tuple[str, ...] = ()
    consent_no: tuple[str, ...] = ()
    preset: str = ""  # of importing.presets
    sure_no: tuple[str, ...] = ()  # words of the consent column that count whatever is answered about consent
    basis: str = ""
    wording: str = ""
    declared_on: str = ""  # ISO day
    zone: str = "UTC"  # of the person who started it: says which days are in the future
    locale: str = "en"  # of the reasons in the report
    user_id: int | None = None
    user_name: str = ""

    @property
    def habits(self) -> Habits:
        """Return how ambiguous values are meant."""
        return Habits(date_order=self.date_order, decimal=self.decimal, region=self.region)

    @property
    def declared_at(self) -> dt.datetime | None:
        """Return the moment that stands for the declared day."""
        return beginning_of(dt.date.fromisoformat(self.declared_on)) if self.declared_on else None

    def as_json(self) -> dict[str, Any]:
        """Return plain values to be stored."""
        return asdict(self) | {name: list(getattr(self, name)) for name in _LISTS}


_LISTS: Final = ("tags", "consent_yes", "consent_no", "sure_no")


def options_of(stored: Mapping[str, Any]) -> Options:
    """Return the options that were stored."""
    known = {name: value for name, value in stored.items() if name in Options.__dataclass_fields__}
    return Options(**(known | {name: tuple(known.get(name, ())) for name in _LISTS}))


def mapping_of(stored: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Return (column number, target) of the columns that are imported, in order."""
    return sorted((int(number), str(target)) for number, target in stored.items() if target)


def mapping_json(targets: Sequence[str]) -> dict[str, Any]:
    """Return the targets of all columns as they are stored: column number → target."""
    return {str(number): target for number, target in enumerate(targets) if target}


def proof(entry: ContactImport, options: Options, *, line: int, value: str | None, ip: str = "") -> dict[str, Any]:
    """Return where a consent comes from, so that it can be shown years later."""
    found: dict[str, Any] = {"file": entry.file_name, "line": line, "import": str(entry.public_id)}
    if ip:
        found["ip"] = ip
    if options.user_name:
        found["by"] = options.user_name
    if value is not None:
        return found | {"value": value}
    return found | ({"declared_on": options.declared_on} if options.declared_on else {})
