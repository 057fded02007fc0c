"""Campaigns, reports and recipients as programs see and send them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from lux.gate.reads import DeliveryState
from lux.identity import companies
from lux.kit import clock
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.contacts import queries as contacts
from lux.rooms.email import audience, composing
from lux.rooms.email.forms import MAX_SOURCE
from lux.rooms.email.results import why
from lux.rooms.email.states import CampaignState
from lux.ui.api import Input, Moment, Output, PageOf, PageQuery

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.reads import DeliveryView
    from lux.rooms.email.queries import CampaignRow
    from lux.rooms.email.report import Report

Format = Literal["mjml", "html", "text"]
Source = Annotated[str, Field(max_length=MAX_SOURCE)]
Line = Annotated[str, Field(max_length=300)]
AUDIENCE = "“everyone”, or “segment:” and the id of a segment or list; empty = not chosen yet"


class CampaignOut(Output):
    """An e-mail campaign."""

    id: uuid.UUID
    name: str
    state: CampaignState
    subject: str
    preview_text: str
    format: Format
    source: str
    text: Annotated[str, Field(description="empty = made from the source")]
    sender: Annotated[str, Field(description="id of the sender; empty = not chosen yet")]
    reply_to: str
    audience: Annotated[str, Field(description=AUDIENCE)]
    track_opens: bool
    track_clicks: bool
    recipients: Annotated[int | None, Field(description="null = never submitted")]
    approval: Annotated[uuid.UUID | None, Field(description="id of the approval it was submitted under")]
    created_at: dt.datetime
    updated_at: dt.datetime
    trashed_at: dt.datetime | None
    version: int


class CampaignPage(PageOf[CampaignOut]):
    """One page of campaigns."""


class CampaignQuery(PageQuery):
    """Which campaigns."""

    q: Annotated[str, Field(max_length=200, description="part of the name")] = ""
    state: CampaignState | None = None
    trashed: bool = False


class CampaignIn(Input):
    """A new draft; only its name is needed."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    subject: Line = ""
    preview_text: Line = ""
    format: Format = "mjml"
    source: Source = ""
    text: Source = ""
    sender: Annotated[str, Field(max_length=36)] = ""
    reply_to: Annotated[str, Field(max_length=254)] = ""
    audience: Annotated[str, Field(max_length=64, description=AUDIENCE)] = ""
    track_opens: bool = True
    track_clicks: bool = True


class CampaignPatch(Input):
    """What changes of a campaign; what is left out stays."""

    name: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    subject: Line | None = None
    preview_text: Line | None = None
    format: Format | None = None
    source: Source | None = None
    text: Source | None = None
    sender: Annotated[str | None, Field(max_length=36)] = None
    reply_to: Annotated[str | None, Field(max_length=254)] = None
    audience: Annotated[str | None, Field(max_length=64, description=AUDIENCE)] = None
    track_opens: bool | None = None
    track_clicks: bool | None = None
    version: Annotated[int | None, Field(ge=1, description="the version you have seen")] = None


class VersionIn(Input):
    """The version a decision is about."""

    version: Annotated[int | None, Field(ge=1, description="the version you have seen")] = None


class SubmitIn(VersionIn):
    """When it may leave once it has its yes."""

    send_at: Annotated[Moment | None, Field(description="not before this moment; left out = at once")] = None


class FigureOut(Output):
    """One figure."""

    key: str
    label: str
    value: int | None
    of: Annotated[int | None, Field(description="denominator, where the figure is a share")]
    definition: str
    why: Annotated[str, Field(description="why the value is not known")]


class LinkOut(Output):
    """A tracked link."""

    url: str
    clicks: int
    recipients: int


class ReportOut(Output):
    """What became of a campaign."""

    at: dt.datetime
    recipients: int
    reached: int
    is_captured: Annotated[bool, Field(description="the built-in mailbox kept it: nothing left the installation")]
    outcome: list[FigureOut]
    engagement: list[FigureOut]
    links: list[LinkOut]


class SenderOut(Output):
    """Who a campaign may be written as."""

    id: str
    name: str
    email: str
    is_verified: Annotated[bool, Field(description="only a verified sender can be submitted")]


class SenderList(Output):
    """All senders of the company."""

    data: list[SenderOut]


class RecipientOut(Output):
    """One recipient."""

    contact: uuid.UUID | None
    email: str
    state: DeliveryState
    why: str
    code: int | None
    sent_at: dt.datetime | None
    first_opened_at: dt.datetime | None
    first_clicked_at: dt.datetime | None
    unsubscribed_at: dt.datetime | None


class RecipientPage(PageOf[RecipientOut]):
    """One page of recipients."""


class RecipientQuery(PageQuery):
    """Which recipients."""

    outcome: Literal["got", "waiting", "failed", "unknown", "skipped"] | None = None
    email: Annotated[str, Field(max_length=254, description="beginning of the address")] = ""


def shown(session: Session, row: CampaignRow) -> CampaignOut:
    """Return a campaign as programs see it."""
    campaign = row.campaign
    sender = composing.sender_of(session, campaign)
    return CampaignOut(
        id=campaign.public_id, name=campaign.name, state=row.state, subject=campaign.subject,
        preview_text=campaign.preview_text, format=campaign.format,  # one of the three
        source=campaign.source, text=campaign.text, sender=sender.public_id if sender else "",
        reply_to=campaign.reply_to, audience=audience.value_of(campaign), track_opens=campaign.track_opens,
        track_clicks=campaign.track_clicks, recipients=row.recipients,
        approval=row.outbound.item.public_id if row.outbound else None, created_at=campaign.created_at,
        updated_at=campaign.updated_at, trashed_at=campaign.trashed_at, version=campaign.version,
    )  # fmt: skip


def report(found: Report) -> ReportOut:
    """Return a report as programs see it."""
    names = [name for name in FigureOut.model_fields if name != "why"]

    def figures(rows: Sequence[object]) -> list[FigureOut]:
        made = []
        for row in rows:
            values = {name: getattr(row, name) for name in names}
            made.append(FigureOut(**values, why=getattr(row, "why", "") if values["value"] is None else ""))
        return made

    return ReportOut(
        at=found.at, recipients=found.recipients, reached=found.reached, is_captured=found.is_captured,
        outcome=figures(found.outcome), engagement=figures(found.engagement),
        links=[LinkOut(url=one.url, clicks=one.clicks, recipients=one.recipients) for one in found.links],
    )  # fmt: skip


def recipients(session: Session, rows: Sequence[DeliveryView]) -> list[RecipientOut]:
    """Return recipients as programs see them."""
    names = contacts.names_of(session, [row.contact_id for row in rows if row.contact_id is not None])
    found = []
    for row in rows:
        known = names.get(row.contact_id or 0)
        found.append(
            RecipientOut(
                contact=known.public_id if known else None,
                email=row.address,
                state=row.state,
                why=why(row),
                code=row.code,
                sent_at=row.sent_at,
                first_opened_at=row.first_opened_at,
                first_clicked_at=row.first_clicked_at,
                unsubscribed_at=row.unsubscribed_at,
            )
        )
    return found


def company_time(session: Session, moment: dt.datetime) -> dt.datetime:
    """Return a moment as wall time of the company's zone; raises InvalidInput for the hour that autumn repeats."""
    zone = companies.current(session).timezone
    local = clock.in_zone(moment, zone).replace(tzinfo=None, fold=0)
    if clock.local_to_utc(local, zone) != moment:
        raise InvalidInput(
            field="send_at",
            message=_("In the company's zone this hour comes twice that night."),
            fix=_("Choose a time an hour earlier or later."),
        )
    return local
