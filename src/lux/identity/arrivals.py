"""A company that comes from another installation: made without anybody in it, opened to one owner when it is whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.identity import companies, members
from lux.identity.access import Role
from lux.identity.models import Company
from lux.identity.trail import note
from lux.kit.crypto import random_token
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def begin(session: Session, values: Mapping[str, Any]) -> Company:
    """Make the company under a name of its own that nobody types (session over all companies)."""
    slug = f"arriving-{re.sub('[^a-z0-9]+', '', random_token().casefold())[:16]}"
    company = Company(**{**values, "slug": slug})
    session.add(company)
    session.flush()
    return company


def finish(
    session: Session, company: Company, *, name: str, slug: str, owner_id: int, detail: Mapping[str, Any]
) -> None:
    """Give the company its name and its owner, and begin its audit chain with where it comes from."""
    company.name = companies.checked_name(name)
    company.slug = check_slug(session, slug) if slug else companies.free_slug(session, company.name)
    members.add(session, company.id, owner_id, Role.OWNER)
    for chain in (None, company.id):
        note(session, chain, owner_id, "company.imported", about=("company", company.public_id), detail=detail)


def check_slug(session: Session, slug: str) -> str:
    """Return the short name when it is one and free; raises InvalidInput naming `slug`."""
    if not _SLUG.fullmatch(slug) or len(slug) > 48:
        raise InvalidInput(
            field="slug",
            message=_("“%(slug)s” can't be a short name.", slug=slug[:60]),
            fix=_("Use small letters, digits and hyphens, at most 48."),
        )
    if session.scalar(select(Company.id).where(Company.slug == slug)) is not None:
        raise InvalidInput(
            field="slug",
            message=_("There is a company with the short name “%(slug)s” here.", slug=slug),
            fix=_("Choose another one, or leave it empty."),
        )
    return slug
