"""Saving what the editor posted, whatever the campaign's state: a draft stays one, a submitted one waits again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.content.service import Content
from lux.rooms.email import audience, composing, launch, queries, service
from lux.rooms.email.service import Changes
from lux.rooms.email.states import is_waiting

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person
    from lux.rooms.email.forms import CampaignForm
    from lux.rooms.email.models import Campaign

UTM = ("source", "medium", "campaign")


def values_of(session: Session, campaign: Campaign) -> dict[str, Any]:
    """Return a campaign as its form shows it."""
    sender = composing.sender_of(session, campaign)
    return {
        "version": campaign.version,
        "name": campaign.name,
        "subject": campaign.subject,
        "preview_text": campaign.preview_text,
        "format": campaign.format,
        "source": campaign.source,
        "text": campaign.text,
        "sender": sender.public_id if sender else "",
        "reply_to": campaign.reply_to,
        "audience": audience.value_of(campaign),
        "track_opens": campaign.track_opens,
        "track_clicks": campaign.track_clicks,
        "utm": campaign.utm is not None,
        **{f"utm_{name}": (campaign.utm or {}).get(name, "") for name in UTM},
    }


def save(session: Session, campaign: Campaign, form: CampaignForm, *, editor: Person) -> bool:
    """Store the form; says whether the campaign waits for a new yes because of it.

    What was submitted has to stay sendable: a finding that blocks refuses the save, and nothing is lost.
    """
    was_waiting = is_waiting(queries.outbound_of(session, campaign))
    service.save(session, campaign, changes_of(session, form), editor=editor)
    if not was_waiting:
        return False
    launch.revise(session, campaign, editor=editor)
    return True


def changes_of(session: Session, form: CampaignForm) -> Changes:
    """Return the form with its sender and audience looked up; raises InvalidInput for what is not there."""
    source, key = audience.parse(form.audience)
    if key:
        audience.refuse_unknown(session, form.audience)
    return Changes(
        version=form.version,
        name=form.name,
        content=Content(
            subject=form.subject,
            preview_text=form.preview_text,
            format=form.format,
            source=form.source,
            text=form.text,
        ),
        sender_id=_sender_id(session, form.sender),
        reply_to=form.reply_to,
        audience_source=source,
        audience_key=key,
        track_opens=form.track_opens,
        track_clicks=form.track_clicks,
        utm={name: getattr(form, f"utm_{name}").strip() for name in UTM} if form.utm else None,
    )


def _sender_id(session: Session, public_id: str) -> int | None:
    if not public_id:
        return None
    for sender in composing.sender_choices(session):
        if sender.public_id == public_id:
            return sender.id
    raise InvalidInput(
        field="sender", message=_("This sender does not exist (any more)."), fix=_("Choose one from the list.")
    )
