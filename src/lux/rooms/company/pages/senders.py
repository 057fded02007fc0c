"""Settings of the company: who it writes as, and the domains it signs for."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from lux.gate import domains, senders
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.company import service
from lux.rooms.company.forms import CodeForm, ConfirmationForm, DomainForm, SenderForm
from lux.rooms.company.pages.blueprint import company
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@company.get("/settings/senders")
@access(Right.MANAGE)
def sender_list() -> Response:
    """Show the company's senders."""
    return page("company/senders.html", form=form_state(), senders=senders.listing(web.session()))


@company.post("/settings/senders")
@access(Right.MANAGE)
@shows_again(sender_list)
def add_sender() -> Response:
    """Add a sender and mail its code, unless its domain proves it."""
    form = read_form(SenderForm)
    made = senders.add(web.session(), web.person(), name=form.name, email=form.email, reply_to=form.reply_to)
    if made.verified_at is None:
        senders.send_code(web.session(), web.person(), made.public_id)
    return redirect_to("company.sender", public_id=made.public_id)


@company.get("/settings/senders/<uuid:public_id>")
@access(Right.MANAGE)
def sender(public_id: uuid.UUID) -> Response:
    """Show one sender and the field for its code."""
    row = senders.by_public_id(web.session(), public_id)
    is_captured = senders.is_captured(web.session())
    return page("company/sender.html", form=form_state(), sender=row, is_captured=is_captured)


@company.post("/settings/senders/<uuid:public_id>/code")
@access(Right.MANAGE)
def send_code(public_id: uuid.UUID) -> Response:
    """Mail a new code."""
    row = senders.send_code(web.session(), web.person(), public_id)
    toast(_("A new code is on its way to %(email)s.", email=row.email))
    return redirect_to("company.sender", public_id=public_id)


@company.post("/settings/senders/<uuid:public_id>/confirm")
@access(Right.MANAGE)
@shows_again(sender)
def confirm_code(public_id: uuid.UUID) -> Response:
    """Compare the typed code."""
    service.confirm_sender(web.database(), web.person(), web.company_id(), public_id, read_form(CodeForm))
    toast(_("The address is verified. You can write as it now."))
    return redirect_to("company.sender_list")


@company.post("/settings/senders/<uuid:public_id>/remove")
@access(Right.MANAGE)
def remove_sender(public_id: uuid.UUID) -> Response:
    """Remove a sender."""
    senders.remove(web.session(), web.person(), public_id)
    toast(_("The sender is removed. Campaigns that were to leave under it are held back."))
    return redirect_to("company.sender_list")


@company.get("/settings/domains")
@access(Right.MANAGE)
def domain_list() -> Response:
    """Show the domains mails are signed for."""
    return page("company/domains.html", form=form_state(), domains=domains.listing(web.session()))


@company.post("/settings/domains")
@access(Right.MANAGE)
@shows_again(domain_list)
def add_domain() -> Response:
    """Add a domain and make its key."""
    row = domains.add(web.session(), web.person(), read_form(DomainForm).domain)
    return redirect_to("company.domain", public_id=row.public_id)


@company.get("/settings/domains/<uuid:public_id>")
@access(Right.MANAGE)
def domain(public_id: uuid.UUID) -> Response:
    """Show the records to copy, and what was seen of them."""
    row = domains.by_public_id(web.session(), public_id)
    return page("company/domain.html", row=row, records=domains.records(row), form=form_state(),
                secret=domains.key_seen(web.session(), row))  # fmt: skip


@company.post("/settings/domains/<uuid:public_id>/check")
@access(Right.MANAGE)
def check_domain(public_id: uuid.UUID) -> Response:
    """Look the records up now."""
    checks = domains.check(web.database(), web.settings(), web.company_id(), public_id)
    is_fine = all(check["ok"] for check in checks.values())
    toast(_("All records are there.") if is_fine else _("Not everything is there yet."), "ok" if is_fine else "info")
    return redirect_to("company.domain", public_id=public_id)


@company.post("/settings/domains/<uuid:public_id>/remove")
@access(Right.MANAGE)
@shows_again(domain)
def remove_domain(public_id: uuid.UUID) -> Response:
    """Remove a domain and destroy its key."""
    service.remove_domain(web.session(), web.person(), public_id, read_form(ConfirmationForm).confirmation)
    toast(_("The domain is removed and its key destroyed."))
    return redirect_to("company.domain_list")
