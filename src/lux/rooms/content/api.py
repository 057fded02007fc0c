"""The API of the media library: its pictures, where they stand; add, describe, throw away, bring back."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from lux.identity.api_keys import Scope
from lux.net.storage import store_of
from lux.render.pictures import TYPES
from lux.rooms.content import queries
from lux.rooms.content.addresses import path_of
from lux.rooms.content.forms import MediaForm
from lux.rooms.content.service import media as library
from lux.ui import web
from lux.ui.api import Answer, Input, Output, PageOf, PageQuery, check_version, newest_first, operation, program, room
from lux.ui.parsing import parse

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage

    from lux.rooms.content.models import Media

media = room("content")
blueprints = (media,)
TAG = "Media"
FILE = "file"
ALT = "what the picture shows, for people who do not see it"
Name = Annotated[str, Field(min_length=1, max_length=200)]
Alt = Annotated[str, Field(max_length=300, description=ALT)]
Labels = Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=10)]


class MediaFileOut(Output):
    """One size of a picture."""

    url: Annotated[str, Field(description="for messages; anybody who has it sees the picture")]
    type: str
    width: int
    height: int
    size: Annotated[int, Field(description="bytes")]


class MediaOut(Output):
    """A picture of the library."""

    id: uuid.UUID
    name: str
    alt: Annotated[str, Field(description=ALT)]
    is_decorative: Annotated[bool, Field(description="it shows nothing that had to be told")]
    is_ready: Annotated[bool, Field(description="may be used in messages: it has alternative text, or is decorative")]
    labels: list[str]
    files: Annotated[list[MediaFileOut], Field(description="the largest first")]
    created_at: dt.datetime
    trashed_at: dt.datetime | None
    version: int


class MediaPage(PageOf[MediaOut]):
    """One page of pictures."""


class MediaQuery(PageQuery):
    """Which pictures."""

    q: Annotated[str, Field(max_length=200, description="words of the name, the alternative text or a label")] = ""
    label: Annotated[str, Field(max_length=60)] = ""
    trashed: Annotated[bool, Field(description="those in the trash instead of the others")] = False


class MediaIn(Input):
    """What is said of a new picture, beside its file."""

    name: Annotated[str, Field(max_length=200, description="left out = the file's own")] = ""
    alt: Alt = ""
    is_decorative: bool = False
    labels: Labels = Field(default=[])


class MediaPatch(Input):
    """What changes of a picture; what is left out stays."""

    name: Name | None = None
    alt: Alt | None = None
    is_decorative: bool | None = None
    labels: Labels | None = None
    version: Annotated[int | None, Field(ge=1, description="the version you have seen")] = None


class MediaUse(Output):
    """One place where a picture stands."""

    kind: str
    name: str
    url: Annotated[str, Field(description="for people who are signed in")]


class MediaUses(Output):
    """All places where a picture stands."""

    data: list[MediaUse]


@operation(media, "GET /media", scope=Scope.MEDIA_READ, tag=TAG, query=MediaQuery, answer=MediaPage)
def list_media(query: MediaQuery) -> MediaPage:
    """List the pictures of the library, the newest first."""
    session, company_id, label = web.session(), web.company_id(), query.label.lower()
    rows, following = newest_first(
        query,
        lambda before, limit: queries.library(
            session, company_id, text=query.q, label=label, is_trash=query.trashed, before=before, limit=limit
        ),
    )
    return MediaPage(data=[_shown(row) for row in rows], next=following)


@operation(media, "POST /media", scope=Scope.MEDIA_WRITE, tag=TAG, body=MediaIn, file=FILE, answer=MediaOut, status=201)
def upload_media(body: MediaIn, file: FileStorage) -> MediaOut:
    """Put a picture into the library.

    JPEG, PNG, GIF or WebP of at most 25 MB. It is written anew: turned upright, without places and other hidden data,
    in the sizes that messages need. Without `alt` or `is_decorative` no message can use it yet.
    """
    taken = library.take(store_of(web.settings()), file.stream, file.filename or "", field=FILE)  # type: ignore[arg-type]
    made = library.add(web.session(), taken, author=program())
    return _described(made, body.model_dump(exclude_defaults=True))


@operation(media, "GET /media/<uuid:public_id>", scope=Scope.MEDIA_READ, tag=TAG, answer=MediaOut)
def read_media(public_id: uuid.UUID) -> MediaOut:
    """Read a picture's words and addresses, also of one in the trash."""
    return _shown(_found(public_id))


@operation(media, "PATCH /media/<uuid:public_id>", scope=Scope.MEDIA_WRITE, tag=TAG, body=MediaPatch, answer=MediaOut)
def describe_media(public_id: uuid.UUID, body: MediaPatch) -> MediaOut:
    """Change a picture's name, alternative text or labels; its files never change."""
    record = _found(public_id)
    check_version(record.version, body.version)
    return _described(record, body.model_dump(exclude_none=True, exclude={"version"}))


@operation(media, "GET /media/<uuid:public_id>/uses", scope=Scope.MEDIA_READ, tag=TAG, answer=MediaUses)
def list_media_uses(public_id: uuid.UUID) -> MediaUses:
    """List the messages and blocks in which a picture stands."""
    base = web.settings().base_url
    hits = library.uses(web.session(), _found(public_id))
    return MediaUses(data=[MediaUse(kind=hit.kind, name=hit.label, url=base + hit.url) for hit in hits])


@operation(media, "DELETE /media/<uuid:public_id>", scope=Scope.MEDIA_WRITE, tag=TAG, status=204)
def trash_media(public_id: uuid.UUID) -> Answer:
    """Put a picture into the trash.

    What shows it shows it still; `POST /media/{public_id}/restore` brings it back. It goes for good by a person's
    hand, or after the days for which the installation keeps its trash, and only while nothing shows it.
    """
    library.trash(web.session(), _found(public_id), program())
    return Answer(content=None, status=204)


@operation(media, "POST /media/<uuid:public_id>/restore", scope=Scope.MEDIA_WRITE, tag=TAG, answer=MediaOut)
def restore_media(public_id: uuid.UUID) -> MediaOut:
    """Take a picture out of the trash."""
    record = _found(public_id)
    library.restore(web.session(), record)
    return _shown(record)


def _found(public_id: uuid.UUID) -> Media:
    return queries.media(web.session(), web.company_id(), public_id)


def _described(record: Media, said: dict[str, Any]) -> MediaOut:
    if said:
        wanted = {name: getattr(record, name) for name in ("name", "alt", "is_decorative", "version")}
        form = parse(MediaForm, {**wanted, "labels": library.unpacked(record.labels), **said})
        library.describe(web.session(), record, form)
    return _shown(record)


def _shown(row: Media) -> MediaOut:
    base = web.settings().base_url
    files = [
        MediaFileOut(
            url=base + path_of(row.public_id, str(one["name"])), type=TYPES[str(one["name"]).rpartition(".")[2]],
            width=one["width"], height=one["height"], size=one["size"],
        )
        for one in row.files
    ]  # fmt: skip
    return MediaOut(
        id=row.public_id, name=row.name, alt=row.alt, is_decorative=row.is_decorative, is_ready=library.is_ready(row),
        labels=library.unpacked(row.labels), files=files, created_at=row.created_at,
        trashed_at=row.trashed_at, version=row.version,
    )  # fmt: skip
