"""The list of segments, one segment, its size, its copy, the trash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from lux.identity.access import Right
from lux.kit.errors import BrokenRule
from lux.kit.i18n import gettext as _
from lux.rooms.segments import queries, service
from lux.rooms.segments.pages import showing
from lux.rooms.segments.pages.room import found, segments
from lux.ui import lists, web
from lux.ui.access import access
from lux.ui.pages import is_fragment, page, redirect_to, toast
from lux.ui.paging import row_number

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from werkzeug.wrappers import Response

    from lux.rooms.segments.models import Segment


@segments.get("/")
@access(Right.VIEW)
def index() -> Response:
    """List segments by name."""
    text, is_trash = request.args.get("q", "").strip(), request.args.get("state") == "trash"
    rows = _listed(text, is_trash=is_trash)
    gaps = service.gaps_by_id(web.session(), web.company_id(), rows)
    return page("segments/index.html", block="rows", rows=rows, gaps=gaps, q=text, is_trash=is_trash)


def _listed(text: str, *, is_trash: bool) -> Sequence[Segment]:
    none: Sequence[Segment] = ()
    company_id = web.company_id()
    return lists.load(
        "segments", lambda: queries.segments(web.session(), company_id, text=text, is_trash=is_trash), none
    )


@segments.get("/<uuid:public_id>")
@access(Right.VIEW)
def show(public_id: uuid.UUID) -> Response:
    """Show a segment: its rule in words, its size, who is in it."""
    before, is_counted = request.args.get("before", type=row_number), "count" in request.args
    context = showing.segment(web.session(), found(public_id), before=before, is_counted=is_counted)
    return page("segments/show.html", block="content", **context)


@segments.get("/<uuid:public_id>/size")
@access(Right.VIEW)
def size(public_id: uuid.UUID) -> Response:
    """Count a segment, for a cell of the list or (`tile`) for its own page."""
    segment, template = found(public_id), "_size_tile.html" if "tile" in request.args else "_size.html"
    if not is_fragment():
        return redirect_to("segments.show", public_id=public_id, count=1)
    try:
        counted = queries.size(web.session(), service.select_segment(web.session(), segment))
    except BrokenRule as error:
        return page("segments/_size.html", problem=error)
    return page(f"segments/{template}", size=counted)


@segments.post("/<uuid:public_id>/duplicate")
@access(Right.EDIT)
def duplicate(public_id: uuid.UUID) -> Response:
    """Make a copy."""
    twin = service.duplicate(web.session(), found(public_id), author=web.person())
    toast(_("This is the copy. The original is unchanged."))
    return redirect_to("segments.edit", public_id=twin.public_id)


@segments.post("/<uuid:public_id>/trash")
@access(Right.EDIT)
def trash(public_id: uuid.UUID) -> Response:
    """Put a segment into the trash."""
    segment = found(public_id)
    service.trash(web.session(), segment, web.person())
    toast(_("“%(name)s” is in the trash. You can bring it back from there.", name=segment.name))
    return redirect_to("segments.index", state="trash")


@segments.post("/<uuid:public_id>/restore")
@access(Right.EDIT)
def restore(public_id: uuid.UUID) -> Response:
    """Take a segment out of the trash."""
    service.restore(web.session(), found(public_id))
    toast(_("It is back."))
    return redirect_to("segments.show", public_id=public_id)
