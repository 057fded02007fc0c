"""Where pictures and blocks stand: templates, blocks, and the messages of the rooms above."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from lux.kit.db.session import company_of
from lux.kit.i18n import gettext as _
from lux.ports.contributions import installed
from lux.ports.finding import SearchHit
from lux.rooms.content import queries

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def uses(session: Session, fragments: Sequence[str], is_use: Callable[[str], bool] = bool) -> list[SearchHit]:
    """Return every message and block that holds one of the fragments, and of whose text `is_use` says it is a use."""
    found: dict[str, SearchHit] = {}
    for fragment in fragments:
        found.update({hit.url: hit for hit, text in _texts(session, fragment) if is_use(text)})
    return list(found.values())


def is_used(session: Session, fragments: Sequence[str], is_use: Callable[[str], bool] = bool) -> bool:
    """Say whether a message or block outside or in the trash holds one of the fragments; works without a request."""
    return any(is_use(text) for fragment in fragments for text in _plain(session, fragment))


def _plain(session: Session, fragment: str) -> Iterator[str]:
    company_id = company_of(session)
    for template in queries.templates_with(session, company_id, fragment):
        yield f"{template.source}\n{template.text}"
    for block in queries.blocks_with(session, company_id, fragment):
        yield block.source
    for user in installed().content_users:
        yield from (text for _hit, text in user.texts(session, company_id, fragment, queries.LISTED))


def _texts(session: Session, fragment: str) -> Iterator[tuple[SearchHit, str]]:
    from flask import url_for  # only here: a worker answers no requests

    company_id = company_of(session)
    for template in queries.templates_with(session, company_id, fragment):
        url = url_for("content.show", public_id=template.public_id)
        yield SearchHit(label=template.name, kind=_("Template"), url=url), f"{template.source}\n{template.text}"
    for block in queries.blocks_with(session, company_id, fragment):
        url = url_for("content.block", public_id=block.public_id)
        yield SearchHit(label=block.name, kind=_("Block"), url=url), block.source
    for user in installed().content_users:
        yield from user.texts(session, company_id, fragment, queries.LISTED)
