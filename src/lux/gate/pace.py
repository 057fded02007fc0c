"""How fast one run may send: the pace that was set, of a rehearsal, and after a stop a growing part of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lux.gate.stop import ramp
from lux.kit import clock
from lux.ports.acts import ActKind

if TYPE_CHECKING:
    from lux.gate.models import Outbound
    from lux.gate.stop import StopWatch
    from lux.kit.settings import Settings
    from lux.ports.connector import Account

DRILL_PACE = 60.0  # messages per second of a rehearsal: slow enough to be stopped in its middle


@dataclass(frozen=True, kw_only=True)
class Pace:
    """The limits of one run."""

    set_pace: float  # messages per second, 0 = as fast as it goes
    stop: StopWatch
    ramp_minutes: int

    def per_second(self) -> float:
        """Return messages per second at this moment, 0 = as fast as it goes."""
        return ramp.limit(self.stop.resumed, clock.now(), pace=self.set_pace, minutes=self.ramp_minutes)


def pace_of(outbound: Outbound, account: Account, settings: Settings, stop: StopWatch) -> Pace:
    """Return the pace of a run: the slowest of what was set."""
    own = account.config.get("pace", "")
    limits = [float(own)] if own else []
    if settings.mail_pace:
        limits.append(float(settings.mail_pace))
    if outbound.kind is ActKind.DRILL:
        limits.append(DRILL_PACE)
    set_pace = min((limit for limit in limits if limit > 0), default=0.0)
    return Pace(set_pace=set_pace, stop=stop, ramp_minutes=settings.resume_ramp_minutes)
