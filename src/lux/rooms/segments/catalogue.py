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
from lux.rooms.segments import parts, queries
from lux.rooms.segments.operators import OPERATORS, Operator
from lux.rooms.segments.references import CAMPAIGN
from lux.rooms.segments.subjects import FIELDS, SubjectType

Options = Sequence[tuple[str, str]]
LATEST_CAMPAIGNS = 100
COMMON_CURRENCIES = ("EUR", "USD", "GBP", "CHF", "PLN", "CZK", "SEK", "DKK", "NOK", "JPY", "CAD", "AUD")
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

    parts = parts  # the choices of the smaller fields, for templates

    def __init__(self, entries: Sequence[Entry], campaigns: Options, currencies: Sequence[str] = ()) -> None:
        self.entries = {entry.what: entry for entry in entries}
        self.campaigns = campaigns
        self.currencies = [(code, code) for code in dict.fromkeys([*currencies, *COMMON_CURRENCIES])]

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
        *_activity(session),
    ]
    return Catalogue(entries, _campaigns(session, company_id), queries.order_currencies(session))


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
    segments = [(str(row.public_id), row.name) for row in queries.segments(session, company_id)]
    group = _("Tags, lists and consent")
    return [
        Entry(what="tag", label=_("Tag"), group=group, kind="tag", options=tags),
        Entry(what="segment", label=_("Segment"), group=group, kind="segment", options=segments),
        Entry(what="consent", label=_("Consent to e-mail"), group=group, kind="consent", options=consent_states()),
        Entry(what="consent.sms", label=_("Consent to SMS"), group=group, kind="consent", options=consent_states()),
        Entry(
            what="consent.social",
            label=_("Consent to messages in social networks"),
            group=group,
            kind="consent",
            options=consent_states(),
        ),
        Entry(what="suppression", label=_("E-mail is suppressed"), group=group, kind="suppression"),
        Entry(what="suppression.sms", label=_("SMS is suppressed"), group=group, kind="suppression"),
        Entry(what="score.engagement", label=_("Engagement score"), group=_("Scores"), kind="number"),
        Entry(what="score.lead", label=_("Lead score"), group=_("Scores"), kind="number"),
    ]


def _activity(session: Session) -> list[Entry]:
    return [
        *_entries("email", "activity", _("E-mail"), _mails()),
        *_entries("orders", "amount", _("Purchases"), _purchases()),
        *_entries("fact", "fact", _("Purchases"), _shop()),
        *_entries("fact", "fact", _("Web, forms and events"), _web()),
        *_entries("fact", "fact", _("Own events"), {kind: kind for kind in queries.own_events(session)}),
    ]


def _entries(area: str, kind: str, group: str, labels: Mapping[str, str]) -> list[Entry]:
    return [Entry(what=f"{area}.{name}", label=label, group=group, kind=kind) for name, label in labels.items()]


def _mails() -> dict[str, str]:
    return {
        "sent": _("Was sent"),
        "delivered": _("Received"),
        "opened": _("Opened"),
        "clicked": _("Clicked in"),
        "replied": _("Answered"),
        "bounced": _("Came back from them"),
        "complained": _("Called spam"),
        "unsubscribed": _("Unsubscribed by"),
    }


def _purchases() -> dict[str, str]:
    return {"total": _("Total spent"), "average": _("Average order value"), "count": _("Number of orders")}


def _shop() -> dict[str, str]:
    return {
        "order.placed": _("Placed an order"),
        "order.paid": _("Paid an order"),
        "order.refunded": _("Got a refund"),
        "order.shipped": _("Order was shipped"),
        "order.delivered": _("Order was delivered"),
        "cart.updated": _("Changed the cart"),
        "cart.abandoned": _("Abandoned the cart"),
        "product.viewed": _("Viewed a product"),
    }


def _web() -> dict[str, str]:
    return {
        "page.viewed": _("Viewed a page"),
        "form.submitted": _("Submitted a form"),
        "landing.converted": _("Converted on a landing page"),
        "site.converted": _("Converted on the website"),
        "link.clicked": _("Clicked a short link"),
        "event.registered": _("Registered for an event"),
        "event.attended": _("Attended an event"),
        "appointment.scheduled": _("Scheduled an appointment"),
        "demo.completed": _("Completed a demo"),
        "trial.started": _("Started a trial"),
        "deal.won": _("Deal was won"),
        "deal.lost": _("Deal was lost"),
        "sms.sent": _("Was sent an SMS"),
        "sms.replied": _("Answered an SMS"),
    }


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
