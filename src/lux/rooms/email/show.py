"""What a campaign's own pages show, gathered once per request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import url_for

from lux.gate import toggles
from lux.gate.reads import DeliveryState, ItemState, OutboundState
from lux.identity import companies, members
from lux.identity.access import Right
from lux.kit.db.session import company_of
from lux.kit.i18n import gettext as _
from lux.rooms.contacts import queries as contacts
from lux.rooms.content import service as content
from lux.rooms.email import (
    audience,
    composing,
    launch,
    preflight,
    queries,
    running,
    service,
    utm,
    watch,
)
from lux.rooms.email.links import links_for
from lux.rooms.email.states import SERIES, CampaignState, delivery_label, is_waiting
from lux.ui.forms import form_state

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.reads import OutboundView
    from lux.identity.access import Person
    from lux.rooms.email.models import Campaign
    from lux.rooms.email.queries import CampaignRow
    from lux.ui.forms import FormState

CONTENT_FIELDS = ("format", "subject", "preview_text", "source", "text")


def head(session: Session, campaign: Campaign) -> dict[str, Any]:
    """Return what every page of a campaign shows above its content."""
    row = queries.row_of(session, campaign)
    return {
        "campaign": campaign,
        "row": row,
        "outbound": row.outbound,
        "is_editable": service.is_editable(campaign, row.outbound),
        "has_recipients": bool(row.counts),
        "rights": Right,
        "delivery_label": delivery_label,
        "utm": composing.utm_of(session, campaign),
    }


def overview(session: Session, campaign: Campaign, person: Person, *, is_counted: bool = False) -> dict[str, Any]:
    """Return what the first page of a campaign shows in its present state.

    In a large company the audience's figures follow in a request of their own, unless `is_counted`.
    """
    context = head(session, campaign)
    row: CampaignRow = context["row"]
    context |= {
        "company": companies.current(session),
        "sender": composing.sender_of(session, campaign),
        "may_edit": person.has(Right.EDIT),
        "notice": notice(row.outbound),
        "mend_url": mend_url(campaign, row.outbound),
        "may_schedule": toggles.is_on(session, company_of(session), toggles.SCHEDULED),
        "switch_url": links_for(campaign)("scheduled"),
        "S": CampaignState,
        "form": form_state({"when": "approved"}),
    }
    if row.state is CampaignState.DRAFT or is_waiting(row.outbound) or context["is_editable"]:
        context["checked"] = preflight.check(
            session, campaign, link=links_for(campaign), is_counted=is_counted or not contacts.is_large(session)
        )
        context |= tests(session, campaign)
    has_left = row.outbound is not None and row.outbound.item.kind != SERIES
    if row.outbound is not None and has_left and row.state not in {CampaignState.DRAFT, CampaignState.PENDING}:
        context["progress"] = watch.progress_of(session, row.outbound)
        context["can_resend"] = can_resend(row.outbound)
        context["word_to_type"] = running.word_to_type(row.outbound)
    return context


def tests(session: Session, campaign: Campaign) -> dict[str, Any]:
    """Return what the block of test copies shows."""
    return {
        "campaign": campaign,
        "members": members.listing(session),
        "test_run": launch.latest_test(session, campaign),
        "may_leave": toggles.is_on(session, company_of(session), "channel_email"),
        "toggles_url": links_for(campaign)("toggles"),
        "delivery_label": delivery_label,
    }


def editor(session: Session, campaign: Campaign, form: FormState) -> dict[str, Any]:
    """Return what the editor offers beside the form, for what stands in the form now."""
    context = head(session, campaign)
    written = content.Content(**{name: str(form.value(name)) for name in CONTENT_FIELDS})
    frame_url = url_for("email.preview_frame", public_id=campaign.public_id)
    return context | {
        "form": form,
        "editor": content.editor(session, written, frame_url=frame_url),
        "senders": composing.sender_choices(session),
        "utm_names": utm.names(session),
        "audience_choices": audience.choices(session),
        "counted": audience.counted(session, str(form.value("audience"))),
        "will_wait_again": is_waiting(context["outbound"]),
        "senders_url": links_for(campaign)("senders"),
    }


def notice(outbound: OutboundView | None) -> tuple[str, str, str] | None:
    """Return (kind, title, words) of what has to be said first about a campaign."""
    if outbound is None:
        return None
    found = _about_item(outbound) or _about_sending(outbound)
    return next(iter(found), None)


def mend_url(campaign: Campaign, outbound: OutboundView | None) -> str:
    """Return where what holds a campaign back is mended, if it is a switch; empty else."""
    is_held = outbound is not None and outbound.check_failed in {"toggle", "limit"}
    return links_for(campaign)("toggles") if is_held else ""


def _about_item(outbound: OutboundView) -> list[tuple[str, str, str]]:
    item = outbound.item
    if item.state is ItemState.REJECTED:
        who = item.decided_by_name or _("An approver")
        return [("warn", _("%(name)s said no.", name=who), item.reason)]
    if item.state is ItemState.EXPIRED:
        return [("warn", _("Nobody decided in time."), _("Submit it again when it should still leave."))]
    if item.state is ItemState.PENDING and outbound.check_failed:
        return [("warn", _("It needs a new yes."), outbound.reason or item.reason)]
    return []


def _about_sending(outbound: OutboundView) -> list[tuple[str, str, str]]:
    found = []
    if outbound.is_paused:
        found.append(("warn", _("Paused"), outbound.pause_reason))
    elif outbound.check_failed == "limit" and outbound.state in {OutboundState.READY, OutboundState.WORKING}:
        found.append(("info", _("It waits for a limit of a switch."), outbound.reason))
    elif outbound.state is OutboundState.WORKING and outbound.reason:
        found.append(("warn", _("The mail server does not take mail just now; it is tried again."), outbound.reason))
    if outbound.state is OutboundState.FAILED and outbound.reason:
        found.append(("bad", _("Nobody got it."), outbound.reason))
    if outbound.state is OutboundState.REFUSED:
        found.append(("bad", _("A check refused it."), outbound.reason))
    if outbound.state is OutboundState.CANCELLED:
        found.append(("info", _("Cancelled"), outbound.reason or outbound.item.reason))
    if number := outbound.counts.get(DeliveryState.UNKNOWN):
        words = _("They had left when the connection ended. Look into the mail server's log, then settle them.")
        found.append(("warn", _("The outcome of %(n)s messages is unknown.", n=number), words))
    return found


def can_resend(outbound: OutboundView) -> bool:
    """Say whether failed recipients can be tried again."""
    ended = outbound.state in {OutboundState.DONE, OutboundState.FAILED, OutboundState.UNKNOWN}
    return ended and outbound.counts.get(DeliveryState.FAILED, 0) > 0
