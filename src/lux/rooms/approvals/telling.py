"""What happened to an item and how deciding goes, in words for the pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from babel import dates
from markupsafe import Markup

from lux.gate.deciding import figures
from lux.gate.deciding import history as happenings
from lux.gate.deciding.history import Happened
from lux.kit.i18n import babel_locale
from lux.kit.i18n import gettext as _

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.deciding.history import Event
    from lux.gate.reads import ItemView

_LOOKS = {
    Happened.SUBMITTED: ("send", "act"),
    Happened.REVISED: ("edit-2", "act"),
    Happened.RETURNED: ("corner-up-left", "warn"),
    Happened.YES: ("check", "ok"),
    Happened.SOLO: ("check", "warn"),
    Happened.NO: ("x", "bad"),
    Happened.COMMENTED: ("message-square", None),
    Happened.CANCELLED: ("slash", "warn"),
    Happened.EXPIRED: ("clock", "warn"),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing that happened, as the timeline shows it."""

    icon: str
    kind: str | None
    text: str
    detail: str
    at: datetime


def history(session: Session, item: ItemView) -> list[Line]:
    """Return everything that happened to an item, the newest first."""
    lines = [_line(event) for event in happenings.of_item(session, item)]
    return lines[::-1]


def figures_of(session: Session, days: int) -> figures.Figures:
    """Return how deciding goes over the last days; a span that isn't offered is the first that is."""
    return figures.over(session, days if days in figures.SPANS else figures.SPANS[0])


def span(seconds: int | None) -> Markup | None:
    """Write a length of time in words, with the exact one for machines; None stays unknown."""
    if seconds is None:
        return None
    said = dates.format_timedelta(seconds, locale=babel_locale())
    return Markup('<time datetime="PT{}S">{}</time>').format(seconds, said)


def _line(event: Event) -> Line:
    icon, kind = _LOOKS[event.what]
    if event.who_type == "agent" and event.what in {Happened.SUBMITTED, Happened.REVISED}:
        kind = "agent"
    return Line(icon=icon, kind=kind, text=_text(event), detail=event.text, at=event.at)


def _text(event: Event) -> str:
    who = event.who or (_("LUX") if event.who_type == "system" else _("Somebody"))
    who = _("%(name)s (guest)", name=who) if event.who_type == "guest" else who
    n = event.version
    words = {
        Happened.SUBMITTED: _("%(who)s submitted version %(n)s", who=who, n=n),
        Happened.REVISED: _("%(who)s changed it: version %(n)s", who=who, n=n),
        Happened.RETURNED: _("LUX asks for a new yes: version %(n)s", n=n),
        Happened.YES: _("%(who)s said yes to version %(n)s", who=who, n=n),
        Happened.SOLO: _("%(who)s said yes to their own work (solo), version %(n)s", who=who, n=n),
        Happened.NO: _("%(who)s said no to version %(n)s", who=who, n=n),
        Happened.COMMENTED: _("%(who)s about version %(n)s", who=who, n=n),
        Happened.CANCELLED: _("Taken back"),
        Happened.EXPIRED: _("Expired: nobody decided in time"),
    }
    counted = event.what in {Happened.YES, Happened.SOLO} and event.needed > 1
    said = words[event.what]
    return _("%(said)s (%(i)s of %(all)s)", said=said, i=event.number, all=event.needed) if counted else said
