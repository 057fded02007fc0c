"""Verbs over content: templates, and for every room that writes messages: compile, check, preview, edit."""

from lux.rooms.content.house import values as house_values
from lux.rooms.content.service.checks import check
from lux.rooms.content.service.composing import Composed, Content, base_url, compose, composed, render_source
from lux.rooms.content.service.editing import (
    Changes,
    bring_back,
    change,
    content_of,
    create,
    duplicate,
    restore,
    subject_of,
    trash,
)
from lux.rooms.content.service.editor import Checked, Editor, checked, editor
from lux.rooms.content.service.fields import groups, merge_field_names
from lux.rooms.content.service.previews import Preview, preview, preview_html, recipients
from lux.rooms.content.service.text_part import TextPart, settled, text_part

__all__ = [
    "Changes",
    "Checked",
    "Composed",
    "Content",
    "Editor",
    "Preview",
    "TextPart",
    "base_url",
    "bring_back",
    "change",
    "check",
    "checked",
    "compose",
    "composed",
    "content_of",
    "create",
    "duplicate",
    "editor",
    "groups",
    "house_values",
    "merge_field_names",
    "preview",
    "preview_html",
    "recipients",
    "render_source",
    "restore",
    "settled",
    "subject_of",
    "text_part",
    "trash",
]
