"""What a campaign said before: the list of its versions, one of them, a name for it, and the way back to it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.content import queries as content_queries
from lux.rooms.content.forms import VersionNameForm
from lux.rooms.content.service import versions as kept
from lux.rooms.email import queries, service, show
from lux.rooms.email import versions as room
from lux.rooms.email.pages.campaigns import email
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import read_form
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@email.get("/<uuid:public_id>/versions")
@access(Right.VIEW)
def versions(public_id: uuid.UUID) -> Response:
    """List what was kept, and mark what was approved."""
    campaign = queries.by_public_id(web.session(), public_id)
    rows = content_queries.versions(web.session(), service.subject_of(campaign))
    shown: dict[str, Any] = {"rows": rows, "kept": kept, "changed": room.fields(kept.changed_fields(rows))}
    approved = room.approved(web.session(), campaign)
    return page("email/versions.html", approved=approved, **shown, **show.head(web.session(), campaign))


@email.get("/<uuid:public_id>/versions/<int:number>")
@access(Right.VIEW)
def version(public_id: uuid.UUID, number: int) -> Response:
    """Show what one version changed."""
    campaign = queries.by_public_id(web.session(), public_id)
    subject, head = service.subject_of(campaign), show.head(web.session(), campaign)
    row = content_queries.version(web.session(), subject, number)
    older = content_queries.version_before(web.session(), subject, number)
    found = room.differences(web.session(), older, row)
    can_name = web.person().has(Right.EDIT)
    can_restore = can_name and number != campaign.version and head["is_editable"]
    shown: dict[str, Any] = {"version": row, "older": older, "differences": found, "kept": kept, "can_name": can_name}
    return page("email/version.html", **shown, **head, can_restore=can_restore)


@email.post("/<uuid:public_id>/versions/<int:number>/name")
@access(Right.EDIT)
def version_name(public_id: uuid.UUID, number: int) -> Response:
    """Name a version, or take its name away."""
    campaign = queries.by_public_id(web.session(), public_id)
    row = content_queries.version(web.session(), service.subject_of(campaign), number)
    kept.name(web.session(), row, read_form(VersionNameForm).label)
    toast(_("Saved. A version with a name is kept for good."))
    return redirect_to("email.version", public_id=public_id, number=number)


@email.post("/<uuid:public_id>/versions/<int:number>/restore")
@access(Right.EDIT)
def version_restore(public_id: uuid.UUID, number: int) -> Response:
    """Make an older version the newest one; what was submitted waits for a new yes."""
    campaign = queries.by_public_id(web.session(), public_id)
    is_waiting = room.bring_back(web.session(), campaign, number, editor=web.person())
    toast(_("It says again what it said at version %(n)s; nothing in between is lost.", n=number))
    if is_waiting:
        toast(_("It waits for a new yes."), "info")
    return redirect_to("email.versions", public_id=public_id)
