"""What keeps something from leaving after its yes, told before and with it: stops, and switches that are off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lux.gate import stop, toggles
from lux.gate.reads import ItemState
from lux.kit import clock
from lux.kit.db.session import company_of
from lux.kit.i18n import gettext as _
from lux.ports.acts import ActKind
from lux.rooms.approvals.fields import PREVIEWED

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.reads import ItemView

_OPEN = frozenset({ItemState.PENDING, ItemState.APPROVED, ItemState.SCHEDULED})


@dataclass(frozen=True, kw_only=True)
class Hold:
    """One thing that holds an item back, and the page where it is ended."""

    title: str
    text: str
    url: str
    url_label: str


def holds(session: Session, item: ItemView) -> Sequence[Hold]:
    """Return what holds an item back that waits for its yes or has it."""
    return over(session, [item])


def over(session: Session, items: Sequence[ItemView]) -> Sequence[Hold]:
    """Return what holds several items back, each thing once; a stop that holds only some of them names these."""
    going = [item for item in items if item.state in _OPEN]
    ways = {(item.kind, item.channel, item.state, item.send_at is None): item for item in going}
    switches = {(one.title, one.text): one for item in ways.values() for one in _switches(session, item)}
    return [*_stops(session, going), *switches.values()]


def later(session: Session, item: ItemView) -> Hold | None:
    """Return why a yes for a later time would be refused, None when it would not."""
    answer = toggles.allow(session, company_of(session), toggles.SCHEDULED)
    if answer:
        return None
    asks = item.kind == ActKind.SERIES.value or (item.send_at is not None and item.send_at > clock.now())
    text = _("At once you can say yes; a yes for a later time is refused until it is on.")
    if asks:
        text = _("This goes at a later time: nobody can say yes to it until it is on.")
    return Hold(title=answer.why, text=text, url=answer.url, url_label=_("Open the switch"))


def _stops(session: Session, items: Sequence[ItemView]) -> list[Hold]:
    """Return the stops over any of the items; what a wider one holds is not told again under a narrower one."""
    found, free = [], list(items)
    for one in stop.active(session, company_of(session)) if items else ():
        under = [item for item in free if _is_under(one, item)]
        free = [item for item in free if item not in under]
        if under:
            found.append(_hold(one, under, is_all=len(under) == len(items)))
    return found


def _is_under(one: stop.StopView, item: ItemView) -> bool:
    agents = stop.scopes.agents_of(item.author_type, item.author_name)
    return stop.is_over(one, channel=item.channel, subject=item.subject, agents=agents)


def _hold(one: stop.StopView, under: Sequence[ItemView], *, is_all: bool) -> Hold:
    is_open = any(item.state is ItemState.PENDING for item in under)
    text = _("A yes is recorded now, but nothing leaves until the stop ends.")
    if not is_open:
        text = _("It has its yes, and nothing leaves until the stop ends.")
    if not is_all:
        held = ", ".join(f"“{item.title}”" for item in under)
        text = f"{text} {_('Of these it holds: %(titles)s.', titles=held)}"
    title = _("An emergency stop is active") if one.is_whole else _("Stopped: %(what)s", what=one.name)
    return Hold(title=title, text=text, url="/approvals/stop", url_label=_("Open the stop"))


def _switches(session: Session, item: ItemView) -> Sequence[Hold]:
    """Return the switches that are off under an item; nothing sends some kinds yet, and their pages say so."""
    if item.kind not in PREVIEWED:
        return ()
    is_open = item.state is ItemState.PENDING
    said = _("It has its yes, and nothing leaves until it is on and somebody resumes.")
    answers = [toggles.allow(session, company_of(session), toggles.channel_key(item.channel))]
    texts = [_("A yes is recorded now, but nothing leaves until it is on and somebody resumes.") if is_open else said]
    if item.send_at is not None:
        answers.append(toggles.allow(session, company_of(session), toggles.SCHEDULED))
        asks = _("It asks for a time, and for a time nobody can say yes until it is on.")
        texts.append(asks if is_open else said)
    return [
        Hold(title=answer.why, text=text, url=answer.url, url_label=_("Open the switch"))
        for answer, text in zip(answers, texts, strict=True)
        if not answer
    ]
