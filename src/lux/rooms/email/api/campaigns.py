"""The API of campaigns: write drafts, submit them for a person's yes, read what became of them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from lux.identity.api_keys import Scope
from lux.kit.errors import WrongState
from lux.kit.i18n import gettext as _
from lux.rooms.content.service import Content
from lux.rooms.email import api_shapes as shapes
from lux.rooms.email import composing, drafts, launch, queries, report, results, service
from lux.rooms.email.api_shapes import (
    CampaignIn,
    CampaignOut,
    CampaignPage,
    CampaignPatch,
    CampaignQuery,
    RecipientPage,
    RecipientQuery,
    ReportOut,
    SenderList,
    SenderOut,
    SubmitIn,
    VersionIn,
)
from lux.rooms.email.forms import CampaignForm
from lux.rooms.email.links import links_for
from lux.ui import web
from lux.ui.api import check_version, next_page, operation, program, room
from lux.ui.parsing import parse

if TYPE_CHECKING:
    from lux.gate.reads import OutboundView
    from lux.rooms.email.models import Campaign

campaigns = room("email")
blueprints = (campaigns,)
TAG = "Campaigns"


@operation(campaigns, "GET /campaigns", scope=Scope.CAMPAIGNS_READ, tag=TAG, query=CampaignQuery, answer=CampaignPage)
def list_campaigns(query: CampaignQuery) -> CampaignPage:
    """List campaigns, the newest first."""
    part = queries.listing(
        web.session(), state=query.state, text=query.q, in_trash=query.trashed, cursor=query.cursor, limit=query.limit
    )
    data = [shapes.shown(web.session(), row) for row in part.rows]
    return CampaignPage(data=data, next=next_page(part.next_cursor))


@operation(
    campaigns, "POST /campaigns", scope=Scope.CAMPAIGNS_WRITE, tag=TAG, body=CampaignIn, answer=CampaignOut, status=201
)
def create_campaign(body: CampaignIn) -> CampaignOut:
    """Make a draft; nothing is sent by this."""
    session = web.session()
    made = service.create(session, name=body.name, content=Content(), author=program())
    ours = {"utm": made.utm is not None, "version": made.version}
    form = parse(CampaignForm, {**body.model_dump(exclude_none=True), **ours})
    drafts.save(session, made, form, editor=program())
    return _one(made)


@operation(campaigns, "GET /campaigns/<uuid:public_id>", scope=Scope.CAMPAIGNS_READ, tag=TAG, answer=CampaignOut)
def read_campaign(public_id: uuid.UUID) -> CampaignOut:
    """Read a campaign with its content."""
    return _one(_found(public_id))


@operation(
    campaigns, "PATCH /campaigns/<uuid:public_id>", scope=Scope.CAMPAIGNS_WRITE, tag=TAG, body=CampaignPatch,
    answer=CampaignOut,
)  # fmt: skip
def change_campaign(public_id: uuid.UUID, body: CampaignPatch) -> CampaignOut:
    """Change some of a campaign.

    Any change of a campaign that was submitted voids its yes: it waits for a new one.
    """
    session, campaign = web.session(), _found(public_id)
    check_version(campaign.version, body.version)
    sent = body.model_dump(exclude_unset=True, exclude={"version"})
    wanted = drafts.values_of(session, campaign) | {name: value for name, value in sent.items() if value is not None}
    drafts.save(session, campaign, parse(CampaignForm, wanted), editor=program())
    return _one(campaign)


@operation(
    campaigns, "POST /campaigns/<uuid:public_id>/submit", scope=Scope.CAMPAIGNS_WRITE, tag=TAG, body=SubmitIn,
    answer=CampaignOut,
)  # fmt: skip
def submit_campaign(public_id: uuid.UUID, body: SubmitIn) -> CampaignOut:
    """Submit a campaign for approval.

    It waits until a signed-in person says yes; no key can do that. What keeps it from being submitted is named.
    """
    session, campaign = web.session(), _found(public_id)
    check_version(campaign.version, body.version)
    asked = launch.Asked(author=program(), version=campaign.version, link=links_for(campaign))
    local = shapes.company_time(session, body.send_at) if body.send_at else None
    launch.submit_campaign(session, campaign, asked, local_time=local)
    return _one(campaign)


@operation(
    campaigns, "POST /campaigns/<uuid:public_id>/withdraw", scope=Scope.CAMPAIGNS_WRITE, tag=TAG, body=VersionIn,
    answer=CampaignOut,
)  # fmt: skip
def withdraw_campaign(public_id: uuid.UUID, body: VersionIn) -> CampaignOut:
    """Take a submitted campaign back before anything of it has left; it is a draft again."""
    campaign = _found(public_id)
    check_version(campaign.version, body.version)
    launch.withdraw(web.session(), campaign, by=program())
    return _one(campaign)


@operation(campaigns, "GET /campaigns/<uuid:public_id>/report", scope=Scope.CAMPAIGNS_READ, tag=TAG, answer=ReportOut)
def read_report(public_id: uuid.UUID) -> ReportOut:
    """Read the figures of a campaign, each with its denominator and what it counts.

    A value of null is not known, and `why` says why.
    """
    campaign = _found(public_id)
    found = report.report_of(web.session(), campaign, _outbound(campaign))
    return shapes.report(found)


@operation(
    campaigns, "GET /campaigns/<uuid:public_id>/recipients", scope=Scope.CAMPAIGNS_READ, tag=TAG,
    query=RecipientQuery, answer=RecipientPage,
)  # fmt: skip
def list_recipients(public_id: uuid.UUID, query: RecipientQuery) -> RecipientPage:
    """List who a campaign went to, and what became of each message."""
    outbound = _outbound(_found(public_id))
    part = results.recipients(
        web.session(), outbound.id, chosen=query.outcome or "", text=query.email, cursor=query.cursor,
        limit=query.limit,
    )  # fmt: skip
    return RecipientPage(data=shapes.recipients(web.session(), part.rows), next=next_page(part.next_cursor))


@operation(campaigns, "GET /senders", scope=Scope.CAMPAIGNS_READ, tag=TAG, answer=SenderList)
def list_senders() -> SenderList:
    """List who the company may write as; a campaign names one by its id."""
    rows = composing.sender_choices(web.session())
    return SenderList(
        data=[SenderOut(id=row.public_id, name=row.name, email=row.email, is_verified=row.is_verified) for row in rows]
    )


def _outbound(campaign: Campaign) -> OutboundView:
    found = queries.outbound_of(web.session(), campaign, with_counts=True)
    if found is None:
        raise WrongState(_("This campaign was never submitted, so there is nothing to tell."))
    return found


def _found(public_id: uuid.UUID) -> Campaign:
    return queries.by_public_id(web.session(), public_id)


def _one(campaign: Campaign) -> CampaignOut:
    return shapes.shown(web.session(), queries.row_of(web.session(), campaign))
