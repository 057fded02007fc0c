"""The library's pages: its pictures, one of them, upload, words, the trash."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from flask import request, url_for

from lux.identity.access import Right
from lux.kit.errors import FieldProblem, InvalidInput
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.net.storage import store_of
from lux.rooms.content import queries
from lux.rooms.content.forms import MediaForm
from lux.rooms.content.models import Media
from lux.rooms.content.pages.room import content
from lux.rooms.content.service import media as library
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast
from lux.ui.paging import row_number

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

MOST = 20  # files at once


@content.get("/media")
@access(Right.VIEW)
def media() -> Response:
    """Show the library."""
    text, label = request.args.get("q", "").strip(), request.args.get("label", "").strip()
    before = request.args.get("before", type=row_number)
    limit = queries.PAGE + 1
    rows = queries.library(web.session(), web.company_id(), text=text, label=label, before=before, limit=limit)
    return page("content/media.html", block="rows", **_listed(list(rows), text, label, is_later=before is not None))


@content.post("/media")
@access(Right.EDIT)
@shows_again(media)
def media_upload() -> Response:
    """Take files in; those that are no pictures are named, the others are kept."""
    taken, problems = _taken()
    if not taken:
        raise InvalidInput(_("Nothing was taken."), problems=problems)
    made = [library.add(web.session(), one, author=web.person()) for one in taken]
    toast(ngettext("One picture is in the library.", "%(num)s pictures are in the library.", len(made)))
    for problem in problems:
        toast(f"{problem.message} {problem.fix}", "bad")
    if len(made) == 1:
        return redirect_to("content.media_show", public_id=made[0].public_id)
    return redirect_to("content.media")


@content.get("/media/<uuid:public_id>")
@access(Right.VIEW)
def media_show(public_id: uuid.UUID) -> Response:
    """Show a picture, its words, its addresses, and where it stands."""
    record = _found(public_id)
    initial = {name: getattr(record, name) for name in ("name", "alt", "is_decorative", "version")}
    form = form_state({**initial, "labels": ", ".join(library.unpacked(record.labels))})
    return page("content/media_show.html", form=form, **_shown(record))


@content.post("/media/<uuid:public_id>")
@access(Right.EDIT)
@shows_again(media_show)
def media_save(public_id: uuid.UUID) -> Response:
    """Store a picture's words."""
    library.describe(web.session(), _found(public_id), read_form(MediaForm))
    toast(_("Saved."))
    return redirect_to("content.media_show", public_id=public_id)


@content.post("/media/<uuid:public_id>/trash")
@access(Right.EDIT)
def media_trash(public_id: uuid.UUID) -> Response:
    """Put a picture into the trash; what shows it shows it still."""
    record = _found(public_id)
    library.trash(web.session(), record, web.person())
    toast(_("“%(name)s” is in the trash. You can bring it back from there.", name=record.name))
    return redirect_to("content.media")


@content.post("/media/<uuid:public_id>/restore")
@access(Right.EDIT)
def media_restore(public_id: uuid.UUID) -> Response:
    """Take a picture out of the trash."""
    library.restore(web.session(), _found(public_id))
    toast(_("It is back."))
    return redirect_to("content.media_show", public_id=public_id)


def _found(public_id: uuid.UUID) -> Media:
    return queries.media(web.session(), web.company_id(), public_id)


def _taken() -> tuple[list[library.Taken], list[FieldProblem]]:
    """Write what was uploaded into the store, before any transaction begins."""
    files = [one for one in request.files.getlist(library.FIELD) if one.filename]
    if not files:
        raise InvalidInput(field=library.FIELD, message=_("Choose a file."))
    if len(files) > MOST:
        raise InvalidInput(
            field=library.FIELD,
            message=_("That is too much at once."),
            fix=_("Upload at most %(most)s files at a time.", most=MOST),
        )
    taken: list[library.Taken] = []
    problems: list[FieldProblem] = []
    for one in files:
        try:
            taken.append(library.take(store_of(web.settings()), one.stream, str(one.filename)))  # type: ignore[arg-type]
        except InvalidInput as error:
            words = f"{one.filename}: {error.message}"
            problems.append(FieldProblem(field=library.FIELD, message=words, fix=error.fix))
    return taken, problems


def _listed(rows: list[Media], text: str, label: str, *, is_later: bool) -> dict[str, Any]:
    shown = rows[: queries.PAGE]
    wanted: dict[str, Any] = {"q": text or None, "label": label or None}
    has_more = len(rows) > queries.PAGE
    return {
        "rows": shown,
        "library": library,
        "q": text,
        "label": label,
        "label_options": [
            ("", _("All")),
            *((one, one) for one in queries.media_labels(web.session(), web.company_id())),
        ],
        "form": form_state({}),
        "can_edit": web.person().has(Right.EDIT),
        "next_url": url_for("content.media", before=shown[-1].id, **wanted) if has_more else None,
        "first_url": url_for("content.media", **wanted) if is_later else None,
    }


def _shown(record: Media) -> dict[str, Any]:
    return {
        "record": record,
        "library": library,
        "used": library.uses(web.session(), record),
        "can_edit": web.person().has(Right.EDIT),
    }
