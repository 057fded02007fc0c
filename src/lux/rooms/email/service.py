"""Verbs over campaigns before they are submitted: make, save, duplicate, trash, bring back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from lux.identity.access import mark_of
from lux.kit import clock
from lux.kit.errors import Conflict, WrongState
from lux.kit.i18n import gettext as _
from lux.rooms.content.service import Content, settled, versions
from lux.rooms.email import queries, utm
from lux.rooms.email.models import Campaign
from lux.rooms.email.states import CampaignState, is_waiting, state_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.reads import OutboundView
    from lux.identity.access import Person

NAME_LENGTH = 200


@dataclass(frozen=True, kw_only=True)
class Changes:
    """A campaign as an editor left it."""

    version: int
    name: str
    content: Content
    sender_id: int | None
    reply_to: str
    audience_source: str
    audience_key: str
    track_opens: bool
    track_clicks: bool
    utm: Mapping[str, str] | None = None


def create(session: Session, *, name: str, content: Content, author: Person) -> Campaign:
    """Make a draft."""
    campaign = Campaign(name=name, created_by=author.user_id)
    campaign.utm = dict(utm.OWN) if utm.is_on(session) else None
    _fill(campaign, content)
    session.add(campaign)
    session.flush()
    _keep(session, campaign, author)
    return campaign


def save(session: Session, campaign: Campaign, changes: Changes, *, editor: Person | None = None) -> Campaign:
    """Store what an editor left; raises Conflict when somebody saved in between, WrongState when it is too late.

    A campaign that was submitted needs `launch.revise` as well: its yes is void.
    """
    refuse_unless_editable(campaign, queries.outbound_of(session, campaign))
    check_version(session, campaign, changes.version)
    versions.begin(session, subject_of(campaign), campaign.version, saved_of(campaign))
    campaign.name = changes.name
    _fill(campaign, settled(session, changes.content))
    campaign.sender_id, campaign.reply_to = changes.sender_id, changes.reply_to
    campaign.audience_source, campaign.audience_key = changes.audience_source, changes.audience_key
    campaign.track_opens, campaign.track_clicks = changes.track_opens, changes.track_clicks
    campaign.utm = dict(changes.utm) if changes.utm is not None else None
    campaign.version += 1
    campaign.updated_at = clock.now()
    session.flush()
    _keep(session, campaign, editor)
    return campaign


def duplicate(session: Session, campaign: Campaign, *, author: Person) -> Campaign:
    """Make a draft with the same content, sender and audience."""
    suffix = " " + _("(copy)")
    copy = Campaign(
        name=campaign.name[: NAME_LENGTH - len(suffix)] + suffix,
        subject=campaign.subject,
        preview_text=campaign.preview_text,
        format=campaign.format,
        source=campaign.source,
        text=campaign.text,
        sender_id=campaign.sender_id,
        reply_to=campaign.reply_to,
        audience_source=campaign.audience_source,
        audience_key=campaign.audience_key,
        track_opens=campaign.track_opens,
        track_clicks=campaign.track_clicks,
        utm=campaign.utm,
        created_by=author.user_id,
    )
    session.add(copy)
    session.flush()
    _keep(session, copy, author)
    return copy


def trash(session: Session, campaign: Campaign, by: Person | None = None) -> None:
    """Put a campaign into the trash; what waits for a yes or is under way stays."""
    state = state_of(queries.outbound_of(session, campaign))
    if state in {CampaignState.PENDING, CampaignState.SCHEDULED, CampaignState.SENDING, CampaignState.PAUSED}:
        raise WrongState(
            _("This campaign is on its way, so it can't go into the trash."),
            fix=_("Take it back or cancel it first."),
        )
    campaign.trashed_at, campaign.trashed_by = clock.now(), mark_of(by)
    session.flush()


def restore(session: Session, campaign: Campaign) -> None:
    """Take a campaign out of the trash."""
    campaign.trashed_at = campaign.trashed_by = None
    session.flush()


def check_version(session: Session, campaign: Campaign, version: int) -> None:
    """Lock the campaign and raise Conflict unless the version is the present one."""
    present = lock(session, campaign)
    if present != version:
        raise Conflict(
            _("Somebody saved this campaign after you opened it."),
            fix=_("Copy what you wrote, load the page again, and put it in once more."),
        )


def lock(session: Session, campaign: Campaign) -> int:
    """Lock a campaign, before its item and its outbound are locked, and return its present version."""
    return session.scalars(select(Campaign.version).where(Campaign.id == campaign.id).with_for_update()).one()


def content_of(campaign: Campaign) -> Content:
    """Return what a campaign says."""
    return Content(
        format=campaign.format,
        subject=campaign.subject,
        preview_text=campaign.preview_text,
        source=campaign.source,
        text=campaign.text,
    )


def is_editable(campaign: Campaign, outbound: OutboundView | None) -> bool:
    """Say whether the content may still change: nothing has left, and it is not in the trash."""
    if campaign.trashed_at is not None or campaign.run_of_id is not None:
        return False
    is_refused = outbound is not None and outbound.state.value == "refused"
    return is_refused or state_of(outbound) is CampaignState.DRAFT or is_waiting(outbound)


def refuse_unless_editable(campaign: Campaign, outbound: OutboundView | None) -> None:
    """Raise WrongState with the way out."""
    if is_editable(campaign, outbound):
        return
    if campaign.trashed_at is not None:
        raise WrongState(_("This campaign is in the trash."), fix=_("Bring it back first."))
    if campaign.run_of_id is not None:
        raise WrongState(_("This is a run of a series; it says what was approved."), fix=_("Change the series."))
    raise WrongState(
        _("Messages of this campaign are leaving or have left, so it can't be changed any more."),
        fix=_("Duplicate it and change the copy."),
    )


def subject_of(campaign: Campaign) -> versions.Subject:
    """Return under what a campaign's versions are kept."""
    return (queries.SUBJECT, campaign.id)


def saved_of(campaign: Campaign) -> dict[str, Any]:
    """Return what a version of a campaign holds."""
    names = ("name", "sender_id", "reply_to", "audience_source", "audience_key", "track_opens", "track_clicks")
    return {**{name: getattr(campaign, name) for name in names}, **asdict(content_of(campaign))}


def _keep(session: Session, campaign: Campaign, editor: Person | None) -> None:
    versions.keep(session, subject_of(campaign), campaign.version, saved_of(campaign), editor=editor)


def _fill(campaign: Campaign, content: Content) -> None:
    campaign.subject = content.subject
    campaign.preview_text = content.preview_text
    campaign.format = content.format
    campaign.source = content.source
    campaign.text = content.text
