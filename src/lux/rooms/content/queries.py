"""Every SELECT over templates."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.rooms.content.models import Template

PAGE = 24


def template(session: Session, company_id: int, public_id: uuid.UUID) -> Template:
    """Return a template, also one in the trash; raises NotFound."""
    found = session.scalar(select(Template).where(Template.company_id == company_id, Template.public_id == public_id))
    if found is None:
        raise NotFound(_("There is no such template."), fix=_("It may have been deleted."))
    return found


def templates(
    session: Session,
    company_id: int,
    *,
    text: str = "",
    is_trash: bool = False,
    before: int | None = None,
    limit: int = PAGE,
) -> Sequence[Template]:
    """Return templates, the latest made first, older than the id `before`; `text` = every word is in the name."""
    query = select(Template).where(Template.company_id == company_id)
    query = query.where(Template.trashed_at.is_not(None) if is_trash else Template.trashed_at.is_(None))
    for word in text.lower().split():
        query = query.where(func.lower(Template.name).contains(word, autoescape=True, escape="/"))
    if before is not None:
        query = query.where(Template.id < before)
    return session.scalars(query.order_by(Template.id.desc()).limit(limit)).all()
