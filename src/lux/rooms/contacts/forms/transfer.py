"""The forms of import and export: how a file is read, what its columns are, what happens with its rows."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from lux.kit.errors import FieldProblem, InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.contacts import catalogue, values
from lux.rooms.contacts.importing import guess, plan, presets
from lux.rooms.contacts.importing.cells import TAG_LENGTH, read_tags
from lux.rooms.contacts.importing.dialect import CARDS, DELIMITERS, ENCODINGS, WORKBOOK, Dialect
from lux.rooms.contacts.importing.plan import Options
from lux.rooms.contacts.models import CustomField, Lifecycle
from lux.rooms.contacts.values import Unreadable
from lux.ui.parsing import FormModel

MOST_WORDING = 1000  # characters: it is kept with every consent
DELIMITER_NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}


class DialectForm(FormModel):
    """How a file is read, corrected by a person; all empty = as guessed."""

    encoding: str = Field(default="", max_length=16)
    delimiter: str = Field(default="", max_length=16)
    header: Literal["", "yes", "no"] = ""
    sheet: str = Field(default="", max_length=100)
    mapping: str = Field(default="", max_length=64)  # which mapping is offered: of service.mappings


class ImportForm(DialectForm):
    """The mapping page."""

    columns: list[str] = Field(default=[], max_length=2000)
    duplicates: Literal["fill", "overwrite", "skip"] = "fill"
    bad_values: Literal["reject", "leave_out"] = "reject"
    tags: list[str] = Field(default=[], max_length=20)
    source: str = Field(default="", max_length=100)
    lifecycle: Lifecycle = Lifecycle.LEAD
    region: str = Field(default="", max_length=2)
    date_order: Literal["dmy", "mdy"] = "dmy"
    decimal: Literal[".", ","] = "."
    consent: Literal["none", "column", "declared", "moment"] = "none"
    consent_yes: str = Field(default="", max_length=1000)
    consent_no: str = Field(default="", max_length=1000)
    basis: Literal["", "opt_in", "double_opt_in", "contract", "other"] = ""
    wording: str = Field(default="", max_length=MOST_WORDING)
    declared_on: str = Field(default="", max_length=10)
    preset: str = Field(default="", max_length=32)
    save_as: str = Field(default="", max_length=64)


def changed_dialect(dialect: Dialect, form: DialectForm, columns: int) -> Dialect:
    """Return the dialect with the form's corrections; `columns` counts those of the first record read that way."""
    has_header = dialect.has_header if not form.header or dialect.format == CARDS else form.header == "yes"
    if dialect.format == WORKBOOK:
        names = [name for name, _hidden in dialect.sheets]
        if form.sheet and form.sheet not in names:
            raise InvalidInput(field="sheet", message=_("This sheet is not in the workbook."), fix=_("Choose one."))
        return replace(dialect, sheet=form.sheet or dialect.sheet, has_header=has_header, columns=columns)
    return replace(
        dialect,
        encoding=form.encoding or dialect.encoding,
        delimiter=DELIMITER_NAMES.get(form.delimiter, dialect.delimiter),
        has_header=has_header,
        columns=columns,
    )


def check_dialect(form: DialectForm) -> None:
    """Refuse an encoding or delimiter that is not offered."""
    if form.encoding and form.encoding not in ENCODINGS:
        raise InvalidInput(field="encoding", message=_("This encoding is not offered."))
    if form.delimiter and DELIMITER_NAMES.get(form.delimiter) not in DELIMITERS:
        raise InvalidInput(field="delimiter", message=_("This delimiter is not offered."))


def read_options(form: ImportForm, zone: str) -> Options:
    """Return the options; `zone` says which day it is. Raises InvalidInput with every problem at once."""
    problems = [*_consent_problems(form, zone), *_tag_problems(form.tags)]
    region = form.region.upper()
    if region and region not in dict(values.country_choices()):
        problems.append(FieldProblem(field="region", message=_("This country does not exist.")))
    if problems:
        raise InvalidInput(_("Some fields need your attention."), problems=problems)
    has_proof = form.consent != plan.CONSENT_NONE
    return Options(
        duplicates=form.duplicates,
        bad_values=form.bad_values,
        tags=tuple({tag.casefold(): tag for text in form.tags for tag in read_tags(text)}.values()),
        source=values.clean(form.source),
        lifecycle=form.lifecycle.value,
        region=region,
        date_order=form.date_order,
        decimal=form.decimal,
        consent=form.consent,
        consent_yes=_words(form.consent_yes) if form.consent == plan.CONSENT_COLUMN else (),
        consent_no=_words(form.consent_no) if form.consent == plan.CONSENT_COLUMN else (),
        preset=form.preset if form.preset in presets.BY_KEY else "",
        sure_no=presets.BY_KEY[form.preset].no_words if form.preset in presets.BY_KEY else (),
        basis=form.basis if has_proof else "",
        wording=values.clean(form.wording) if has_proof else "",
        declared_on=form.declared_on if form.consent == plan.CONSENT_DECLARED else "",
        zone=zone,
    )


