"""What the newsletter offers to the house: asking people whether they want mail, and who was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.identity.access import Right
from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.ports.contributions import Contributions, Panel
from lux.ports.opt_in import OptInAsk, OptInOutcome
from lux.rooms.contacts.models import Contact
from lux.rooms.newsletter import opt_in, reminding

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class DoubleOptIn:
    """Asks by one mail."""

    def start(self, session: Session, ask: OptInAsk) -> OptInOutcome:
        """Mail the link, or say why not."""
        return opt_in.start(session, ask)


class OpenOptIn:
    """The block “Waits for their confirmation” on a contact's page."""

    def panel(self, session: Session, company_id: int, contact_id: int) -> Panel | None:  # noqa: ARG002 - the session carries the company
        """Return since when and until when, and whether to ask again; None when nobody waits."""
        contact = session.get_one(Contact, contact_id)
        found = reminding.waiting(session, contact)
        if found is None:
            return None
        is_over = found.row is None or found.row.expires_at <= clock.now()
        context = {
            "opt_in": found.row, "is_over": is_over, "why_not": found.why_not, "contact_id": contact.public_id,
            "edit": Right.EDIT,
        }  # fmt: skip
        return Panel(title=_("Double opt-in"), template="newsletter/_contact_panel.html", context=context, order=15)


class AskedPeople:
    """Forgets that an erased person was ever asked."""

    def erase(self, session: Session, company_id: int, contact_id: int, address_key: str | None) -> int:  # noqa: ARG002 - the protocol's shape
        """Erase and return how many rows went."""
        return opt_in.forget(session, address_key) if address_key else 0


CONTRIBUTIONS = Contributions(panels=(OpenOptIn(),), erasers=(AskedPeople(),), opt_ins=(DoubleOptIn(),))
