"""What the site adds elsewhere: navigation, a contact's visits, erasure, and who follows a link of a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.kit.i18n import gettext as _
from lux.ports.contributions import Contributions, NavItem, Panel
from lux.rooms.site import queries
from lux.rooms.site.service import identity, visitors

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SHOWN_VISITS = 5


class Visits:
    """A contact's visits, on the contact's page."""

    def panel(self, session: Session, _company_id: int, contact_id: int) -> Panel | None:
        """Return the latest visits and how the contact is known by; None when no browser is known to be theirs."""
        browsers = queries.visitors_of(session, contact_id)
        if not browsers:
            return None
        context = {
            "browsers": browsers,
            "total": sum(one.visits for one in browsers),
            "visits": queries.visits_of(session, contact_id, SHOWN_VISITS),
        }
        return Panel(title=_("Website"), template="site/_contact_panel.html", context=context, order=35)


class ForgetVisitors:
    """What the site knows of one person."""

    def erase(self, session: Session, _company_id: int, contact_id: int, _address_key: str | None) -> int:
        """Cut the link between the person and their browsers; visits stay counted."""
        return visitors.forget_contact(session, contact_id)


class OwnSite:
    """Says on the way to the company's own site who follows a link of a mail."""

    def dressed(self, session: Session, contact_id: int, url: str) -> str:
        """Return the target with that word, or as it is."""
        return identity.dressed(session, contact_id, url)


CONTRIBUTIONS = Contributions(
    nav=(NavItem(endpoint="site.index", icon="globe", label=lambda: _("Website"), section="grow", key="w", order=30),),
    panels=(Visits(),),
    erasers=(ForgetVisitors(),),
    link_dressers=(OwnSite(),),
)
