"""SELECTs of what rules name: tags, fields and segments that are still there."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.rooms.contacts.models import CustomField, FieldType, Tag
from lux.rooms.segments.models import Segment


def tags_named(session: Session, company_id: int, public_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[int, str]]:
    """Return public id → (id, name) of the tags that exist."""
    wanted = list(public_ids)
    query = select(Tag.public_id, Tag.id, Tag.name).where(Tag.company_id == company_id, Tag.public_id.in_(wanted))
    return {row[0]: (row[1], row[2]) for row in session.execute(query)} if wanted else {}


def fields_named(session: Session, company_id: int, keys: Iterable[str]) -> dict[str, tuple[str, FieldType]]:
    """Return key → (label, type) of the custom fields that exist."""
    wanted = list(keys)
    query = select(CustomField.key, CustomField.label, CustomField.type).where(
        CustomField.company_id == company_id, CustomField.key.in_(wanted)
    )
    return {row[0]: (row[1], row[2]) for row in session.execute(query)} if wanted else {}


def segments_named(
    session: Session, company_id: int, public_ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, tuple[int, str, dict[str, Any] | None]]:
    """Return public id → (id, name, rule or None for a list) of the segments that are not in the trash."""
    wanted = list(public_ids)
    query = select(Segment.public_id, Segment.id, Segment.name, Segment.is_dynamic, Segment.rule).where(
        Segment.company_id == company_id,
        Segment.public_id.in_(wanted),
        Segment.trashed_at.is_(None),
    )
    return {row[0]: (row[1], row[2], row[4] if row[3] else None) for row in session.execute(query)} if wanted else {}
