"""Campaigns in the trash, for the house's overview and for the clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lux.kit.i18n import gettext as _
from lux.ports.trash import Rows
from lux.rooms.content.service import versions
from lux.rooms.email import service
from lux.rooms.email.models import Campaign

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session


class CampaignBin(Rows):
    """Only drafts go for good: what was submitted is named by decisions, figures and contacts' pages."""

    key, icon, order = "campaigns", "send", 20
    model, path = Campaign, "/campaigns/"

    def heading(self) -> str:
        """Return what they are called together."""
        return _("Campaigns")

    def detail(self, row: Campaign) -> str:
        """Return the subject."""
        return row.subject[:100]

    def kept_because(self, session: Session, row: Campaign) -> str:  # noqa: ARG002 - the row tells it
        """Return that it was submitted."""
        return _("It was submitted: decisions and figures name it.") if row.outbound_id else ""

    def may_go(self) -> Sequence[ColumnElement[bool]]:
        """Return that only drafts go: those that were sent stay for good, and are not read for nothing every night."""
        return (Campaign.outbound_id.is_(None),)

    def bring_back(self, session: Session, row: Campaign) -> None:
        """Take a campaign out of the trash."""
        service.restore(session, row)

    def delete(self, session: Session, row: Campaign) -> None:
        """Delete a draft with its versions."""
        versions.forget(session, service.subject_of(row))
        session.delete(row)
