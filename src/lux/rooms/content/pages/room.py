"""The room's blueprint, and what several of its pages need."""

from __future__ import annotations

import uuid

from flask import Blueprint

from lux.rooms.content import queries
from lux.rooms.content.models import Template
from lux.ui import web

content = Blueprint("content", __name__, template_folder="../templates", url_prefix="/templates")


def found(public_id: uuid.UUID) -> Template:
    """Return a template of the company being looked at; raises NotFound."""
    return queries.template(web.session(), web.company_id(), public_id)
