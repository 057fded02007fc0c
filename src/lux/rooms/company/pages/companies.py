"""Going from one company to another, leaving one, making one, removing one."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from lux.identity import companies, members
from lux.identity.access import Right
from lux.kit.db import ALL_COMPANIES
from lux.kit.i18n import gettext as _
from lux.rooms.company import service
from lux.rooms.company.forms import ConfirmationForm, NewCompanyForm, SwitchForm
from lux.rooms.company.pages.blueprint import company
from lux.rooms.signin import choices
from lux.ui import web
from lux.ui.access import access, signed_in
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast
from lux.ui.shell import role_label

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@company.get("/companies")
@signed_in()
def mine() -> Response:
    """Show the companies the person belongs to."""
    rows = members.companies_of(web.session(), web.person().user_id)
    samples = service.samples(web.session(), web.person())
    return page("company/mine.html", rows=rows, samples=samples, role_label=role_label, form=form_state())


@company.post("/companies/switch")
@signed_in()
def switch() -> Response:
    """Look at another company."""
    token = service.switch(web.session(), web.person(), read_form(SwitchForm).company)
    web.remember_session(token)
    return redirect_to("home.index")


@company.post("/companies/leave")
@access(Right.VIEW)
def leave() -> Response:
    """Leave the present company."""
    members.remove(web.session(), web.person(), web.person().user_public_id)
    toast(_("You left the company."))
    return redirect_to("company.mine")


@company.get("/companies/new")
@signed_in()
def new() -> Response:
    """Show the form for another company."""
    companies.check_may_create(web.session(), web.person())
    form = form_state({"timezone": web.tz(), "currency": "EUR"})
    return page("company/new.html", form=form, choices=choices)


@company.post("/companies/new")
@signed_in()
@shows_again(new)
def create() -> Response:
    """Make another company and go there."""
    token = service.create(web.use_company(ALL_COMPANIES), web.person(), read_form(NewCompanyForm))
    web.remember_session(token)
    return redirect_to("company.setup")


@company.post("/companies/samples/<uuid:public_id>/remove")
@signed_in()
@shows_again(lambda public_id: mine())  # noqa: ARG005 - the list stands on a page without an id
def remove_sample(public_id: uuid.UUID) -> Response:
    """Erase a sample company."""
    typed = read_form(ConfirmationForm).confirmation
    service.remove_sample(web.use_company(ALL_COMPANIES), web.person(), public_id, typed)
    toast(_("The sample company and everything in it is gone."))
    return redirect_to("company.mine")


@company.get("/settings/remove")
@access(Right.OWN)
def removal() -> Response:
    """Show what removing the company means."""
    return page("company/removal.html", form=form_state(), row=companies.current(web.session()))


@company.post("/settings/remove")
@access(Right.OWN)
@shows_again(removal)
def remove() -> Response:
    """Erase the company."""
    service.remove(web.session(), web.person(), read_form(ConfirmationForm).confirmation)
    toast(_("The company and everything in it is gone. Its audit log stays."))
    return redirect_to("home.index")
