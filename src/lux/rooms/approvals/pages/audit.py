"""The company's audit chain: read, searched, verified, taken along as a file."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import request, url_for

from lux.identity import kept_files
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.net.storage import store_of
from lux.rooms.approvals.log import exports, reading, shown, watching
from lux.rooms.approvals.log import words as typed
from lux.rooms.approvals.log.forms import ExportForm, wanted_of
from lux.rooms.approvals.pages.blueprint import approvals
from lux.ui import files, lists, web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast
from lux.ui.paging import row_number
from lux.ui.web import company_id, person, session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from werkzeug.wrappers import Response

    from lux.rooms.approvals.log.reading import Line
    from lux.rooms.approvals.log.searching import Wanted
    from lux.rooms.approvals.models import AuditExport

NAMES = ("category", "action", "who", "via", "q", "since", "until")  # what an address may ask for


@approvals.get("/audit")
@access(Right.MANAGE)
def audit() -> Response:
    """Show the company's audit chain."""
    asked = {name: request.args[name] for name in NAMES if request.args.get(name)}
    wanted, before = wanted_of(asked, web.tz()), request.args.get("before", type=row_number)
    rows: list[Line] = lists.load("audit-rows", lambda: _found(wanted, before), [])
    around: dict[str, Any] = {"options": shown.options(session()), "standing": shown.standing(session())}
    around |= {"asked": asked, "is_owner": person().has(Right.OWN)}
    around |= {"first_url": _address(asked) if before is not None else None}
    following = _address(asked | {"before": rows[reading.PAGE - 1].id}) if len(rows) > reading.PAGE else None
    return page("approvals/audit.html", block="rows", lines=rows[: reading.PAGE], next_url=following, **around)


def _found(wanted: Wanted, before: int | None) -> list[Line]:
    return reading.search(session(), company_id(), wanted, before=before, limit=reading.PAGE + 1)


def _address(asked: Mapping[str, Any]) -> str:
    return f"{url_for('approvals.audit')}?{urlencode(asked)}"


@approvals.post("/audit/verify")
@access(Right.MANAGE)
def audit_verify() -> Response:
    """Have the chain verified now."""
    watching.ask(session(), person())
    toast(_("The audit log is being verified; load the page again in a moment."))
    return redirect_to("approvals.audit")


@approvals.post("/audit/<int:seq>/words")
@access(Right.OWN)
def audit_forget(seq: int) -> Response:
    """Remove what people typed for one row; the row and its hash stay."""
    typed.forget(session(), person(), seq)
    toast(_("The words are removed. The row stays, and the chain holds."))
    return redirect_to("approvals.audit")


@approvals.get("/audit/copies")
@access(Right.OWN)
def audit_copies() -> Response:
    """Show the form that asks for a copy, and the copies there are."""
    entries: Sequence[AuditExport] = lists.load("audit-copies", lambda: exports.latest(session()), [])
    rows = [kept_files.shown(session(), one) for one in entries]
    known: dict[str, Any] = {"days": exports.KEPT.days, "words": kept_files.words(), "form": form_state()}
    return page("approvals/audit_copies.html", block="files", rows=rows, standing=shown.standing(session()), **known)


@approvals.post("/audit/copies")
@access(Right.OWN)
@shows_again(audit_copies)
def audit_ask_copy() -> Response:
    """Ask for a copy."""
    exports.request(session(), person(), since=read_form(ExportForm).since)
    toast(_("The copy is being written."))
    return redirect_to("approvals.audit_copies")


@approvals.get("/audit/copies/<uuid:public_id>/audit.zip")
@access(Right.OWN)
def audit_copy(public_id: uuid.UUID) -> Response:
    """Send a copy; the chain notes who took it."""
    with web.database().begin(company_id()) as writing:
        name, blocks = exports.download(writing, store_of(web.settings()), public_id, person())
    return files.attachment(name, blocks, "application/zip")
