"""The message as one real recipient would get it, built by the same code that builds what is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from typing import Final

from markupsafe import escape
from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.gate import audience
from lux.gate.messages import CampaignBuilder, builder_for
from lux.gate.models import ApprovalQueue, Delivery, Outbound
from lux.gate.states import DeliveryState
from lux.kit.errors import NotFound
from lux.ports.acts import QueuedAct, SendEmail, act_from

ARRIVED = (DeliveryState.SENT, DeliveryState.CAPTURED, DeliveryState.DELIVERED, DeliveryState.UNKNOWN)
# What counts: the picture of opens, and the link only machines follow.
COUNTING = re.compile(r"<img\b[^>]*/o/[A-Za-z0-9_-]{24}\.gif[^>]*>|<a\b[^>]*/t/[A-Za-z0-9_-]{24}\"[^>]*></a>")
SAMPLES = 5  # recipients a reviewer can look through
# Nobody: what a guest sees in place of a recipient. Fields of the company's own stay empty, as for who has none.
INVENTED: Final[Mapping[str, object]] = {
    "email": "alex.sample@example.com", "first_name": "Alex", "last_name": "Sample", "name": "Alex Sample",
    "organisation": "Sample & Co", "website": "https://example.com", "street": "Sample Street 1", "city": "Sampletown",
    "postal_code": "12345", "country": "DE", "country_name": "Germany", "language": "en", "lifecycle": "lead",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One recipient to preview as."""

    contact_id: int
    address: str


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A message taken apart for the eye."""

    subject: str
    sender: str
    html: str
    text: str
    size: int  # bytes of the whole message


def samples(session: Session, item_id: int) -> Sequence[Sample]:
    """Return the first few recipients of an item's audience."""
    item = _item(session, item_id)
    act = act_from(item.body)
    if not isinstance(act, QueuedAct) or act.audience is None:
        return []
    chosen = audience.members(session, act.audience).subquery()
    query = select(chosen.c.contact_id, chosen.c.address).order_by(chosen.c.contact_id).limit(SAMPLES)
    return [Sample(contact_id=row[0], address=row[1]) for row in session.execute(query)]


def rendered(session: Session, item_id: int, *, contact_id: int | None = None) -> Shown:
    """Return an item's message as one recipient gets it; links lead nowhere, nothing is sent or signed.

    Raises NotFound for a system mail.
    """
    item = _item(session, item_id)
    outbound, act = session.scalar(select(Outbound).where(Outbound.item_id == item.id)), act_from(item.body)
    if outbound is None or not isinstance(act, SendEmail):
        raise NotFound  # a system mail carries a link that is its addressee's alone
    builder = builder_for(session, outbound, act, is_preview=True)
    row = _recipient(session, item, contact_id)
    builder.load(session, [row])
    return for_the_eye(builder.build(row).message)


def for_a_guest(session: Session, item_id: int) -> Shown:
    """Return an item's message as an invented contact would get it: a guest sees nobody's personal data."""
    item = _item(session, item_id)
    outbound, act = session.scalar(select(Outbound).where(Outbound.item_id == item.id)), act_from(item.body)
    if outbound is None or not isinstance(act, SendEmail):
        raise NotFound
    builder = builder_for(session, outbound, act, is_preview=True)
    row = _row(item, contact_id=None, address=str(INVENTED["email"]))
    if isinstance(builder, CampaignBuilder):
        builder.data = {0: INVENTED}
    return for_the_eye(builder.build(row).message)


def as_sent(session: Session, delivery_id: int) -> Shown:
    """Return a message that left, built anew for "look at it in the browser"; raises NotFound.

    The content is what was approved; the recipient's details are those of today, for sent messages are not kept.
    """
    row = session.scalar(select(Delivery).where(Delivery.id == delivery_id, Delivery.state.in_(ARRIVED)))
    outbound = session.scalar(select(Outbound).where(Outbound.id == row.outbound_id)) if row else None
    if row is None or outbound is None or not row.address:
        raise NotFound
    act = act_from(_item(session, outbound.item_id).body)
    if not isinstance(act, SendEmail):
        raise NotFound
    builder = builder_for(session, outbound, act, is_preview=True)
    builder.load(session, [row])
    return for_the_eye(builder.build(row).message)


def for_the_eye(message: bytes) -> Shown:
    """Return a message's parts without what counts: a look from inside counts nothing."""
    shown = take_apart(message)
    return replace(shown, html=COUNTING.sub("", shown.html))


def take_apart(message: bytes) -> Shown:
    """Return the parts of a finished message that a person looks at."""
    parsed = message_from_bytes(message, policy=policy.default)
    html, text = parsed.get_body(("html",)), parsed.get_body(("plain",))
    return Shown(
        subject=str(parsed["Subject"] or ""),
        sender=str(parsed["From"] or ""),
        html=str(html.get_content()) if html else text_page(str(text.get_content()) if text else ""),
        text=str(text.get_content()) if text else "",
        size=len(message),
    )


def text_page(text: str) -> str:
    """Return plain text as a page of its own."""
    return f"<!doctype html><meta charset=utf-8><title>Text</title><pre>{escape(text)}</pre>"


def _recipient(session: Session, item: ApprovalQueue, contact_id: int | None) -> Delivery:
    known = samples(session, item.id)
    chosen = next((s for s in known if s.contact_id == contact_id), known[0] if known else None)
    if chosen is None:
        return _row(item, contact_id=None, address="reader@example.com")
    return _row(item, contact_id=chosen.contact_id, address=chosen.address)


def _row(item: ApprovalQueue, *, contact_id: int | None, address: str) -> Delivery:
    return Delivery(
        id=0,
        company_id=item.company_id,
        outbound_id=0,
        channel=item.channel,
        contact_id=contact_id,
        address=address,
        address_key="",
        state=DeliveryState.QUEUED,
    )


def _item(session: Session, item_id: int) -> ApprovalQueue:
    item = session.scalar(select(ApprovalQueue).where(ApprovalQueue.id == item_id))
    if item is None:
        raise NotFound
    return item
