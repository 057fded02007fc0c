"""A contact's timeline: facts of the ledger in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from babel import dates

from lux.identity import members
from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.ledger import facts
from lux.rooms.contacts import catalogue
from lux.rooms.contacts.forms.contact import CUSTOM
from lux.rooms.contacts.values import present_locale

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.ledger.models import Fact

SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class Happening:
    """One line of the timeline, as the macro shows it."""

    icon: str
    text: str
    when: str
    iso: str
    detail: str = ""
    kind: str = ""  # ok | warn | bad | act | agent
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class History:
    """One page of the timeline; `next_id` is where the next one begins."""

    items: Sequence[Happening]
    next_id: int | None


def history(session: Session, contact_id: int, zone: str, *, before_id: int | None = None) -> History:
    """Return the latest facts of a contact in words, older than `before_id`."""
    found = facts.timeline(session, contact_id, before_id=before_id, limit=SHOWN + 1)
    shown = found[:SHOWN]
    names = {one.user_id: one.name or one.email for one in members.listing(session)}
    items = [_happening(fact, names, zone) for fact in shown]
    return History(items=items, next_id=shown[-1].id if len(found) > SHOWN else None)


def _happening(fact: Fact, names: Mapping[int, str], zone: str) -> Happening:
    icon, text, kind = _looks(fact)
    return Happening(
        icon=icon,
        text=text,
        kind=kind,
        when=_moment(fact.at, zone),
        iso=fact.at.isoformat(),
        detail=" · ".join(part for part in (_detail(fact.kind, fact.properties), _by(fact, names)) if part),
    )


def _looks(fact: Fact) -> tuple[str, str, str]:
    tag = str(fact.properties.get("tag", ""))
    channel = {"email": _("e-mail"), "sms": _("SMS")}.get(fact.channel, fact.channel)
    table: dict[str, tuple[str, str, str]] = {
        "contact.created": ("user-plus", _("Contact created"), ""),
        "contact.updated": ("edit-3", _("Contact changed"), ""),
        "contact.merged": ("git-merge", _("Merged with another contact"), ""),
        "tag.added": ("tag", _("Tagged “%(tag)s”", tag=tag), ""),
        "tag.removed": ("tag", _("Tag “%(tag)s” removed", tag=tag), ""),
        "consent.requested": ("help-circle", _("Consent to %(channel)s requested", channel=channel), ""),
        "consent.given": ("check-circle", _("Consent to %(channel)s given", channel=channel), "ok"),
        "consent.withdrawn": ("slash", _("Consent to %(channel)s withdrawn", channel=channel), "bad"),
        "segment.entered": ("log-in", _("Entered a segment"), ""),
        "segment.left": ("log-out", _("Left a segment"), ""),
        "email.sent": ("send", _("Mail sent"), ""),
        "email.captured": ("inbox", _("Mail captured by the built-in mailbox"), ""),
        "email.delivered": ("check", _("Mail delivered"), "ok"),
        "email.opened": ("eye", _("Mail opened"), "ok" if fact.human == "yes" else ""),
        "email.clicked": ("mouse-pointer", _("Link clicked"), "ok" if fact.human == "yes" else ""),
        "email.bounced": ("corner-up-left", _("Mail came back"), "bad"),
        "email.complained": ("flag", _("Called a mail spam"), "bad"),
        "email.unsubscribed": ("slash", _("Unsubscribed"), "bad"),
        "email.replied": ("corner-up-left", _("Answered a mail"), "ok"),
        "order.placed": ("shopping-cart", _("Placed an order"), "ok"),
        "order.paid": ("shopping-cart", _("Paid an order"), "ok"),
        "order.shipped": ("truck", _("Order sent out"), ""),
        "order.delivered": ("package", _("Order delivered"), ""),
        "order.refunded": ("rotate-ccw", _("Order refunded"), "bad"),
        "page.viewed": ("globe", _("Viewed a page"), ""),
        "form.submitted": ("edit", _("Submitted a form"), "ok"),
        "site.converted": ("target", _("Converted on the website"), "ok"),
    }
    own = ("zap", fact.kind.removeprefix("custom."), "") if fact.kind.startswith("custom.") else None
    return table.get(fact.kind) or own or ("activity", fact.kind, "")


def _detail(kind: str, properties: Mapping[str, Any]) -> str:
    if kind == "contact.updated":
        change = {"trashed": _("moved to the trash"), "restored": _("taken out of the trash")}
        if "change" in properties:
            return change.get(str(properties["change"]), "")
        names = [catalogue.label_of(str(name).removeprefix(CUSTOM)) for name in properties.get("fields", ())]
        return ", ".join(names)
    if kind == "contact.created" and "line" in properties:
        return _("from a file, line %(line)s", line=properties["line"])
    if kind.startswith("consent."):
        return " · ".join(str(properties[name]) for name in ("source", "wording") if properties.get(name))
    if properties.get("page"):
        where = f"{properties.get('host', '')}{properties['page']}"
        return " · ".join(str(part) for part in (properties.get("form") or properties.get("goal"), where) if part)
    return str(properties.get("subject") or properties.get("url") or properties.get("message") or "")


def _by(fact: Fact, names: Mapping[int, str]) -> str:
    number = fact.actor.removeprefix("person:")
    if fact.actor.startswith("person:") and number.isdigit():
        return _("by %(name)s", name=names.get(int(number)) or _("somebody who has left"))
    return ""


def _moment(at: dt.datetime, zone: str) -> str:
    if at.astimezone(dt.UTC).time() == dt.time():  # a declared day has no time of day worth showing
        return str(dates.format_date(at.astimezone(dt.UTC), format="medium", locale=present_locale()))
    return str(dates.format_datetime(clock.in_zone(at, zone), format="medium", locale=present_locale()))
