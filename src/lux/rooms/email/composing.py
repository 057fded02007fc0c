"""From what people wrote to the act a person says yes to: compiled parts, tracked links, sender, transport."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lux.gate import senders
from lux.identity import companies
from lux.kit.db.session import company_of
from lux.ports.acts import ActKind, SendEmail
from lux.render.links import collect_links
from lux.render.utm import with_utm
from lux.rooms.content import service as content
from lux.rooms.content.service import media
from lux.rooms.email import utm
from lux.rooms.email.service import content_of
from lux.vault import accounts

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from lux.ports.acts import AudienceRef
    from lux.rooms.email.models import Campaign

CHANNEL = "email"


@dataclass(frozen=True, kw_only=True)
class SenderChoice:
    """A name and address a campaign may be written as."""

    id: int
    public_id: str
    name: str
    email: str
    reply_to: str
    is_verified: bool


def compose(session: Session, campaign: Campaign) -> content.Composed:
    """Compile a campaign's content with the company's values in it; problems are collected, not raised.

    UTM parameters are part of it: of the links that are counted, of what is shown, and of what is approved.
    """
    composed = content.composed(session, content_of(campaign))
    parameters = utm_of(session, campaign)
    if not parameters or composed.problems or not composed.html:
        return composed
    return replace(composed, html=with_utm(composed.html, parameters))


def utm_of(session: Session, campaign: Campaign) -> dict[str, str]:
    """Return the UTM parameters a campaign's links carry; none when it is switched off."""
    if campaign.utm is None:
        return {}
    defaults = {**utm.names(session), "campaign": _slug(campaign.name)}
    return {f"utm_{name}": campaign.utm.get(name) or default for name, default in defaults.items()}


def _slug(text: str) -> str:
    return re.sub(r"[^\w]+", "-", text.lower()).strip("-_") or "campaign"


def links_of(composed: content.Composed) -> Sequence[str]:
    """Return the tracked targets in order of appearance; none while the content has problems."""
    if composed.problems or not composed.html:
        return ()
    return tuple(link.url for link in collect_links(composed.html).links)


def sender_choices(session: Session) -> list[SenderChoice]:
    """Return everybody the company may write as, verified or not."""
    return [
        SenderChoice(
            id=row.id,
            public_id=str(row.public_id),
            name=row.name,
            email=row.email,
            reply_to=row.reply_to,
            is_verified=row.verified_at is not None,
        )
        for row in senders.listing(session)
    ]


def sender_of(session: Session, campaign: Campaign) -> SenderChoice | None:
    """Return the chosen sender, or None when there is none (any more)."""
    return next((one for one in sender_choices(session) if one.id == campaign.sender_id), None)


def act_of(
    session: Session,
    campaign: Campaign,
    composed: content.Composed,
    *,
    ref: AudienceRef | None,
    send_at: datetime | None = None,
) -> SendEmail:
    """Return the act a person says yes to."""
    sender, company = sender_of(session, campaign), companies.current(session)
    account = accounts.default(session, CHANNEL)
    return SendEmail(
        kind=ActKind.EMAIL_CAMPAIGN,
        company_id=company_of(session),
        channel=CHANNEL,
        account=str(account.public_id) if account else "",
        subject=composed.subject,
        preview_text=composed.preview_text,
        html=composed.html,
        text=composed.text,
        from_name=sender.name if sender else "",
        from_email=sender.email if sender else "",
        reply_to=campaign.reply_to or (sender.reply_to if sender else ""),
        postal_address=company.postal_address,
        links=tuple(links_of(composed)),
        track_opens=campaign.track_opens,
        track_clicks=campaign.track_clicks,
        audience=ref,
        send_at=send_at.isoformat() if send_at else None,
        media=media.of_message(session, composed.html, content.base_url(session)),
    )