def read_mapping(form: ImportForm, fields: Sequence[CustomField], width: int) -> list[str]:
    """Return one target per column; raises InvalidInput when that makes no contact."""
    known = {value for group in guess.target_choices(fields).values() for value, _label in group}
    targets = list(form.columns)
    if len(targets) != width or not known.issuperset(targets):
        message = _("The columns do not fit the file any more.")
        raise InvalidInput(field="columns", message=message, fix=_("Load the page again and choose once more."))
    twice = {target for target in targets if targets.count(target) > 1} - guess.MANY
    if twice:
        names = ", ".join(sorted(_target_label(target, fields) for target in twice))
        message = _("Two columns are chosen for: %(names)s.", names=names)
        raise InvalidInput(field="columns", message=message, fix=_("Choose one column for each."))
    if not {"email", "phone"} & set(targets):
        message = _("No column holds e-mail addresses or phone numbers.")
        raise InvalidInput(field="columns", message=message, fix=_("Choose one: it tells who is who."))
    if form.consent == plan.CONSENT_COLUMN and guess.CONSENT not in targets:
        message = _("Consent shall come from a column, but no column is chosen for it.")
        raise InvalidInput(field="columns", message=message, fix=_("Choose “Consent to e-mail” for one column."))
    if form.consent == plan.CONSENT_MOMENT and guess.CONSENT_AT not in targets:
        message = _("Consent shall come from a column of times, but no column is chosen for it.")
        fix = _("Choose “Day of the consent” for one column.")
        raise InvalidInput(field="columns", message=message, fix=fix)
    return targets


def _target_label(target: str, fields: Sequence[CustomField]) -> str:
    labels = {value: label for group in guess.target_choices(fields).values() for value, label in group}
    return labels.get(target) or catalogue.label_of(target)


def _consent_problems(form: ImportForm, zone: str) -> list[FieldProblem]:
    found: list[FieldProblem] = []
    if form.consent == plan.CONSENT_NONE:
        return found
    if len(values.clean(form.wording)) < 10:
        words = _("Write down what people agreed to, in at least 10 characters: it is kept as proof.")
        found.append(FieldProblem(field="wording", message=words))
    if not form.basis:
        found.append(FieldProblem(field="basis", message=_("Choose on what basis you may write to them.")))
    if form.consent == plan.CONSENT_COLUMN and not _words(form.consent_yes):
        found.append(
            FieldProblem(field="consent_yes", message=_("Enter the words that mean yes, for example: yes, 1."))
        )
    both = set(_words(form.consent_yes)) & set(_words(form.consent_no))
    if form.consent == plan.CONSENT_COLUMN and both:
        words = _("A word can't mean yes and no: %(words)s.", words=", ".join(sorted(both)))
        found.append(FieldProblem(field="consent_no", message=words))
    if form.consent == plan.CONSENT_DECLARED:
        found.extend(_day_problems(form.declared_on, zone))
    return found


def _day_problems(text: str, zone: str) -> list[FieldProblem]:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return [FieldProblem(field="declared_on", message=_("Enter the day since when they have agreed."))]
    if values.is_future(day, zone):
        return [FieldProblem(field="declared_on", message=_("This day is in the future."))]
    return []


def _tag_problems(tags: Sequence[str]) -> list[FieldProblem]:
    try:
        for text in tags:
            read_tags(text)
    except Unreadable:
        words = _("A tag has at most %(size)s characters.", size=TAG_LENGTH)
        return [FieldProblem(field="tags", message=words)]
    return []


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for part in text.split(",") if (word := values.clean(part).casefold())))
