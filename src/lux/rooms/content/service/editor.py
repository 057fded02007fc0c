"""What the reusable editor (`content/_editor.html`) needs, in this room's pages and in others'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import escape
from sqlalchemy.orm import Session

from lux.kit.db.session import company_of
from lux.render.findings import Finding
from lux.render.inspect import clip_size
from lux.rooms.content import house, queries
from lux.rooms.content.models import Block, Media
from lux.rooms.content.service import fields, media, previews
from lux.rooms.content.service.checks import check
from lux.rooms.content.service.composing import MJML, TEXT, Content, composed
from lux.rooms.content.service.text_part import TextPart, text_part

LOOKED_AT, OFFERED = 60, 24  # pictures


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What is to be said about a message, and how large it is."""

    findings: Sequence[Finding]
    size: int | None  # bytes of its HTML; None = it can't be compiled


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture of the library as the editor offers it."""

    name: str
    alt: str
    thumb: str  # address of a small file
    tag: str  # what is put into the message


@dataclass(frozen=True, kw_only=True)
class Editor:
    """Everything beside the form's own values."""

    frame_url: str  # what the preview shows before anything is typed
    groups: Sequence[fields.FieldGroup]
    recipients: Sequence[tuple[str, str]]
    checked: Checked
    blocks: Sequence[Block] = ()  # those that fit how the message is written
    pictures: Sequence[Picture] = ()  # the latest that may be used
    text_part: TextPart | None = None


def editor(session: Session, content: Content, *, frame_url: str) -> Editor:
    """Return what the editor of a message needs."""
    return Editor(
        frame_url=frame_url,
        groups=fields.groups(session, house.values(session)),
        recipients=[(str(public_id), label) for public_id, label in previews.recipients(session)],
        checked=checked(session, content),
        blocks=[one for one in queries.blocks(session, company_of(session)) if one.format == content.format],
        pictures=_pictures(session, content.format),
        text_part=text_part(session, content),
    )


def _pictures(session: Session, written_in: str) -> list[Picture]:
    if written_in == TEXT:
        return []
    rows = [row for row in queries.library(session, company_of(session), limit=LOOKED_AT) if media.is_ready(row)]
    return [
        Picture(name=row.name, alt=row.alt, thumb=media.address(row, 600), tag=_tag(row, written_in))
        for row in rows[:OFFERED]
    ]


def _tag(row: Media, written_in: str) -> str:
    """Return the element; MJML fits the width itself, HTML is told it, at most a mail's column."""
    address, alt = media.address(row, 1200), escape(row.alt)
    if written_in == MJML:
        return f'<mj-image src="{address}" alt="{alt}" />'
    width = min(600, int(row.files[0]["width"]))
    return f'<img src="{address}" alt="{alt}" width="{width}" style="max-width:100%;height:auto">'


def checked(session: Session, content: Content) -> Checked:
    """Check a message as it stands."""
    made = composed(session, content)
    size = None if made.problems else clip_size(made.html)
    return Checked(findings=check(session, content, made), size=size)
