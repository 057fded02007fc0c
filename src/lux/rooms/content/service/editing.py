"""Make, change, copy, throw away and restore templates."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from lux.identity.access import Person, mark_of
from lux.kit import clock
from lux.kit.errors import Conflict, WrongState
from lux.kit.i18n import gettext as _
from lux.rooms.content import queries
from lux.rooms.content.models import Template
from lux.rooms.content.service import versions
from lux.rooms.content.service.composing import Content
from lux.rooms.content.service.text_part import settled
from lux.rooms.content.starters import starter

MAX_NAME = 200


@dataclass(frozen=True, kw_only=True)
class Changes:
    """A template as its editor left it."""

    name: str
    content: Content
    version: int


def create(session: Session, company_id: int, *, name: str, starter_key: str = "", author: Person) -> Template:
    """Make a template from a starter, or an empty one; raises NotFound for a starter that does not exist."""
    found = Template(company_id=company_id, name=name, starter=starter_key, created_by=author.user_id)
    if starter_key:
        origin = starter(starter_key)
        content = Content(
            format=origin.format,
            subject=origin.subject(),
            preview_text=origin.preview_text(),
            source=origin.source,
        )
        _fill(found, content)
    session.add(found)
    session.flush()
    _keep(session, found, author)
    return found


def change(session: Session, template: Template, changes: Changes, *, editor: Person | None = None) -> None:
    """Store an edit; raises Conflict when somebody saved since `version`."""
    if template.trashed_at is not None:
        raise WrongState(_("This template is in the trash."), fix=_("Bring it back first."))
    if template.version != changes.version:
        raise Conflict(
            _("Somebody saved this template after you opened it."),
            fix=_("Copy what you wrote, load the page again, and put it in once more."),
        )
    versions.begin(session, subject_of(template), template.version, saved_of(template))
    template.name = changes.name
    _fill(template, settled(session, changes.content))
    _touch(template)
    session.flush()
    _keep(session, template, editor)


def bring_back(session: Session, template: Template, number: int, *, editor: Person) -> None:
    """Make what a template said at a version its newest version."""
    saved = dict(queries.version(session, subject_of(template), number).saved)
    name = str(saved.pop("name"))
    changes = Changes(name=name, content=Content(**saved), version=template.version)
    change(session, template, changes, editor=editor)


def duplicate(session: Session, template: Template, *, author: Person) -> Template:
    """Return a copy."""
    tail = _(" (copy)")
    twin = Template(
        company_id=template.company_id,
        name=template.name[: MAX_NAME - len(tail)] + tail,
        starter=template.starter,
        created_by=author.user_id,
    )
    _fill(twin, content_of(template))
    session.add(twin)
    session.flush()
    _keep(session, twin, author)
    return twin


def trash(session: Session, template: Template, by: Person | None = None) -> None:
    """Put a template into the trash; campaigns made from it keep their content."""
    if template.trashed_at is None:
        template.trashed_at, template.trashed_by = clock.now(), mark_of(by)
        _touch(template)
        session.flush()


def restore(session: Session, template: Template) -> None:
    """Take a template out of the trash."""
    if template.trashed_at is not None:
        template.trashed_at = template.trashed_by = None
        _touch(template)
        session.flush()


def content_of(template: Template) -> Content:
    """Return what a template says."""
    return Content(
        format=template.format,
        subject=template.subject,
        preview_text=template.preview_text,
        source=template.source,
        text=template.text,
    )


def subject_of(template: Template) -> versions.Subject:
    """Return under what a template's versions are kept."""
    return ("template", template.id)


def saved_of(template: Template) -> dict[str, Any]:
    """Return what a version of a template holds."""
    return {"name": template.name, **asdict(content_of(template))}


def _keep(session: Session, template: Template, editor: Person | None) -> None:
    versions.keep(session, subject_of(template), template.version, saved_of(template), editor=editor)


def _fill(template: Template, content: Content) -> None:
    template.format, template.subject = content.format, content.subject
    template.preview_text, template.source, template.text = content.preview_text, content.source, content.text


def _touch(template: Template) -> None:
    template.updated_at = clock.now()
    template.version += 1
