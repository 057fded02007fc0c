"""Website → Set up: domains, the snippet, how visitors are asked, and whether the site is seen."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from lux.identity import companies
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.rooms.site import queries
from lux.rooms.site.forms import DomainForm, SetupForm, read_host
from lux.rooms.site.pages import shown
from lux.rooms.site.pages.room import site
from lux.rooms.site.service import script, setup, status
from lux.rooms.site.service.status import Sight
from lux.ui import lists, web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@site.get("/setup/")
@access(Right.MANAGE)
def set_up() -> Response:
    """Show everything there is to set up, and what is seen of each domain."""
    return page("site/setup.html", block="sights", **_context())


@site.post("/setup/domains")
@access(Right.MANAGE)
@shows_again(set_up)
def add_domain() -> Response:
    """Register a domain."""
    host = setup.add_domain(web.session(), web.person(), read_host(read_form(DomainForm).host)).host
    toast(_("%(host)s is registered.", host=host))
    return redirect_to("site.set_up")


@site.post("/setup/domains/<uuid:public_id>/remove")
@access(Right.MANAGE)
def remove_domain(public_id: uuid.UUID) -> Response:
    """Take a domain off."""
    host = setup.remove_domain(web.session(), web.person(), public_id)
    toast(_("Nothing from %(host)s is taken any more.", host=host))
    return redirect_to("site.set_up")


@site.post("/setup/")
@access(Right.MANAGE)
@shows_again(set_up)
def save() -> Response:
    """Change how visitors are asked."""
    setup.save(web.session(), web.person(), read_form(SetupForm))
    toast(_("Saved. Pages of your site have it within five minutes."))
    return redirect_to("site.set_up")


def _context() -> dict[str, Any]:
    session = web.session()
    found = queries.setup(session)
    company = companies.current(session)
    return {
        "setup": found,
        "form": form_state(setup.initial(found)),
        "sights": lists.load("site-domains", lambda: status.sights(session), list[Sight]()),
        "snippet": script.snippet(session, found) if found else "",
        "default_text": script.default_text(company.name),
        "base_url": script.base_url(session),
        "words": shown.state_words(),
    }
