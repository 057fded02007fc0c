"""How a campaign repeats, as people enter it and as it is kept, and the act that asks for one yes over it."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Self

from lux.gate.series import frame, rhythm
from lux.identity import companies
from lux.ports.acts import ActKind, QueuedAct, RunSeries, SendEmail

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from lux.rooms.email.models import Campaign


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """How a campaign repeats, as people enter it; days and times are those of the company's zone."""

    every: str
    at: dt.time
    weekday: str = ""
    day: str = ""
    until: dt.date
    most: int
    most_recipients: int
    most_messages: int
    drift_percent: int = frame.DRIFT_PERCENT
    drift_least: int = frame.DRIFT_LEAST

    @property
    def rule(self) -> str:
        """Return the rule; raises InvalidInput naming the field."""
        return rhythm.rule_of(self.every, self.at, weekday=self.weekday, day=self.day)

    def stored(self) -> dict[str, Any]:
        """Return what a campaign keeps."""
        return {**asdict(self), "at": self.at.strftime("%H:%M"), "until": self.until.isoformat()}

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild it from what a campaign keeps."""
        at, until = dt.time.fromisoformat(values["at"]), dt.date.fromisoformat(values["until"])
        return cls(**{**values, "at": at, "until": until})


def of_campaign(campaign: Campaign) -> Repeat | None:
    """Return how a campaign repeats; None = it goes once."""
    return Repeat.of(campaign.repeat) if campaign.repeat else None


def asked(session: Session, campaign: Campaign, mail: SendEmail) -> QueuedAct:
    """Return what a person is asked for: the mail, or a series of it."""
    repeat = of_campaign(campaign)
    if repeat is None:
        return mail
    zone = companies.current(session).timezone
    values = {field.name: getattr(mail, field.name) for field in fields(SendEmail)}
    return RunSeries(
        **{**values, "kind": ActKind.SERIES, "send_at": None},
        rule=repeat.rule,
        zone=zone,
        until=rhythm.end_of(repeat.until, zone).isoformat(),
        most=repeat.most,
        most_recipients=repeat.most_recipients,
        most_messages=repeat.most_messages,
        drift_percent=repeat.drift_percent,
        drift_least=repeat.drift_least,
    )
