"""Every SELECT over templates, pictures, blocks and versions."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.rooms.content.models import Block, ContentVersion, Media, Template

PAGE = 24
LISTED = 100  # uses that are looked up


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


def media(session: Session, company_id: int, public_id: uuid.UUID) -> Media:
    """Return a picture, also one in the trash; raises NotFound."""
    found = session.scalar(select(Media).where(Media.company_id == company_id, Media.public_id == public_id))
    if found is None:
        raise NotFound(_("There is no such picture."), fix=_("It may have been deleted."))
    return found


def media_by_public_ids(session: Session, company_id: int, public_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Media]:
    """Return the pictures that exist, also in the trash: what shows them shows them still."""
    query = select(Media).where(Media.company_id == company_id, Media.public_id.in_(public_ids))
    return {row.public_id: row for row in session.scalars(query)} if public_ids else {}


def library(
    session: Session,
    company_id: int,
    *,
    text: str = "",
    label: str = "",
    is_trash: bool = False,
    before: int | None = None,
    limit: int = PAGE,
) -> Sequence[Media]:
    """Return pictures, the latest first, older than the id `before`; every word is in the name, alt text or a label."""
    query = select(Media).where(Media.company_id == company_id)
    query = query.where(Media.trashed_at.is_not(None) if is_trash else Media.trashed_at.is_(None))
    for word in text.lower().split():
        query = query.where(
            or_(
                *(
                    func.lower(column).contains(word, autoescape=True, escape="/")
                    for column in (Media.name, Media.alt, Media.labels)
                )
            )
        )
    if label:
        query = query.where(Media.labels.contains(f"|{label}|", autoescape=True, escape="/"))
    if before is not None:
        query = query.where(Media.id < before)
    return session.scalars(query.order_by(Media.id.desc()).limit(limit)).all()


def media_labels(session: Session, company_id: int) -> list[str]:
    """Return all labels in use outside the trash, sorted."""
    shown = (Media.company_id == company_id, Media.labels != "", Media.trashed_at.is_(None))
    query = select(Media.labels).where(*shown).distinct()
    return sorted({label for packed in session.scalars(query) for label in packed.split("|") if label})


def media_keys(session: Session, company_id: int) -> list[tuple[uuid.UUID, str]]:
    """Return public id and name of every file of a company."""
    rows = session.execute(select(Media.public_id, Media.files).where(Media.company_id == company_id))
    return [(public_id, str(one["name"])) for public_id, files in rows for one in files]


def media_names(session: Session, public_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, set[str]]:
    """Return public id → names of the files of the pictures that exist; the session may be one over all companies."""
    wanted = list(public_ids)
    rows = session.execute(select(Media.public_id, Media.files).where(Media.public_id.in_(wanted))) if wanted else ()
    return {public_id: {str(one["name"]) for one in files} for public_id, files in rows}


def templates_with(session: Session, company_id: int, fragment: str) -> Sequence[Template]:
    """Return templates whose source or text holds a fragment, the latest first."""
    held = or_(
        Template.source.contains(fragment, autoescape=True, escape="/"),
        Template.text.contains(fragment, autoescape=True, escape="/"),
    )
    query = select(Template).where(Template.company_id == company_id, held)
    return session.scalars(query.order_by(Template.id.desc()).limit(LISTED)).all()


def blocks_with(session: Session, company_id: int, fragment: str) -> Sequence[Block]:
    """Return blocks whose source holds a fragment."""
    held = Block.source.contains(fragment, autoescape=True, escape="/")
    query = select(Block).where(Block.company_id == company_id, held)
    return session.scalars(query.order_by(Block.id.desc()).limit(LISTED)).all()


def block(session: Session, company_id: int, public_id: uuid.UUID) -> Block:
    """Return a block, also one in the trash; raises NotFound."""
    found = session.scalar(select(Block).where(Block.company_id == company_id, Block.public_id == public_id))
    if found is None:
        raise NotFound(_("There is no such block."), fix=_("It may have been deleted."))
    return found


def blocks(session: Session, company_id: int) -> Sequence[Block]:
    """Return the blocks that are not in the trash, by name."""
    query = select(Block).where(Block.company_id == company_id, Block.trashed_at.is_(None))
    return session.scalars(query.order_by(Block.name, Block.id)).all()


def blocks_named(session: Session, company_id: int, text: str, limit: int) -> Sequence[Block]:
    """Return blocks by name; every word is in the name or the key."""
    query = select(Block).where(Block.company_id == company_id, Block.trashed_at.is_(None))
    for word in text.lower().split():
        query = query.where(
            or_(
                func.lower(Block.name).contains(word, autoescape=True, escape="/"),
                Block.key.contains(word, autoescape=True, escape="/"),
            )
        )
    return session.scalars(query.order_by(Block.name, Block.id).limit(limit)).all()


def block_of_key(session: Session, company_id: int, key: str) -> Block | None:
    """Return the block that is named so, also one in the trash."""
    return session.scalar(select(Block).where(Block.company_id == company_id, Block.key == key))


def versions(session: Session, subject: tuple[str, int], *, limit: int = 200) -> Sequence[ContentVersion]:
    """Return a record's versions, the newest first."""
    return session.scalars(_versions(subject).order_by(ContentVersion.number.desc()).limit(limit)).all()


def version(session: Session, subject: tuple[str, int], number: int) -> ContentVersion:
    """Return one version; raises NotFound."""
    found = session.scalar(_versions(subject).where(ContentVersion.number == number))
    if found is None:
        raise NotFound(_("There is no such version."), fix=_("It may have made room for newer ones."))
    return found


def latest_version(session: Session, subject: tuple[str, int]) -> ContentVersion | None:
    """Return a record's newest version, or None."""
    return session.scalar(_versions(subject).order_by(ContentVersion.number.desc()).limit(1))


def version_before(session: Session, subject: tuple[str, int], number: int) -> ContentVersion | None:
    """Return the version before one, or None."""
    query = _versions(subject).where(ContentVersion.number < number)
    return session.scalar(query.order_by(ContentVersion.number.desc()).limit(1))


def versions_beyond(session: Session, subject: tuple[str, int], kept: int) -> Sequence[ContentVersion]:
    """Return the old versions that nobody named and that were never submitted, beyond the newest `kept`."""
    plain = _versions(subject).where(ContentVersion.label == "", ContentVersion.act_hash == "")
    return session.scalars(plain.order_by(ContentVersion.number.desc()).offset(kept).limit(100)).all()


def _versions(subject: tuple[str, int]) -> Select[ContentVersion]:
    return select(ContentVersion).where(
        ContentVersion.subject_type == subject[0], ContentVersion.subject_id == subject[1]
    )
