"""What a campaign can start from: nothing, a starter, or one of the company's templates."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import select

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.content.models import Template
from lux.rooms.content.starters import STARTERS, starter
from lux.rooms.email.service import Content

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

BLANK, STARTER, TEMPLATE = "blank", "starter", "template"
LISTED = 50  # templates


def choices(session: Session) -> list[tuple[str, str, str]]:
    """Return (value, label, words) of everything a campaign can start from."""
    templates = session.scalars(
        select(Template).where(Template.trashed_at.is_(None)).order_by(Template.updated_at.desc()).limit(LISTED)
    )
    return [
        *((f"{STARTER}:{one.key}", one.label(), one.words()) for one in STARTERS),
        (BLANK, _("Nothing"), _("An empty message.")),
        *((f"{TEMPLATE}:{row.public_id}", row.name, _("One of your templates.")) for row in templates),
    ]


def content_of(session: Session, start: str) -> Content:
    """Return what a campaign begins with; raises InvalidInput naming the field."""
    kind, _sign, key = start.partition(":")
    if kind == BLANK:
        return Content()
    if kind == STARTER and any(one.key == key for one in STARTERS):
        chosen = starter(key)
        return Content(
            subject=chosen.subject(),
            preview_text=chosen.preview_text(),
            format=chosen.format,
            source=chosen.source,
        )
    found = _template(session, key) if kind == TEMPLATE else None
    if found is None:
        raise InvalidInput(
            field="start",
            message=_("This start is not there (any more)."),
            fix=_("Choose another one from the list."),
        )
    return Content(
        subject=found.subject,
        preview_text=found.preview_text,
        format=found.format,
        source=found.source,
        text=found.text,
    )


def _template(session: Session, key: str) -> Template | None:
    try:
        public_id = uuid.UUID(key)
    except ValueError:
        return None
    return session.scalar(select(Template).where(Template.public_id == public_id, Template.trashed_at.is_(None)))
