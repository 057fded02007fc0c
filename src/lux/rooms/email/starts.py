"""What a campaign can start from: a starter, one of the company's templates, or nothing."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import select

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.content import service as content
from lux.rooms.content.models import Template
from lux.rooms.content.service import Content
from lux.rooms.content.starters import STARTERS, Starter

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

BLANK, STARTER, TEMPLATE = "blank", "starter", "template"
FIRST = f"{STARTER}:{STARTERS[0].key}"
LISTED = 50  # templates


def choices(session: Session) -> list[tuple[str, str, str]]:
    """Return (value, label, words) of everything a campaign can start from."""
    templates = session.scalars(
        select(Template).where(Template.trashed_at.is_(None)).order_by(Template.updated_at.desc()).limit(LISTED)
    )
    return [
        *((f"{STARTER}:{one.key}", one.label(), one.words()) for one in STARTERS),
        *((f"{TEMPLATE}:{row.public_id}", row.name, _("One of your templates.")) for row in templates),
        (BLANK, _("Nothing"), _("An empty message.")),
    ]


def content_of(session: Session, start: str) -> Content:
    """Return what a campaign begins with; raises InvalidInput naming the field."""
    kind, _sign, key = start.partition(":")
    if kind == BLANK:
        return Content()
    found = _of_starter(key) if kind == STARTER else _of_template(session, key) if kind == TEMPLATE else None
    if found is None:
        raise InvalidInput(
            field="start",
            message=_("This start is not there (any more)."),
            fix=_("Choose another one from the list."),
        )
    return found


def _of_starter(key: str) -> Content | None:
    found: Starter | None = next((one for one in STARTERS if one.key == key), None)
    if found is None:
        return None
    return Content(format=found.format, subject=found.subject(), preview_text=found.preview_text(), source=found.source)


def _of_template(session: Session, key: str) -> Content | None:
    try:
        public_id = uuid.UUID(key)
    except ValueError:
        return None
    query = select(Template).where(Template.public_id == public_id, Template.trashed_at.is_(None))
    found = session.scalar(query)
    return content.content_of(found) if found else None
