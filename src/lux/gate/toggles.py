"""The 27 feature toggles: off by default; missing or unreadable is off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from lux.gate.models import FeatureToggle
from lux.identity.access import Person, Right
from lux.kit import clock
from lux.kit.errors import InvalidInput, NotFound, ToggleIsOff
from lux.kit.i18n import gettext as _
from lux.ledger import audit

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class ToggleSpec:
    """What a toggle is called and what it lets happen."""

    key: str
    group: str  # channel | agent | automation
    label: Callable[[], str]
    gates: Callable[[], str]  # what does not happen while it is off


@dataclass(frozen=True, kw_only=True)
class ToggleView:
    """A toggle as people see it."""

    spec: ToggleSpec
    is_on: bool
    is_in_use: bool
    reason: str = ""
    changed_by: str = ""
    changed_at: datetime | None = None


def _agent(key: str, label: Callable[[], str]) -> ToggleSpec:
    return ToggleSpec(key=key, group="agent", label=label, gates=lambda: _("Runs of this agent"))


def _channel(key: str, label: str) -> ToggleSpec:
    return ToggleSpec(
        key=key, group="channel", label=lambda: label, gates=lambda: _("Everything that leaves on this channel")
    )


def _automation(key: str, label: Callable[[], str], gates: Callable[[], str]) -> ToggleSpec:
    return ToggleSpec(key=key, group="automation", label=label, gates=gates)


TOGGLES: tuple[ToggleSpec, ...] = (
    ToggleSpec(
        key="channel_email",
        group="channel",
        label=lambda: _("E-mail"),
        gates=lambda: _("Every campaign and test mail; system mails such as password resets still go"),
    ),
    _channel("channel_sms", "SMS"),
    _channel("channel_instagram", "Instagram"),
    _channel("channel_tiktok", "TikTok"),
    _channel("channel_facebook", "Facebook"),
    _channel("channel_reddit", "Reddit"),
    _channel("channel_youtube", "YouTube"),
    _channel("channel_linkedin", "LinkedIn"),
    _channel("channel_snapchat", "Snapchat"),
    _channel("channel_x", "X"),
    _agent("agent_brand_strategy", lambda: _("Brand & Strategy")),
    _agent("agent_content_seo", lambda: _("Content & SEO")),
    _agent("agent_analytics", lambda: _("Analytics & Optimization")),
    _agent("agent_creative_design", lambda: _("Creative & Design")),
    _agent("agent_advertising", lambda: _("Advertising & Demand Gen")),
    _agent("agent_social_media", lambda: _("Social Media & Community")),
    _agent("agent_email_crm", lambda: _("Email & CRM")),
    _agent("agent_sales_enablement", lambda: _("Sales Enablement")),
    _agent("agent_retention", lambda: _("Customer Retention & Loyalty")),
    _agent("agent_operations", lambda: _("Operations & Integration")),
    _agent("agent_app_intelligence", lambda: _("APP")),
    _automation(
        "automation_scheduled_publishing",
        lambda: _("Scheduled publishing"),
        lambda: _("Sends and posts at a later time"),
    ),
    _automation("automation_journeys", lambda: _("Journeys"), lambda: _("Automations running")),
    _automation(
        "automation_agent_schedules", lambda: _("Agent schedules"), lambda: _("Agents running by their schedule")
    ),
    _automation("automation_subscriber_sync", lambda: _("Subscriber sync"), lambda: _("The daily sync of subscribers")),
    _automation("automation_auto_repair", lambda: _("Auto-repair"), lambda: _("Repairs applied without a person")),
    _automation("automation_commerce_sync", lambda: _("Commerce sync"), lambda: _("Pulls and webhooks of the shop")),
)
BY_KEY = {spec.key: spec for spec in TOGGLES}

# What does not exist yet has a toggle that gates nothing; it is shown as "not in use yet".
NOT_YET: frozenset[str] = frozenset(BY_KEY) - {"channel_email"}


def is_on(session: Session, company_id: int, key: str) -> bool:
    """Say whether a toggle is on; missing or unreadable is off."""
    query = select(FeatureToggle.is_on).where(FeatureToggle.company_id == company_id, FeatureToggle.key == key)
    try:
        return bool(session.scalar(query))
    except SQLAlchemyError as error:
        log.warning("toggle_unreadable", key=key, error=type(error).__name__)
        return False


def require(session: Session, company_id: int, key: str) -> None:
    """Raise ToggleIsOff, naming the toggle, unless it is on."""
    if not is_on(session, company_id, key):
        raise ToggleIsOff(
            _("The switch “%(label)s” (%(key)s) is off.", label=BY_KEY[key].label(), key=key),
            fix=_("An admin can turn it on under Switches, with a reason."),
            url="/approvals/toggles",
        )


def listing(session: Session) -> list[ToggleView]:
    """Return all 27 toggles of the session's company."""
    rows = {row.key: row for row in session.scalars(select(FeatureToggle))}
    views = []
    for spec in TOGGLES:
        row = rows.get(spec.key)
        views.append(
            ToggleView(
                spec=spec,
                is_on=bool(row and row.is_on),
                is_in_use=spec.key not in NOT_YET,
                reason=row.reason if row else "",
                changed_by=row.changed_by_name if row else "",
                changed_at=row.changed_at if row else None,
            )
        )
    return views


def set_toggle(session: Session, person: Person, key: str, *, is_on: bool, reason: str) -> None:
    """Turn a toggle on (with a reason) or off; needs the right to manage; audited."""
    person.require(Right.MANAGE)
    if key not in BY_KEY:
        raise NotFound(_("There is no switch called “%(key)s”.", key=key))
    if is_on and key in NOT_YET:
        raise InvalidInput(field="key", message=_("This switch is not in use yet: nothing would happen."))
    if is_on and not reason.strip():
        raise InvalidInput(
            field="reason", message=_("A reason is missing."), fix=_("Say in a few words why this may run.")
        )
    row = session.scalar(select(FeatureToggle).where(FeatureToggle.key == key).with_for_update())
    if row is None:
        row = FeatureToggle(key=key)
        session.add(row)
    row.is_on = is_on
    row.reason = reason.strip()
    row.changed_by = person.user_id
    row.changed_by_name = person.name or person.email
    row.changed_at = clock.now()
    session.flush()
    audit.append(
        session,
        row.company_id,
        actor=audit.Actor(type="person", id=person.user_id),
        action="toggle.on" if is_on else "toggle.off",
        object_type="toggle",
        object_id=key,
        detail={"reason": reason.strip()},
    )
