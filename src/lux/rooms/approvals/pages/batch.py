"""Several items at once: looked at together, decided on each by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from lux.gate import reads
from lux.gate.deciding import choosing, looking
from lux.identity.access import Right
from lux.rooms.approvals import batch as service
from lux.rooms.approvals import held, queries
from lux.rooms.approvals.forms import BatchApproveForm, BatchRejectForm
from lux.rooms.approvals.pages.blueprint import approvals
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page
from lux.ui.web import person, session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response


@approvals.get("/batch")
@access(Right.APPROVE)
def batch() -> Response:
    """Show what was chosen from the list, before anything is decided."""
    items = choosing.shown(session(), service.ids_in(request.args.getlist("ids"), request.form.getlist("chosen")))
    return page("approvals/batch.html", items=items, looks=looking.at_items(session(), person(), items),
                kinds={item.kind for item in items}, whole=sum(item.audience_count for item in items),
                value_of=service.value_of, holds=held.over(session(), items), most=service.BATCH,
                asked=len(request.args.getlist("ids")), form=form_state({}), words=queries)  # fmt: skip


@approvals.post("/batch/approve")
@access(Right.APPROVE)
@shows_again(batch)
def batch_approve() -> Response:
    """Say yes to each of them."""
    form = read_form(BatchApproveForm)
    chosen = service.parsed(form.chosen)
    return _report(service.approve(session(), person(), chosen, confirmation=form.confirmation))


@approvals.post("/batch/reject")
@access(Right.APPROVE)
@shows_again(batch)
def batch_reject() -> Response:
    """Say no to each of them."""
    form = read_form(BatchRejectForm)
    return _report(service.reject(session(), person(), service.parsed(form.chosen), reason=form.reason))


def _report(outcomes: Sequence[service.Outcome]) -> Response:
    done = sum(one.is_done for one in outcomes)
    items = choosing.shown(session(), [one.public_id for one in outcomes if one.is_done])
    holds = held.over(session(), [item for item in items if item.state is not reads.ItemState.PENDING])
    return page("approvals/batch_done.html", outcomes=outcomes, done=done, failed=len(outcomes) - done, holds=holds)
