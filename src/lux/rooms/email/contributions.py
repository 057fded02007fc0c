"""What campaigns add elsewhere: navigation, tiles, the first-mail step, a contact's mails, search, erasure, notices."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lux.gate import engagement, reads
from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.ports.contributions import Contributions, NavItem, Panel, SetupStep, Subject
from lux.ports.finding import PaletteAction, SearchHit
from lux.rooms.email import queries, repeating, tiles
from lux.rooms.email.content_users import CampaignTexts
from lux.rooms.email.fast.health import HitsHealth
from lux.rooms.email.states import delivery_label
from lux.rooms.notifications import service as notifications

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.reads import ItemView
    from lux.rooms.email.models import Campaign
from lux.rooms.email.trash import CampaignBin

SHOWN_MAILS = 20  # on a contact's page


class Mails:
    """What one contact got, on the contact's page."""

    def panel(self, session: Session, _company_id: int, contact_id: int) -> Panel | None:
        """Return the latest mails with what became of each; None when there were none."""
        rows = reads.contact_deliveries(session, contact_id, SHOWN_MAILS)
        if not rows:
            return None
        ids = [item.subject[1] for _row, item in rows if item.subject[0] == queries.SUBJECT]
        campaigns = queries.by_ids(session, [number for number in ids if number is not None])
        context = {"rows": rows, "campaigns": campaigns, "delivery_label": delivery_label}
        return Panel(title=_("Mails"), template="email/_contact_panel.html", context=context, order=30)


class FirstMail:
    """The step of the set-up path that ends it."""

    def step(self, session: Session, _company_id: int) -> SetupStep:
        """Look whether a campaign has left (or was captured)."""
        is_done = bool(queries.ended(session, limit=1))
        return SetupStep(
            key="first_mail",
            title=_("Send your first mail"),
            detail=_("Write a campaign, submit it, have it approved. Without a mail server it is captured."),
            url="/campaigns/new" if queries.count(session) == 0 else "/campaigns/",
            is_done=is_done,
            order=90,
        )


class FindCampaigns:
    """Campaigns in the search over everything."""

    key, icon, minimum_role, order = "campaigns", "send", "viewer", 20

    def heading(self) -> str:
        """Return what stands over them."""
        return _("Campaigns")

    def search(self, session: Session, _company_id: int, text: str, limit: int) -> Sequence[SearchHit]:
        """Return campaigns whose name or subject contains the text."""
        found = queries.rows_of(session, queries.search(session, text, limit))
        return [
            SearchHit(
                label=row.campaign.name,
                kind=_("Campaign"),
                url=f"/campaigns/{row.campaign.public_id}",
                detail=row.campaign.subject[:100],
                state=row.chip,
                state_label=row.label,
            )
            for row in found
        ]


class EraseDeliveries:
    """What campaigns know of one person."""

    def erase(self, session: Session, _company_id: int, contact_id: int, address_key: str | None) -> int:
        """Blank the person's deliveries; the rows stay, so that figures stay true."""
        return engagement.forget(session, contact_id, address_key)


class TellAuthor:
    """Word to whoever wrote a campaign about what became of it."""

    def on_change(self, session: Session, _company_id: int, subject: tuple[str, int], event: str) -> None:
        """Leave a notice for the author of a campaign."""
        if subject[0] != queries.SUBJECT:
            return
        campaign = queries.by_ids(session, [subject[1]]).get(subject[1])
        item = reads.item_of_subject(session, subject)
        said = _words(campaign.name).get(event) if campaign else None
        if campaign is None or item is None or said is None:
            return
        level = said[1]
        url = f"/campaigns/{campaign.public_id}"
        to = [item.author_id] if item.author_id else Right.EDIT
        body = _body(session, item, event)
        notifications.notify(
            session,
            to,
            kind=f"campaign.{event}",
            title=lambda: _words(campaign.name)[event][0],
            body=body,
            url=url,
            level=level,
        )


class Campaigns:
    """Lets rules of segments name campaigns."""

    subject_type = queries.SUBJECT

    def resolve(
        self, session: Session, _company_id: int, public_ids: Sequence[uuid.UUID]
    ) -> Mapping[uuid.UUID, Subject]:
        """Return those that exist, also in the trash."""
        return {row.public_id: _subject(row) for row in queries.by_public_ids(session, public_ids)}

    def choices(self, session: Session, _company_id: int, limit: int) -> Sequence[Subject]:
        """Return the latest campaigns that were submitted, newest first."""
        return [_subject(row) for row in queries.submitted(session, limit)]


def _body(session: Session, item: ItemView, event: str) -> str:
    if event in {"paused", "failed"}:
        outbound = reads.item_outbound(session, item.id, with_counts=False)
        return outbound.pause_reason or outbound.reason
    return item.reason if event in {"rejected", "returned"} else ""


def _subject(row: Campaign) -> Subject:
    return Subject(id=row.id, public_id=row.public_id, name=row.name)


def _words(name: str) -> dict[str, tuple[str, str]]:
    return {
        "approved": (_("“%(name)s” was approved", name=name), "ok"),
        "rejected": (_("“%(name)s” was rejected", name=name), "warn"),
        "half_approved": (_("“%(name)s” has one yes; a second person has to look", name=name), "info"),
        "expired": (_("“%(name)s” has expired: nobody decided in time", name=name), "warn"),
        "returned": (_("“%(name)s” needs a new yes", name=name), "warn"),
        "done": (_("“%(name)s” is done", name=name), "ok"),
        "failed": (_("“%(name)s” failed", name=name), "bad"),
        "paused": (_("“%(name)s” is paused", name=name), "warn"),
        "series_ended": (_("“%(name)s” has come to the end of its series", name=name), "info"),
        "run_skipped": (_("A run of “%(name)s” was left out", name=name), "warn"),
        "unknown": (_("“%(name)s”: some outcomes are unknown", name=name), "warn"),
    }


CONTRIBUTIONS = Contributions(
    nav=(
        NavItem(endpoint="email.index", icon="send", label=lambda: _("Campaigns"), section="create", key="m", order=10),
        NavItem(endpoint="mailbox.index", icon="inbox", label=lambda: _("Mailbox"), section="operate", order=40),
    ),
    panels=(Mails(),),
    setup_steps=(FirstMail(),),
    health=(HitsHealth(),),
    trash=(CampaignBin(),),
    search=(FindCampaigns(),),
    actions=(
        PaletteAction(
            endpoint="email.new",
            icon="edit-3",
            label=lambda: _("New campaign"),
            words=lambda: _("create write mail newsletter"),
            minimum_role="marketer",
            order=10,
        ),
        PaletteAction(endpoint="mailbox.index", icon="inbox", label=lambda: _("Mailbox"), is_page=True, order=40),
    ),
    erasers=(EraseDeliveries(),),
    observers=(TellAuthor(),),
    subject_resolvers=(Campaigns(),),
    run_keepers=(repeating.CampaignRuns(),),
    content_users=(CampaignTexts(),),
    tiles=(tiles.Trouble(), tiles.Today(), tiles.Result(), tiles.Hub()),
)
