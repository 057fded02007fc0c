"""The rules by which everything that waits for a yes is looked at: those of LUX, and the company's own."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from lux.gate.review import look, own_rules
from lux.gate.review.rules import built_in
from lux.identity import companies
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.approvals import queries
from lux.rooms.approvals.pages.blueprint import approvals
from lux.rooms.approvals.review_forms import RuleForm, TryForm
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast
from lux.ui.web import person, session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from werkzeug.wrappers import Response


@approvals.get("/rules")
@access(Right.MANAGE)
def rules(*, text: str = "", tried: Sequence[Mapping[str, str]] | None = None) -> Response:
    """Show all rules, the brand's words and sites, and a field to try them on a text."""
    return page("approvals/rules.html", built_in=built_in(), own=own_rules.listing(session()), words=queries,
                brand=companies.current(session()).brand, form=form_state({"text": text}), tried=tried)  # fmt: skip


@approvals.post("/rules/try")
@access(Right.MANAGE)
@shows_again(rules)
def try_rules() -> Response:
    """Look at a pasted text by all rules; nothing is stored or sent."""
    text = read_form(TryForm).text
    return rules(text=text, tried=[finding.plain() for finding in look.of_text(session(), text)])


@approvals.get("/rules/new")
@access(Right.MANAGE)
def new_rule() -> Response:
    """Show the form of a new rule."""
    return page("approvals/rule.html", rule=None, form=form_state({"severity": "warn"}))


@approvals.post("/rules/new")
@access(Right.MANAGE)
@shows_again(new_rule)
def add_rule() -> Response:
    """Store a new rule."""
    row = own_rules.add(session(), person(), read_form(RuleForm).draft())
    toast(_("“%(name)s” is looked for from now on.", name=row.name))
    return redirect_to("approvals.rules")


@approvals.get("/rules/<uuid:public_id>")
@access(Right.MANAGE)
def rule(public_id: uuid.UUID) -> Response:
    """Show one of the company's rules."""
    row = own_rules.by_public_id(session(), public_id)
    names = ("name", "severity", "phrases", "unless", "message", "fix")
    return page("approvals/rule.html", rule=row, form=form_state({name: getattr(row, name) for name in names}))


@approvals.post("/rules/<uuid:public_id>")
@access(Right.MANAGE)
@shows_again(rule)
def change_rule(public_id: uuid.UUID) -> Response:
    """Change a rule."""
    form = read_form(RuleForm)
    row = own_rules.change(session(), person(), public_id, form.draft(), version=form.version)
    toast(_("Saved. “%(name)s” is looked for from now on.", name=row.name))
    return redirect_to("approvals.rules")


@approvals.post("/rules/<uuid:public_id>/remove")
@access(Right.MANAGE)
def remove_rule(public_id: uuid.UUID) -> Response:
    """Remove a rule."""
    toast(_("“%(name)s” is no longer looked for.", name=own_rules.remove(session(), person(), public_id)))
    return redirect_to("approvals.rules")
