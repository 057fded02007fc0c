"""What a toggle needs beside itself: shown before it is turned on, and refused or told as the table says."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from lux.gate.toggles.catalogue import BY_KEY, SCHEDULED, TOGGLES
from lux.kit.i18n import gettext as _

_CHANNELS = tuple(spec.key for spec in TOGGLES if spec.group == "channel")
_AGENTS = tuple(spec.key for spec in TOGGLES if spec.group == "agent")
_NETWORKS = tuple(key for key in _CHANNELS if key not in {"channel_email", "channel_sms"})


class Strength(enum.Enum):
    """What follows when a need is not met."""

    REFUSE = "refuse"  # without it nothing could happen: turning on is refused
    WARN = "warn"  # it does part of its work without; the page says which part does not happen


@dataclass(frozen=True, kw_only=True)
class Need:
    """One need of a toggle: at least one of some others."""

    any_of: tuple[str, ...]
    strength: Strength


def _warn(*keys: str) -> Need:
    return Need(any_of=keys, strength=Strength.WARN)


def _refuse(*keys: str) -> Need:
    return Need(any_of=keys, strength=Strength.REFUSE)


DEPENDENCIES: Mapping[str, tuple[Need, ...]] = {
    # Posting or mailing by itself also needs the channel, and the time at which it happens.
    "agent_social_media": (_warn(*_NETWORKS), _warn(SCHEDULED)),
    "agent_email_crm": (_warn("channel_email"), _warn(SCHEDULED)),
    SCHEDULED: (_warn(*_CHANNELS),),
    "automation_journeys": (_warn(*_CHANNELS),),
    "automation_agent_schedules": (_refuse(*_AGENTS),),
    "automation_auto_repair": (_refuse("agent_app_intelligence", "agent_operations"),),
}


def unmet(key: str, on: Collection[str]) -> list[Need]:
    """Return the needs of a toggle that the toggles which are on do not meet."""
    return [need for need in DEPENDENCIES.get(key, ()) if not set(need.any_of) & set(on)]


def left_alone(key: str, on: Collection[str]) -> list[str]:
    """Return toggles that are on and would miss this one, were it turned off."""
    rest = set(on) - {key}
    return [
        other
        for other in sorted(rest)
        if any(key in need.any_of and not set(need.any_of) & rest for need in DEPENDENCIES.get(other, ()))
    ]


def words(need: Need) -> str:
    """Say what is needed, for people."""
    if len(need.any_of) == 1:
        return _("It also needs “%(label)s” (%(key)s).", label=BY_KEY[need.any_of[0]].label(), key=need.any_of[0])
    if need.any_of == _CHANNELS:
        return _("It also needs the channel that it writes on.")
    if need.any_of == _AGENTS:
        return _("It also needs at least one agent.")
    labels = ", ".join(BY_KEY[key].label() for key in need.any_of)
    return _("It also needs at least one of %(labels)s.", labels=labels)
