"""The queue: what waits, what is on its way, what is past; one item and what may be done to it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from flask import make_response, request

from lux.gate import preview, reads
from lux.gate.deciding import history, looking
from lux.gate.guests import seeing
from lux.gate.review import own_rules
from lux.identity import companies
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.approvals import fields, held, policy, queries, service, telling
from lux.rooms.approvals.forms import ApproveForm, CommentForm, ReasonForm, RejectForm
from lux.rooms.approvals.pages.blueprint import approvals
from lux.ui import csp, lists
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast
from lux.ui.paging import row_number
from lux.ui.web import person, session

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@approvals.get("/")
@access(Right.VIEW)
def index() -> Response:
    """Show what waits, what is on its way, what is past."""
    tab = request.args.get("tab", "waiting")
    states = queries.TABS.get(tab, queries.WAITING)
    before = request.args.get("before", type=row_number)
    none: list[reads.ItemView] = []
    items = lists.load(
        "approval-rows", lambda: reads.items(session(), states=states, before_id=before, limit=queries.PAGE + 1), none
    )
    shown = _shown(items[: queries.PAGE])
    return page("approvals/index.html", block="rows", tab=tab, more=len(items) > queries.PAGE, **shown)


def _shown(items: list[reads.ItemView]) -> dict[str, Any]:
    """Return what the list says of its items, and what stands around it."""
    return {
        "items": items,
        "looks": looking.at_items(session(), person(), items),
        "words": queries,
        "waiting": reads.waiting(session()),
        "leaving": queries.leaving(session()),
        "figures": telling.figures_of(session(), request.args.get("days", 0, type=int)),
        "span": telling.span,
    }


@approvals.get("/<uuid:public_id>")
@access(Right.VIEW)
def show(public_id: uuid.UUID) -> Response:
    """Show exactly what would leave, to whom, when, and what changed."""
    item, outbound = queries.one(session(), public_id)
    basis, changed = queries.changes(session(), item)
    leaving = [one for one in queries.leaving(session()) if one.id == outbound.id]
    samples = preview.samples(session(), item.id)
    return page("approvals/show.html", item=item, outbound=outbound, basis=basis, changed=changed, samples=samples,
                campaign=queries.campaign_of(session(), item), sample=request.args.get("as", type=row_number),
                form=form_state({}), words=queries, leaving=leaving,
                fields=fields.shown(item.body), previewed=fields.PREVIEWED, company=companies.current(session()),
                holds=held.holds(session(), item), rule_codes=_rule_codes(),
                zone=companies.current(session()).timezone, **_deciding(item))  # fmt: skip


def _rule_codes() -> frozenset[str]:
    """Return the codes whose rule this person may open."""
    return own_rules.codes(session()) if person().has(Right.MANAGE) else frozenset()


def _deciding(item: reads.ItemView) -> dict[str, Any]:
    """Return what is said about deciding on an item: by whom, what happened, what it comes after."""
    before, after = history.kin(session(), item)
    return {"look": looking.at_item(session(), person(), item), "history": telling.history(session(), item),
            "before": before, "after": after, "guest_readers": seeing.readers(session(), item),
            "series": queries.series_of(item), "later": held.later(session(), item)}  # fmt: skip


@approvals.post("/<uuid:public_id>/comment")
@access(Right.EDIT)
@shows_again(show)
def comment(public_id: uuid.UUID) -> Response:
    """Say something about it."""
    policy.comment(session(), person(), public_id, read_form(CommentForm).text)
    toast(_("Your comment stands in the history."))
    return redirect_to("approvals.show", public_id=public_id, _anchor="history")


@approvals.get("/<uuid:public_id>/preview")
@access(Right.VIEW)
def preview_frame(public_id: uuid.UUID) -> Response:
    """Serve the message itself for a sandboxed frame."""
    item = reads.item(session(), public_id)
    shown = preview.rendered(session(), item.id, contact_id=request.args.get("as", type=row_number))
    response = make_response(shown.html if request.args.get("part") != "text" else preview.text_page(shown.text))
    return csp.use_mail_preview_policy(response)


@approvals.post("/<uuid:public_id>/approve")
@access(Right.APPROVE)
@shows_again(show)
def approve(public_id: uuid.UUID) -> Response:
    """Say yes to what was shown."""
    form = read_form(ApproveForm)
    item = service.approve(session(), person(), public_id, shown_hash=form.shown_hash,
                           confirmation=form.confirmation, local=form.send_at)  # fmt: skip
    toast(service.approved_words(session(), item))
    return redirect_to("approvals.show", public_id=public_id)


@approvals.post("/<uuid:public_id>/reject")
@access(Right.APPROVE)
@shows_again(show)
def reject(public_id: uuid.UUID) -> Response:
    """Say no, with a reason."""
    form = read_form(RejectForm)
    service.reject(session(), person(), public_id, shown_hash=form.shown_hash, reason=form.reason)
    toast(_("Rejected. The author was told why."))
    return redirect_to("approvals.index")


@approvals.post("/<uuid:public_id>/cancel")
@access(Right.EDIT)
@shows_again(show)
def cancel(public_id: uuid.UUID) -> Response:
    """Take it back: nothing of it leaves, and what it was about is a draft again."""
    is_draft = service.cancel(session(), person(), public_id, reason=read_form(ReasonForm).reason)
    toast(_("Taken back. The campaign is a draft again.") if is_draft else _("Taken back. Nothing of it will leave."))
    return redirect_to("approvals.index")
