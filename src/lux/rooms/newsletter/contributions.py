"""What the newsletter offers to the house: asking people whether they want mail, and who was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.ports.contributions import Contributions, Panel
from lux.ports.opt_in import OptInAsk, OptInOutcome
from lux.rooms.newsletter import opt_in, queries

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
        """Return since when and until when; None when nobody waits."""
        key = queries.address_key_of(session, contact_id)
        row = queries.opt_in_of(session, key) if key else None
        if row is None or row.confirmed_at is not None:
            return None
        context = {"opt_in": row, "is_over": row.expires_at <= clock.now()}
        return Panel(title=_("Double opt-in"), template="newsletter/_contact_panel.html", context=context, order=15)


class AskedPeople:
    """Forgets that an erased person was ever asked."""

    def erase(self, session: Session, company_id: int, contact_id: int, address_key: str | None) -> int:  # noqa: ARG002 - the protocol's shape
        """Erase and return how many rows went."""
        return opt_in.forget(session, address_key) if address_key else 0


CONTRIBUTIONS = Contributions(panels=(OpenOptIn(),), erasers=(AskedPeople(),), opt_ins=(DoubleOptIn(),))
