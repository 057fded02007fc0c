"""Words and choices that several of the room's pages show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from babel import dates
from markupsafe import Markup

from lux.gate.consent import Standing, SuppressionReason
from lux.kit.i18n import gettext as _
from lux.rooms.contacts import labels
from lux.rooms.contacts.models import FieldType, Lifecycle
from lux.rooms.contacts.values import lifecycle_label, present_locale
from lux.ui import filters

import_state = labels.import_state  # templates ask for all words here


def lifecycle_choices() -> list[tuple[str, str]]:
    """Return (value, label) of the lifecycles."""
    return [(stage.value, lifecycle_label(stage)) for stage in Lifecycle]


def consent_choices() -> list[tuple[str, str]]:
    """Return (value, label) of what the list can be filtered by."""
    return [
        ("mailable", _("May be mailed")),
        ("given", _("Consent given")),
        ("requested", _("Consent requested")),
        ("withdrawn", _("Consent withdrawn")),
        ("none", _("Never asked")),
        ("suppressed", _("Blocked")),
    ]


def consent_label(state: str) -> str:
    """Return the word for the state of one address."""
    return {
        "given": _("Given"),
        "requested": _("Requested"),
        "withdrawn": _("Withdrawn"),
        "none": _("Never asked"),
        "suppressed": _("Blocked"),
    }[state]


def basis_choices() -> list[tuple[str, str]]:
    """Return (value, label) of the grounds on which somebody may be written to."""
    return [
        ("opt_in", _("They agreed (opt-in)")),
        ("double_opt_in", _("They agreed and confirmed it (double opt-in)")),
        ("contract", _("Customers, told about similar offers")),
        ("other", _("Another ground, explained below")),
    ]


def basis_label(basis: str) -> str:
    """Return the words for a stored ground."""
    return dict(basis_choices()).get(basis) or (_("Declared") if basis == "declared" else basis)


def suppression_label(reason: SuppressionReason) -> str:
    """Return why an address is blocked."""
    return {
        SuppressionReason.UNSUBSCRIBED: _("unsubscribed"),
        SuppressionReason.BOUNCED: _("the address does not exist"),
        SuppressionReason.COMPLAINED: _("called a mail spam"),
        SuppressionReason.MANUAL: _("entered by hand"),
        SuppressionReason.IMPORTED: _("came with a file"),
    }[reason]


def said_at(moment: dt.datetime) -> Markup | str:
    """Write when something was said; a declared day has no time of day worth showing."""
    if moment.astimezone(dt.UTC).time() == dt.time():
        return str(dates.format_date(moment.astimezone(dt.UTC), format="medium", locale=present_locale()))
    return filters.moment(moment, "short")


def proof_rows(standing: Standing) -> list[tuple[str, object]]:
    """Return (label, value) of what proves a consent; what is not known is left out."""
    proof = standing.proof
    rows: list[tuple[str, object]] = [
        (_("When"), said_at(standing.at) if standing.at else None),
        (_("Ground"), basis_label(standing.basis) if standing.basis else None),
        (_("How"), standing.source),
        (_("Text"), standing.wording),
        (_("Entered by"), proof.get("by")),
        (
            _("File"),
            _("%(file)s, line %(line)s", file=proof["file"], line=proof["line"])
            if "file" in proof and "line" in proof
            else None,
        ),
        (_("The file said"), proof.get("value")),
        (_("Reason"), proof.get("reason") if proof.get("reason") != standing.source else None),
        (_("From address"), proof.get("ip")),
    ]
    return [(label, value) for label, value in rows if value]


def type_choices() -> list[tuple[str, str]]:
    """Return (value, label) of the types of custom fields."""
    return [
        (FieldType.TEXT.value, _("Text")),
        (FieldType.NUMBER.value, _("Number")),
        (FieldType.DATE.value, _("Date")),
        (FieldType.BOOLEAN.value, _("Yes or no")),
        (FieldType.CHOICE.value, _("One of a list")),
    ]


def sheet_choices(sheets: Sequence[tuple[str, bool]]) -> list[tuple[str, str]]:
    """Return (value, label) of a workbook's sheets."""
    return [(name, _("%(name)s (hidden)", name=name) if is_hidden else name) for name, is_hidden in sheets]
