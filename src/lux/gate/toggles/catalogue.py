"""The 27 feature toggles: what each is called, what it lets happen, and which limits it can have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lux.kit.i18n import gettext as _

CAP, HOURS, COST_DAY, COST_MONTH, CONFIDENCE = "daily_cap", "hours", "cost_day", "cost_month", "confidence"
LIMITS = frozenset({CAP, HOURS, COST_DAY, COST_MONTH})  # what every toggle can have, save where its spec says less


@dataclass(frozen=True, kw_only=True)
class ToggleSpec:
    """What a toggle is called, what it lets happen, and which limits it can have."""

    key: str
    group: str  # channel | agent | automation
    label: Callable[[], str]
    gates: Callable[[], str]  # what does not happen while it is off
    limits: frozenset[str] = LIMITS
    is_for_all: bool = False  # it has a row of the whole installation as well, and both must be on


SCHEDULED = "automation_scheduled_publishing"
FOR_ALL = frozenset({"automation_auto_repair", "agent_operations", "agent_app_intelligence"})


def _agent(key: str, label: Callable[[], str]) -> ToggleSpec:
    return ToggleSpec(
        key=key,
        group="agent",
        label=label,
        gates=lambda: _("Runs of this agent"),
        limits=LIMITS | {CONFIDENCE},
        is_for_all=key in FOR_ALL,
    )


def _channel(key: str, label: str) -> ToggleSpec:
    return ToggleSpec(
        key=key, group="channel", label=lambda: label, gates=lambda: _("Everything that leaves on this channel")
    )


def _automation(key: str, label: Callable[[], str], gates: Callable[[], str]) -> ToggleSpec:
    limits = {CAP, HOURS} if key == SCHEDULED else LIMITS  # a time alone costs nothing: its channel does
    return ToggleSpec(
        key=key, group="automation", label=label, gates=gates, limits=frozenset(limits), is_for_all=key in FOR_ALL
    )


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
        SCHEDULED,
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

# What does not exist yet has a toggle that gates nothing; it is shown as "not in use yet" and can't be turned on.
NOT_YET: frozenset[str] = frozenset(BY_KEY) - {"channel_email", SCHEDULED}


def channel_key(channel: str) -> str:
    """Return the key of the toggle that a channel's messages need."""
    return f"channel_{channel}"
