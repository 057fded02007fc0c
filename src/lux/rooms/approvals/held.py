"""What keeps something from leaving after its yes, told before and with it: stops, and switches that are off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lux.gate import stop, toggles
from lux.gate.reads import ItemState
from lux.kit.db.session import company_of
from lux.kit.i18n import gettext as _
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
    if item.state not in _OPEN:
        return ()
    company_id = company_of(session)
    is_open = item.state is ItemState.PENDING
    said = _("It has its yes, and nothing leaves until the stop ends.")
    found = [
        Hold(
            title=_("An emergency stop is active"),
            text=_("A yes is recorded now, but nothing leaves until the stop ends.") if is_open else said,
            url="/approvals/stop",
            url_label=_("Open the stop"),
        )
        for _one in stop.holding(session, company_id, channel=item.channel, subject=item.subject)[:1]
    ]
    if item.kind not in PREVIEWED:  # nothing sends it yet, and its page says so
        return found
    answers = [toggles.allow(session, company_id, toggles.channel_key(item.channel))]
    said = _("It has its yes, and nothing leaves until it is on and somebody resumes.")
    texts = [_("A yes is recorded now, but nothing leaves until it is on and somebody resumes.") if is_open else said]
    if item.send_at is not None:
        answers.append(toggles.allow(session, company_id, toggles.SCHEDULED))
        asks = _("It asks for a time, and for a time nobody can say yes until it is on.")
        texts.append(asks if is_open else said)
    return found + [
        Hold(title=answer.why, text=text, url=answer.url, url_label=_("Open the switch"))
        for answer, text in zip(answers, texts, strict=True)
        if not answer
    ]


def over(session: Session, items: Sequence[ItemView]) -> Sequence[Hold]:
    """Return what holds several items back, each thing once; items of one kind, channel and state are asked as one."""
    ways = {(item.kind, item.channel, item.state, item.send_at is None): item for item in items}
    return list({(one.title, one.text): one for item in ways.values() for one in holds(session, item)}.values())
