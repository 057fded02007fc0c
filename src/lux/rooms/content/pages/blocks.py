"""Blocks: the list, a new one, one of them with its preview and where it is used, the trash."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from flask import make_response

from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.content import queries, service
from lux.rooms.content.forms import BlockForm
from lux.rooms.content.models import Block
from lux.rooms.content.pages.room import content
from lux.rooms.content.service import blocks as library
from lux.rooms.content.starters.blocks import READY_MADE, ready_made
from lux.ui import csp, web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast
from lux.ui.parsing import parse

if TYPE_CHECKING:
    from flask import Response as FlaskResponse
    from werkzeug.wrappers import Response


@content.get("/blocks")
@access(Right.VIEW)
def blocks() -> Response:
    """List the company's blocks, and the ready-made ones it has not taken yet."""
    rows = queries.blocks(web.session(), web.company_id())
    taken = {row.key for row in rows}
    ready = [one for one in READY_MADE if one.key not in taken]
    return page("content/blocks.html", rows=rows, ready_made=ready, can_edit=web.person().has(Right.EDIT))


@content.get("/blocks/new")
@access(Right.EDIT)
def block_new() -> Response:
    """Show an empty block."""
    return page("content/block_new.html", form=form_state({"format": "mjml"}))


@content.post("/blocks/new")
@access(Right.EDIT)
@shows_again(block_new)
def block_create() -> Response:
    """Make a block."""
    made = library.create(web.session(), read_form(BlockForm), author=web.person())
    toast(_("The block is in the library."))
    return redirect_to("content.block", public_id=made.public_id)


@content.post("/blocks/take/<key>")
@access(Right.EDIT)
def block_take(key: str) -> Response:
    """Put a ready-made block into the company's own library."""
    origin = ready_made(key)
    values = {"key": origin.key, "name": origin.label(), "format": "mjml", "source": origin.source}
    made = library.create(web.session(), parse(BlockForm, values), author=web.person())
    toast(_("It is yours now: change it as you like."))
    return redirect_to("content.block", public_id=made.public_id)


@content.get("/blocks/<uuid:public_id>")
@access(Right.VIEW)
def block(public_id: uuid.UUID) -> Response:
    """Show a block, how it looks, and where it is used."""
    record = _found(public_id)
    form = form_state({name: getattr(record, name) for name in BlockForm.model_fields})
    used = library.uses(web.session(), record)
    return page("content/block.html", record=record, form=form, used=used, can_edit=web.person().has(Right.EDIT))


@content.post("/blocks/<uuid:public_id>")
@access(Right.EDIT)
@shows_again(block)
def block_save(public_id: uuid.UUID) -> Response:
    """Store a block."""
    library.change(web.session(), _found(public_id), read_form(BlockForm))
    toast(_("Saved. What is approved or sent keeps the words it had."))
    return redirect_to("content.block", public_id=public_id)


@content.post("/blocks/<uuid:public_id>/trash")
@access(Right.EDIT)
def block_trash(public_id: uuid.UUID) -> Response:
    """Put a block into the trash."""
    record = _found(public_id)
    library.trash(web.session(), record, web.person())
    toast(_("“%(name)s” is in the trash. You can bring it back from there.", name=record.name))
    return redirect_to("content.blocks")


@content.post("/blocks/<uuid:public_id>/restore")
@access(Right.EDIT)
def block_restore(public_id: uuid.UUID) -> Response:
    """Take a block out of the trash."""
    library.restore(web.session(), _found(public_id))
    toast(_("It is back."))
    return redirect_to("content.block", public_id=public_id)


@content.get("/blocks/<uuid:public_id>/frame")
@access(Right.VIEW)
def block_frame(public_id: uuid.UUID) -> FlaskResponse:
    """Show a block alone, in its sandbox."""
    record = _found(public_id)
    shown = service.preview_html(web.session(), library.alone(record.format, record.source))
    return csp.use_mail_preview_policy(make_response(shown))


@content.get("/blocks/ready/<key>/frame")
@access(Right.VIEW)
def block_ready_frame(key: str) -> FlaskResponse:
    """Show a ready-made block in the company's brand."""
    shown = service.preview_html(web.session(), library.alone("mjml", ready_made(key).source))
    return csp.use_mail_preview_policy(make_response(shown))


def _found(public_id: uuid.UUID) -> Block:
    return queries.block(web.session(), web.company_id(), public_id)
