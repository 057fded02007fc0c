"""Templates: the list, a new one, its page, its editor, the trash."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from flask import request, url_for

from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.content import queries, service
from lux.rooms.content.forms import NewTemplateForm, TemplateForm
from lux.rooms.content.pages.room import content, found
from lux.rooms.content.service import Changes, Content
from lux.rooms.content.starters import STARTERS
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast
from lux.ui.paging import row_number

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from lux.rooms.content.models import Template

PARTS = ("html", "phone", "text")


@content.get("/")
@access(Right.VIEW)
def index() -> Response:
    """List the company's templates, and the starters."""
    text, is_trash = request.args.get("q", "").strip(), request.args.get("state") == "trash"
    before = request.args.get("before", type=row_number)
    rows = queries.templates(
        web.session(), web.company_id(), text=text, is_trash=is_trash, before=before, limit=queries.PAGE + 1
    )
    shown = {**_paged(rows, text, is_trash=is_trash, before=before), "can_edit": web.person().has(Right.EDIT)}
    return page("content/index.html", block="rows", q=text, is_trash=is_trash, starters=STARTERS, **shown)


@content.get("/new")
@access(Right.EDIT)
def new() -> Response:
    """Ask for a name and what to start from."""
    form = form_state({"name": "", "starter": request.args.get("starter", "newsletter")})
    return page("content/new.html", form=form, starters=STARTERS)


@content.post("/new")
@access(Right.EDIT)
@shows_again(new)
def create() -> Response:
    """Make a template and open its editor."""
    form = read_form(NewTemplateForm)
    made = service.create(
        web.session(), web.company_id(), name=form.name, starter_key=form.starter, author=web.person()
    )
    return redirect_to("content.edit", public_id=made.public_id)


@content.get("/<uuid:public_id>")
@access(Right.VIEW)
def show(public_id: uuid.UUID) -> Response:
    """Show a template as a recipient would get it, and what there is to say about it."""
    template, text = found(public_id), request.args.get("q", "").strip()
    return page("content/show.html", q=text, **_shown(template, text, request.args.get("contact", "")))


@content.get("/<uuid:public_id>/edit")
@access(Right.EDIT)
def edit(public_id: uuid.UUID) -> Response:
    """Show the editor."""
    template = found(public_id)
    form = form_state({name: getattr(template, name) for name in TemplateForm.model_fields})
    present = Content(**{name: form.value(name) for name in ("format", "subject", "preview_text", "source", "text")})
    frame = url_for("content.frame", public_id=public_id)
    shown = service.editor(web.session(), present, frame_url=frame)
    return page("content/edit.html", record=template, form=form, editor=shown)


@content.post("/<uuid:public_id>/edit")
@access(Right.EDIT)
@shows_again(edit)
def save(public_id: uuid.UUID) -> Response:
    """Store a template; broken content may be stored, its problems are shown."""
    form = read_form(TemplateForm, _without_preview())
    written = Content(**form.model_dump(exclude={"name", "version"}))
    changes = Changes(name=form.name, content=written, version=form.version)
    service.change(web.session(), found(public_id), changes, editor=web.person())
    toast(_("Saved."))
    return redirect_to("content.edit" if "stay" in request.form else "content.show", public_id=public_id)


@content.post("/<uuid:public_id>/duplicate")
@access(Right.EDIT)
def duplicate(public_id: uuid.UUID) -> Response:
    """Make a copy."""
    twin = service.duplicate(web.session(), found(public_id), author=web.person())
    toast(_("This is the copy. The original is unchanged."))
    return redirect_to("content.edit", public_id=twin.public_id)


@content.post("/<uuid:public_id>/trash")
@access(Right.EDIT)
def trash(public_id: uuid.UUID) -> Response:
    """Put a template into the trash."""
    template = found(public_id)
    service.trash(web.session(), template, web.person())
    toast(_("“%(name)s” is in the trash. You can bring it back from there.", name=template.name))
    return redirect_to("content.index", state="trash")


@content.post("/<uuid:public_id>/restore")
@access(Right.EDIT)
def restore(public_id: uuid.UUID) -> Response:
    """Take a template out of the trash."""
    service.restore(web.session(), found(public_id))
    toast(_("It is back."))
    return redirect_to("content.show", public_id=public_id)


def _paged(rows: Any, text: str, *, is_trash: bool, before: int | None) -> dict[str, Any]:  # noqa: ANN401 - a sequence of rows
    shown = list(rows)[: queries.PAGE]
    wanted: dict[str, Any] = {"q": text or None, "state": "trash" if is_trash else None}
    has_more = len(rows) > queries.PAGE
    return {
        "rows": shown,
        "next_url": url_for("content.index", before=shown[-1].id, **wanted) if has_more else None,
        "first_url": url_for("content.index", **wanted) if before else None,
    }


def _shown(template: Template, text: str, contact: str) -> dict[str, Any]:
    session, part = web.session(), request.args.get("part", "html")
    try:
        chosen = uuid.UUID(contact)
    except ValueError:
        chosen = None
    return {
        "record": template,
        "can_edit": web.person().has(Right.EDIT),
        "part": part if part in PARTS else "html",
        "contact": str(chosen or ""),
        "recipients": [(str(key), label) for key, label in service.recipients(session, text)],
        "preview": service.preview(session, service.content_of(template), chosen),
        "checked": service.checked(session, service.content_of(template)),
    }


def _without_preview() -> Any:  # noqa: ANN401 - werkzeug's MultiDict
    """Return the posted form without what only the preview beside it needs."""
    kept = request.form.copy()
    for name in ("preview_contact", "preview_part", "preview_q", "stay"):
        kept.poplist(name)
    return kept
