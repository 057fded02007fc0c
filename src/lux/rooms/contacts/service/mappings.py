"""Mappings that are kept: the last answers for a set of headings are offered again, named ones whenever they fit."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from lux.kit import clock
from lux.kit.errors import InvalidInput, NotFound
from lux.kit.i18n import gettext as _
from lux.rooms.contacts import values
from lux.rooms.contacts.catalogue import heading_key
from lux.rooms.contacts.importing import guess, presets
from lux.rooms.contacts.models import ContactImport, ImportMapping

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.rooms.contacts.forms.transfer import ImportForm
    from lux.rooms.contacts.importing.guess import Column
    from lux.rooms.contacts.importing.presets import Preset

GUESS: Final = "guess"
PRESET: Final = "preset"
MOST: Final = 200  # kept per company
_ANSWERS: Final = (
    "duplicates", "bad_values", "tags", "source", "lifecycle", "region", "date_order", "decimal", "consent",
    "consent_yes", "consent_no", "basis", "wording", "declared_on", "preset",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Offer:
    """How the mapping page is filled in, and from where."""

    targets: Sequence[str]  # one per column
    choice: str = ""  # what of `choices` it is
    choices: Sequence[tuple[str, str]] = ()
    answers: Mapping[str, Any] = field(default_factory=dict)  # fields of the form
    preset: Preset | None = None  # whose rules apply
    effects: Sequence[str] = ()  # what the preset does
    kept: ImportMapping | None = None  # where the answers come from


def offer(
    session: Session, columns: Sequence[Column], known: set[str], file_name: str, choice: str, *, has_header: bool
) -> Offer:
    """Return what the mapping page proposes: what was asked for, else the last answers, a preset, the guess."""
    headings = [column.heading for column in columns]
    found = presets.recognised(headings) if has_header else None
    kept = {str(one.public_id): one for one in _fitting(session, headings)} if has_header else {}
    choices = [(key, one.name or _("As the last time (%(file)s)", file=one.file_name)) for key, one in kept.items()]
    if found is not None:
        choices.append((PRESET, _("Export of %(name)s", name=found.name)))
    choices.append((GUESS, _("Guessed from the headings")))
    last = next((key for key, one in kept.items() if not one.name), None)
    chosen = choice if choice in dict(choices) else last or (PRESET if found else GUESS)
    if chosen in kept:
        made = _from_kept(kept[chosen], columns, known)
    elif chosen == PRESET and found is not None:
        made = _from_preset(found, columns, known, file_name)
    else:
        made = Offer(targets=[column.target for column in columns], answers={"preset": ""})
    return replace(made, choice=chosen, choices=choices)


def remember(
    session: Session, entry: ContactImport, headings: Sequence[str], targets: Sequence[str], form: ImportForm
) -> None:
    """Keep the answers for the next file with these headings, and under a name when one was given."""
    own = headings[guess.report_columns(headings) :]
    answers = {name: value for name, value in form.model_dump(mode="json").items() if name in _ANSWERS}
    columns = dict(zip(_keys(own), targets[len(headings) - len(own) :], strict=True))
    names = ["", name] if (name := values.clean(form.save_as)) else [""]
    for one in names:
        kept = _by_name(session, _header_key(own), one.casefold())
        if kept is None:
            kept = ImportMapping(header_key=_header_key(own), name=one, name_key=one.casefold())
            session.add(kept)
        kept.columns, kept.answers, kept.file_name, kept.used_at = columns, answers, entry.file_name, clock.now()
    session.flush()
    for old in session.scalars(select(ImportMapping).order_by(ImportMapping.used_at.desc()).offset(MOST).limit(MOST)):
        session.delete(old)


def all_kept(session: Session) -> Sequence[ImportMapping]:
    """Return what is kept, the latest first."""
    return session.scalars(select(ImportMapping).order_by(ImportMapping.used_at.desc(), ImportMapping.id)).all()


def by_public_id(session: Session, public_id: uuid.UUID) -> ImportMapping:
    """Return a mapping; raises NotFound."""
    found = session.scalar(select(ImportMapping).where(ImportMapping.public_id == public_id))
    if found is None:
        raise NotFound(_("This mapping does not exist any more."))
    return found


def rename(session: Session, mapping: ImportMapping, name: str) -> None:
    """Give a mapping a name; raises InvalidInput when these headings have one of that name."""
    clean = values.clean(name)[:64]
    if not clean:
        raise InvalidInput(field="name", message=_("Enter a name."))
    twin = _by_name(session, mapping.header_key, clean.casefold())
    if twin is not None and twin.id != mapping.id:
        raise InvalidInput(
            field="name",
            message=_("There is a mapping “%(name)s” for these columns already.", name=twin.name),
            fix=_("Choose another name, or delete that one."),
        )
    mapping.name, mapping.name_key = clean, clean.casefold()
    session.flush()


def delete(session: Session, mapping: ImportMapping) -> None:
    """Forget a mapping; imports that used it stay as they are."""
    session.delete(mapping)
    session.flush()


def _fitting(session: Session, headings: Sequence[str]) -> list[ImportMapping]:
    """Return the mappings for exactly these headings, and named ones whose contact column is among them."""
    own = headings[guess.report_columns(headings) :]
    key, keys = _header_key(own), set(_keys(own))
    found = []
    for one in all_kept(session):
        identity = {heading for heading, target in one.columns.items() if target in {"email", "phone"}}
        if one.header_key == key or (one.name and identity & keys):
            found.append(one)
    return sorted(found, key=lambda one: (one.header_key != key, bool(one.name)))


def _from_kept(kept: ImportMapping, columns: Sequence[Column], known: set[str]) -> Offer:
    headings = [column.heading for column in columns]
    size = guess.report_columns(headings)
    keys = [""] * size + _keys(headings[size:])
    is_same = kept.header_key == _header_key(headings[size:])
    targets = [kept.columns.get(key, "" if is_same else one.target) for key, one in zip(keys, columns, strict=True)]
    preset = presets.BY_KEY.get(str(kept.answers.get("preset", "")))
    effects = preset.effects(frozenset(map(heading_key, headings))) if preset else ()
    return Offer(targets=_once(targets, known), answers=kept.answers, preset=preset, effects=effects, kept=kept)


def _from_preset(preset: Preset, columns: Sequence[Column], known: set[str], file_name: str) -> Offer:
    keys = frozenset(heading_key(column.heading) for column in columns)
    targets = [one.target if (own := preset.target_of(one.heading)) is None else own for one in columns]
    answers = preset.answers(keys, file_name) | {"preset": preset.key}
    return Offer(targets=_once(targets, known), answers=answers, preset=preset, effects=preset.effects(keys))


def _once(targets: Sequence[str], known: set[str]) -> list[str]:
    """Leave out what does not exist any more, and the second column of what only one can be."""
    found: list[str] = []
    for target in targets:
        is_taken = target in found and target not in guess.MANY
        found.append(guess.IGNORE if is_taken or target not in known else target)
    return found


def _keys(headings: Sequence[str]) -> list[str]:
    """Return headings as they are compared; a repeated one carries its number."""
    seen: dict[str, int] = {}
    found = []
    for heading in headings:
        key = heading_key(heading) or heading.strip()
        seen[key] = seen.get(key, 0) + 1
        found.append(key if seen[key] == 1 else f"{key}#{seen[key]}")
    return found


def _header_key(headings: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(sorted(_keys(headings))).encode()).hexdigest()


def _by_name(session: Session, header_key: str, name_key: str) -> ImportMapping | None:
    query = select(ImportMapping).where(ImportMapping.header_key == header_key, ImportMapping.name_key == name_key)
    return session.scalar(query)
