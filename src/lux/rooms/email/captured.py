"""What the built-in mailbox kept, read for the eye: headers, text, HTML; none of it left the house."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

from lux.gate import captured
from lux.gate.preview import COUNTING
from lux.render.links import is_web
from lux.render.markup import TAG, pieces
from lux.rooms.content.service.previews import text_page
from lux.ui.paging import Slice, decode_int_cursor, encode_cursor

if TYPE_CHECKING:
    from email.message import EmailMessage

    from sqlalchemy.orm import Session

    from lux.gate.reads import DeliveryView, ItemView
    from lux.identity.access import Person

PAGE = 50
SHOWN_HEADERS = 60  # of a message; there are never so many


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One captured message, taken apart."""

    id: int
    item: ItemView
    delivery: DeliveryView
    subject: str
    sender: str
    recipient: str
    headers: Sequence[tuple[str, str]]
    text: str
    html: str
    size: int  # bytes


def listing(
    session: Session, reader: Person, cursor: str = "", limit: int = PAGE
) -> Slice[tuple[DeliveryView, ItemView]]:
    """Return one page of the captured messages somebody may read, newest first."""
    before = decode_int_cursor(cursor) if cursor else None
    found = captured.listing(session, reader, before_id=before, limit=limit + 1)
    rows = found[:limit]
    return Slice(rows=rows, next_cursor=encode_cursor(rows[-1][0].id) if len(found) > limit else None)


def letter(session: Session, reader: Person, delivery_id: int) -> Letter:
    """Return a captured message; raises NotFound, also for one that is somebody else's."""
    row, item = captured.find(session, reader, delivery_id)
    raw = captured.message(session, reader, delivery_id)
    parsed = message_from_bytes(raw, policy=policy.default)
    return Letter(
        id=delivery_id,
        item=item,
        delivery=row,
        subject=str(parsed["Subject"] or ""),
        sender=str(parsed["From"] or ""),
        recipient=str(parsed["To"] or ""),
        headers=[(name, str(value)) for name, value in list(parsed.items())[:SHOWN_HEADERS]],
        text=_body(parsed, "plain"),
        html=_body(parsed, "html"),
        size=len(raw),
    )


def raw(session: Session, reader: Person, delivery_id: int) -> bytes:
    """Return a captured message as it was written; raises NotFound, also for one that is somebody else's."""
    return captured.message(session, reader, delivery_id)


def as_page(found: Letter) -> str:
    """Return the message's HTML, or its text as a page, for a sandboxed frame; looking is no open."""
    return COUNTING.sub("", found.html) or text_page("", found.text)


def links_of(found: Letter) -> list[str]:
    """Return the addresses the message leads to, so that they can be tried out."""
    targets = [
        piece.get("href") or ""
        for piece in pieces(COUNTING.sub("", found.html))
        if piece.kind == TAG and piece.name == "a"
    ]
    return [target for target in dict.fromkeys(targets) if is_web(target)]


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part else ""
