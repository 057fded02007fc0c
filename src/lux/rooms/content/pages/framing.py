"""Previews in their sandboxed frames, and what the editor asks while people type; nothing is stored here."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from flask import make_response, request

from lux.identity.access import Right
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.content import service
from lux.rooms.content.forms import EditorForm, read_editor
from lux.rooms.content.pages.room import content, found
from lux.rooms.content.service import Content
from lux.rooms.content.service.previews import text_page
from lux.rooms.content.starters import starter
from lux.ui import csp, web
from lux.ui.access import access
from lux.ui.pages import page

if TYPE_CHECKING:
    from flask import Response as FlaskResponse
    from werkzeug.wrappers import Response


@content.get("/<uuid:public_id>/frame")
@access(Right.VIEW)
def frame(public_id: uuid.UUID) -> FlaskResponse:
    """Show a stored template, filled for a contact or with examples."""
    contact, part = request.args.get("contact", type=uuid.UUID), request.args.get("part", "html")
    return _framed(service.preview_html(web.session(), service.content_of(found(public_id)), contact, part))


@content.get("/starters/<key>/frame")
@access(Right.VIEW)
def starter_frame(key: str) -> FlaskResponse:
    """Show a starter in the company's brand."""
    origin = starter(key)
    written = Content(format=origin.format, source=origin.source, preview_text=origin.preview_text())
    return _framed(service.preview_html(web.session(), written))


@content.post("/preview")
@access(Right.EDIT)
def preview() -> FlaskResponse:
    """Show what stands in an editor, into the editor's own frame."""
    try:
        form = read_editor(request.form)
    except InvalidInput as error:
        return _framed(text_page(_("This can't be shown yet."), error.problems[0].message))
    with web.database().read(web.company_id()) as session:
        return _framed(service.preview_html(session, _written(form), form.preview_contact, form.preview_part))


@content.post("/check")
@access(Right.EDIT)
def check() -> Response:
    """Say what there is to say about what stands in an editor."""
    form = read_editor(request.form)
    with web.database().read(web.company_id()) as session:
        return page("content/_findings.html", checked=service.checked(session, _written(form)))


@content.post("/text-part")
@access(Right.EDIT)
def text_part() -> Response:
    """Say how the text part in an editor stands to its content."""
    form = read_editor(request.form)
    with web.database().read(web.company_id()) as session:
        return page("content/_text_part.html", text_part=service.text_part(session, _written(form)))


@content.get("/recipients")
@access(Right.EDIT)
def recipients() -> Response:
    """Find recipients to preview as, for the editor's list."""
    text = request.args.get("preview_q", "").strip()
    return page("content/_recipients.html", recipients=service.recipients(web.session(), text))


def _written(form: EditorForm) -> Content:
    return Content(**form.model_dump(exclude={"preview_contact", "preview_part"}))


def _framed(html: str) -> FlaskResponse:
    return csp.use_mail_preview_policy(make_response(html))
