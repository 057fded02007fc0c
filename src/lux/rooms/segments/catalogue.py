"""Everything a rule of one company can ask for, as the builder offers it and as sentences name it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from babel import Locale, UnknownLocaleError
from sqlalchemy.orm import Session

from lux.kit import i18n
from lux.kit.i18n import gettext as _
from lux.ports.contributions import installed
from lux.rooms.contacts.models import Lifecycle
from lux.rooms.contacts.values import country_choices, lifecycle_label
from lux.rooms.segments import queries
from lux.rooms.segments.operators import OPERATORS, Operator
from lux.rooms.segments.references import CAMPAIGN
from lux.rooms.segments.subjects import FIELDS, SubjectType

Options = Sequence[tuple[str, str]]
LATEST_CAMPAIGNS = 100
COMMON_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pl", "pt")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One subject of the builder's first list."""

    what: str  # field.city | custom.size | tag | consent | suppression | email.opened | segment
    label: str
    group: str
    kind: str  # key of OPERATORS
    options: Options = field(default=())

    @property
    def operators(self) -> tuple[Operator, ...]:
        """Return the comparisons that fit."""
        return OPERATORS[self.kind]

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Return the comparisons as a select shows them."""
        return [(operator.key, operator.label()) for operator in self.operators]


class Catalogue:
    """What can be asked, with everything there is to choose from."""

    def __init__(self, entries: Sequence[Entry], campaigns: Options) -> None:
        self.entries = {entry.what: entry for entry in entries}
        self.campaigns = campaigns

    def get(self, what: str) -> Entry | None:
        """Return a subject, or None when there is none of that name."""
        return self.entries.get(what)

    def grouped(self) -> Mapping[str, Options]:
        """Return the subjects by heading, as a select shows them."""
        found: dict[str, list[tuple[str, str]]] = {}
        for entry in self.entries.values():
            found.setdefault(entry.group, []).append((entry.what, entry.label))
        return found


def load(session: Session, company_id: int) -> Catalogue:
    """Return the company's catalogue."""
    entries = [
        *_fields(session, company_id),
        *_custom(session, company_id),
        *_relations(session, company_id),
        *_activity(),
    ]
    return Catalogue(entries, _campaigns(session, company_id))


def consent_states() -> Options:
    """Return the answers to “what did the address say?”."""
    return (
        ("given", _("given")),
        ("requested", _("asked for, not confirmed")),
        ("withdrawn", _("withdrawn")),
        ("none", _("never asked")),
    )


def _fields(session: Session, company_id: int) -> list[Entry]:
    options: dict[str, Options] = {
        "country": country_choices(),
        "language": _languages(session, company_id),
        "lifecycle": [(stage.value, lifecycle_label(stage)) for stage in Lifecycle],
    }
    return [
        Entry(
            what=f"field.{spec.name}",
            label=spec.label(),
            group=_("Contact"),
            kind=spec.type.value,
            options=options.get(spec.name, ()),
        )
        for spec in FIELDS.values()
    ]


def _custom(session: Session, company_id: int) -> list[Entry]:
    return [
        Entry(
            what=f"custom.{row.key}",
            label=row.label,
            group=_("Own fields"),
            kind=row.type.value,
            options=[(str(choice), str(choice)) for choice in row.choices],
        )
        for row in queries.custom_fields(session, company_id)
    ]


def _relations(session: Session, company_id: int) -> list[Entry]:
    tags = [(str(public_id), name) for public_id, name in queries.tags(session, company_id)]
    lists = [(str(row.public_id), row.name) for row in queries.static_segments(session, company_id)]
    group = _("Tags, lists and consent")
    return [
        Entry(what="tag", label=_("Tag"), group=group, kind="tag", options=tags),
        Entry(what="segment", label=_("Static segment"), group=group, kind="segment", options=lists),
        Entry(what="consent", label=_("Consent to e-mail"), group=group, kind="consent", options=consent_states()),
        Entry(what="suppression", label=_("E-mail is suppressed"), group=group, kind="suppression"),
    ]


def _activity() -> list[Entry]:
    labels = {"sent": _("Was sent"), "opened": _("Opened"), "clicked": _("Clicked in")}
    return [
        Entry(what=f"email.{event}", label=label, group=_("E-mail"), kind="activity") for event, label in labels.items()
    ]


def _campaigns(session: Session, company_id: int) -> Options:
    return [
        (str(subject.public_id), subject.name)
        for resolver in installed().subject_resolvers
        if resolver.subject_type == CAMPAIGN
        for subject in resolver.choices(session, company_id, LATEST_CAMPAIGNS)
    ]


def _languages(session: Session, company_id: int) -> Options:
    codes = sorted({*COMMON_LANGUAGES, *queries.languages(session, company_id)})
    return sorted(((code, _language_name(code)) for code in codes), key=lambda pair: pair[1].casefold())


def _language_name(code: str) -> str:
    shown_in = "en" if i18n.locale() == i18n.PSEUDO_LOCALE else i18n.locale()
    try:
        return Locale.parse(code, sep="-").get_display_name(shown_in) or code
    except (UnknownLocaleError, ValueError):
        return code


MOMENT_KINDS = frozenset({SubjectType.DATE.value, SubjectType.MOMENT.value})
