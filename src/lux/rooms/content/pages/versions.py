"""What a template said before: the list of its versions, one of them, a name for it, and the way back to it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.content import queries, service
from lux.rooms.content.forms import VersionNameForm
from lux.rooms.content.pages.room import content, found
from lux.rooms.content.service import versions as kept
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import read_form
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from lux.rooms.content.models import Template


@content.get("/<uuid:public_id>/versions")
@access(Right.VIEW)
def versions(public_id: uuid.UUID) -> Response:
    """List what was kept."""
    template = found(public_id)
    rows = queries.versions(web.session(), service.subject_of(template))
    return page("content/versions.html", record=template, rows=rows, changed=kept.changed_fields(rows), kept=kept)


@content.get("/<uuid:public_id>/versions/<int:number>")
@access(Right.VIEW)
def version(public_id: uuid.UUID, number: int) -> Response:
    """Show what one version changed, and what it says."""
    template = found(public_id)
    return page("content/version.html", record=template, kept=kept, **_shown(template, number))


@content.post("/<uuid:public_id>/versions/<int:number>/name")
@access(Right.EDIT)
def version_name(public_id: uuid.UUID, number: int) -> Response:
    """Name a version, or take its name away."""
    row = queries.version(web.session(), service.subject_of(found(public_id)), number)
    kept.name(web.session(), row, read_form(VersionNameForm).label)
    toast(_("Saved. A version with a name is kept for good."))
    return redirect_to("content.version", public_id=public_id, number=number)


@content.post("/<uuid:public_id>/versions/<int:number>/restore")
@access(Right.EDIT)
def version_restore(public_id: uuid.UUID, number: int) -> Response:
    """Make an older version the newest one."""
    service.bring_back(web.session(), found(public_id), number, editor=web.person())
    toast(_("It says again what it said at version %(n)s; nothing in between is lost.", n=number))
    return redirect_to("content.versions", public_id=public_id)


def _shown(template: Template, number: int) -> dict[str, Any]:
    subject, can_name = service.subject_of(template), web.person().has(Right.EDIT)
    row = queries.version(web.session(), subject, number)
    older = queries.version_before(web.session(), subject, number)
    return {
        "version": row,
        "older": older,
        "differences": kept.differences(older.saved if older else {}, row.saved),
        "can_name": can_name,
        "can_edit": can_name and template.trashed_at is None and number != template.version,
    }
