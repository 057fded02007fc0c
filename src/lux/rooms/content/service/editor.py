"""What the reusable editor (`content/_editor.html`) needs, in this room's pages and in others'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from lux.render.findings import Finding
from lux.render.inspect import clip_size
from lux.rooms.content import house
from lux.rooms.content.service import fields, previews
from lux.rooms.content.service.checks import check
from lux.rooms.content.service.composing import Content, composed


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What is to be said about a message, and how large it is."""

    findings: Sequence[Finding]
    size: int | None  # bytes of its HTML; None = it can't be compiled


@dataclass(frozen=True, kw_only=True)
class Editor:
    """Everything beside the form's own values."""

    frame_url: str  # what the preview shows before anything is typed
    groups: Sequence[fields.FieldGroup]
    recipients: Sequence[tuple[str, str]]
    checked: Checked


def editor(session: Session, content: Content, *, frame_url: str) -> Editor:
    """Return what the editor of a message needs."""
    return Editor(
        frame_url=frame_url,
        groups=fields.groups(session, house.values(session)),
        recipients=[(str(public_id), label) for public_id, label in previews.recipients(session)],
        checked=checked(session, content),
    )


def checked(session: Session, content: Content) -> Checked:
    """Check a message as it stands."""
    made = composed(session, content)
    size = None if made.problems else clip_size(made.html)
    return Checked(findings=check(session, content, made), size=size)
