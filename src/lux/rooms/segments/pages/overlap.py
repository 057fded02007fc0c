"""How two to four segments overlap: sizes and every part of them, counted in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from lux.identity.access import Right
from lux.kit.errors import BrokenRule
from lux.kit.i18n import gettext as _
from lux.rooms.segments import queries, service
from lux.rooms.segments.pages.room import segments
from lux.rooms.segments.service.overlaps import LEAST, MOST
from lux.ui import web
from lux.ui.access import access
from lux.ui.pages import page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response

    from lux.rooms.segments.models import Segment


@segments.get("/overlap")
@access(Right.VIEW)
def overlap() -> Response:
    """Choose segments, and show who is in several of them."""
    rows = queries.segments(web.session(), web.company_id())
    wanted = list(dict.fromkeys(request.args.getlist("segment")))
    chosen = [row for row in rows if str(row.public_id) in wanted]
    problem, found = "", None
    if wanted and not LEAST <= len(chosen) <= MOST:
        problem = _("Choose two to four segments.")
    elif chosen:
        found, problem = _count(chosen)
    ids = {str(row.public_id) for row in chosen}
    return page("segments/overlap.html", rows=rows, chosen=ids, problem=problem, overlap=found)


def _count(chosen: Sequence[Segment]) -> tuple[service.Overlap | None, str]:
    try:
        return service.overlap(web.session(), chosen), ""
    except BrokenRule as error:
        return None, f"{error.message} {error.fix}"
