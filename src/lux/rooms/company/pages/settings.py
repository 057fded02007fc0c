"""Settings of the company: its details and its brand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.identity import companies
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.company import service
from lux.rooms.company.forms import FONTS, BrandForm, GeneralForm
from lux.rooms.company.pages.blueprint import company
from lux.rooms.signin import choices
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

DETAILS = (
    "name",
    "website",
    "postal_address",
    "timezone",
    "locale",
    "currency",
    "public_url",
    "unsend_seconds",
    "version",
)


@company.get("/settings")
@access(Right.MANAGE)
def general() -> Response:
    """Show the company's details."""
    row = companies.current(web.session())
    utm = row.utm or {}
    names = {f"utm_{name}": utm.get(name, "") for name in ("source", "medium")}
    form = form_state({**{name: getattr(row, name) for name in DETAILS}, "utm": utm.get("is_on", False), **names})
    return page("company/general.html", form=form, row=row, choices=choices, base_url=web.settings().base_url)


@company.post("/settings")
@access(Right.MANAGE)
@shows_again(general)
def save_general() -> Response:
    """Save the company's details."""
    service.change_details(web.session(), web.person(), read_form(GeneralForm))
    toast(_("Saved."))
    return redirect_to("company.general")


@company.get("/settings/brand")
@access(Right.MANAGE)
def brand() -> Response:
    """Show the company's brand."""
    row = companies.current(web.session())
    brand_now = service.brand_of(row)
    form = form_state({**{name: getattr(brand_now, name) for name in BrandForm.model_fields if name != "version"}})
    return page("company/brand.html", form=form, row=row, fonts=FONTS)


@company.post("/settings/brand")
@access(Right.MANAGE)
@shows_again(brand)
def save_brand() -> Response:
    """Save the company's brand."""
    service.change_brand(web.session(), web.person(), read_form(BrandForm))
    toast(_("Saved. It is used by what you write from now on."))
    return redirect_to("company.brand")
