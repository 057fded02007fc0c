"""Opens and clicks: a keyed token proves the delivery, the gate marks it, the ledger records it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from lux.gate import engagement, reads
from lux.kit import crypto
from lux.kit.errors import NotFound
from lux.ports.contributions import installed
from lux.render import tokens
from lux.render.links import is_web
from lux.rooms.contacts import service as contacts

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from lux.kit.db import Database
    from lux.kit.settings import Settings

# 43 bytes: a transparent picture of one pixel (GIF89a).
PIXEL = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)


def delivery_of(settings: Settings, purpose: str, token: str) -> int | None:
    """Return the delivery a token proves, or None for anything we did not make for this purpose."""
    return tokens.read(token_key(settings), purpose, token)


def record_open(db: Database, delivery_id: int, *, agent: str) -> bool:
    """Record that a delivery's picture was loaded; False when nobody is known by it (any more)."""
    company_id = engagement.delivery_company(db, delivery_id)
    if company_id is None:
        return False
    with db.begin(company_id) as session:
        contact_id = engagement.opened(session, delivery_id, agent=agent)
        _touch(session, contact_id)
    return True


def record_trap(db: Database, delivery_id: int, *, agent: str) -> None:
    """Record that the link nobody can see was followed."""
    company_id = engagement.delivery_company(db, delivery_id)
    if company_id is not None:
        with db.begin(company_id) as session:
            engagement.trapped(session, delivery_id, agent=agent)


def follow(
    db: Database, delivery_id: int, number: int, *, agent: str, on_error: Callable[[BaseException], None]
) -> str | None:
    """Record a click and return the target that was stored at approval; None when there is none.

    A database that can't be written to does not keep the reader from the page: the fault is recorded.
    """
    company_id = engagement.delivery_company(db, delivery_id)
    if company_id is None:
        return None
    try:
        with db.begin(company_id) as session:
            url, contact_id = engagement.clicked(session, delivery_id, number, agent=agent)
            _touch(session, contact_id)
            if contact_id is not None and is_web(url):  # a machine is nobody
                for dresser in installed().link_dressers:
                    url = dresser.dressed(session, contact_id, url)
    except NotFound:
        return None
    except SQLAlchemyError as error:
        on_error(error)
        url = target(db, company_id, delivery_id, number) or ""
    return url if is_web(url) else None


def target(db: Database, company_id: int, delivery_id: int, number: int) -> str | None:
    """Return the stored target of a link without recording anything (HEAD requests, faults)."""
    with db.read(company_id) as session:
        try:
            outbound_id = reads.delivery(session, delivery_id).outbound_id
        except NotFound:
            return None
        return reads.links(session, outbound_id).get(number)


def _touch(session: Session, contact_id: int | None) -> None:
    if contact_id is not None:
        contacts.touch(session, [contact_id])


def token_key(settings: Settings) -> bytes:
    """Return the key of all tokens in mails."""
    return _derived(crypto.app_secret(settings))


@lru_cache(maxsize=4)
def _derived(secret: bytes) -> bytes:
    return crypto.derive(secret, "mail-tokens")
