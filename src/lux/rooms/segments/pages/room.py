"""The room's blueprint, and what several of its pages need."""

from __future__ import annotations

import uuid

from flask import Blueprint

from lux.rooms.segments import queries
from lux.rooms.segments.models import Segment
from lux.ui import web

segments = Blueprint("segments", __name__, template_folder="../templates", url_prefix="/segments")


def found(public_id: uuid.UUID) -> Segment:
    """Return a segment of the company being looked at; raises NotFound."""
    return queries.segment(web.session(), web.company_id(), public_id)
