"""The library of pictures: take them in, say what they show, find where they stand, let them go."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from lux.identity.access import mark_of
from lux.kit import clock, jobs
from lux.kit.db.base import uuid7
from lux.kit.db.session import company_of
from lux.kit.errors import Conflict, WrongState
from lux.kit.i18n import gettext as _
from lux.ports.acts import MediaFile
from lux.render import pictures
from lux.rooms.content import queries
from lux.rooms.content.addresses import key_of, named_in, path_of
from lux.rooms.content.models import Media
from lux.rooms.content.service.uses import uses as find_uses

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person
    from lux.ports.finding import SearchHit
    from lux.ports.storage import FileStore
    from lux.rooms.content.forms import MediaForm

JOB: Final = "content.forget_files"
FIELD: Final = "files"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A picture that stands in the store, and in no table yet."""

    public_id: uuid.UUID
    name: str
    files: Sequence[dict[str, Any]]


def take(store: FileStore, source: BinaryIO, file_name: str, *, field: str = FIELD) -> Taken:
    """Write an uploaded picture anew into the store; raises InvalidInput. Needs no transaction, and takes seconds."""
    made = pictures.re_encode(source, field=field)
    public_id = uuid7()
    for one in made:
        with store.open_write(key_of(public_id, one.name)) as target:
            target.write(one.body)
    files = [
        {"name": one.name, "width": one.width, "height": one.height, "size": len(one.body), "sha256": one.sha256}
        for one in made
    ]
    name = " ".join(PurePath(file_name.replace("\\", "/")).stem.split())[:200]
    return Taken(public_id=public_id, name="".join(c for c in name if c.isprintable()) or _("Picture"), files=files)


def add(session: Session, taken: Taken, *, author: Person) -> Media:
    """Put a taken picture into the library."""
    made = Media(public_id=taken.public_id, name=taken.name, files=list(taken.files), created_by=author.user_id)
    session.add(made)
    session.flush()
    return made


def describe(session: Session, record: Media, form: MediaForm) -> None:
    """Store a picture's words; its files never change. Raises Conflict when somebody saved in between."""
    if record.trashed_at is not None:
        raise WrongState(_("This picture is in the trash."), fix=_("Bring it back first."))
    if record.version != form.version:
        raise Conflict(_("Somebody saved this picture after you opened it."), fix=_("Load the page again."))
    record.name, record.alt, record.is_decorative = form.name, form.alt, form.is_decorative
    record.labels = packed(form.labels)
    record.version += 1
    session.flush()


def trash(session: Session, record: Media, by: Person | None = None) -> None:
    """Put a picture into the trash: it stands in the library no more, and is shown by what shows it."""
    if record.trashed_at is None:
        record.trashed_at, record.trashed_by = clock.now(), mark_of(by)
        record.version += 1
        session.flush()


def restore(session: Session, record: Media) -> None:
    """Take a picture out of the trash."""
    if record.trashed_at is not None:
        record.trashed_at = record.trashed_by = None
        record.version += 1
        session.flush()


def delete(session: Session, record: Media) -> None:
    """Remove a picture for good and, after the commit, its files from the store.

    A message that shows it shows a gap from then on, and one that was approved with it needs a new yes.
    """
    keys = keys_of(record)
    session.delete(record)
    jobs.enqueue(session, JOB, {"keys": keys}, company_id=company_of(session))
    session.flush()


def uses(session: Session, record: Media) -> list[SearchHit]:
    """Return the messages and blocks in which a picture stands."""
    return find_uses(session, [str(record.public_id)])


def is_ready(record: Media) -> bool:
    """Say whether it may be used: it says what it shows, or that it is decoration."""
    return bool(record.alt) or record.is_decorative


def of_message(session: Session, html: str, base_url: str) -> tuple[MediaFile, ...]:
    """Return our pictures in a message with the fingerprints of their bytes, in order of appearance."""
    named = list(named_in(html, base_url))
    known = queries.media_by_public_ids(session, company_of(session), [public_id for public_id, _name in named])
    prints = {(row.public_id, one["name"]): one["sha256"] for row in known.values() for one in row.files}
    return tuple(MediaFile(key=key_of(*one), sha256=prints[one]) for one in named if one in prints)


def keys_of(record: Media) -> list[str]:
    """Return the keys of a picture's files."""
    return [key_of(record.public_id, one["name"]) for one in record.files]


def address(record: Media, width: int | None = None) -> str:
    """Return the address of the largest file, or of the narrowest that is at least `width` wide."""
    wide = [one for one in record.files if width is not None and one["width"] >= width]
    chosen = min(wide, key=lambda one: int(one["width"])) if wide else record.files[0]
    return path_of(record.public_id, str(chosen["name"]))


def packed(labels: Sequence[str]) -> str:
    """Return labels as they are stored: "|logos|spring|"."""
    clean = sorted({" ".join(label.replace("|", " ").lower().split()) for label in labels} - {""})
    return f"|{'|'.join(clean)}|" if clean else ""


def unpacked(labels: str) -> list[str]:
    """Return stored labels as a list."""
    return [label for label in labels.split("|") if label]
