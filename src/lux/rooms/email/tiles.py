"""The room's dashboard tiles: what is broken, what goes out today, how it went, the way in."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from lux.gate.reads import DeliveryState
from lux.identity import companies
from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.ports.contributions import Tile
from lux.rooms.email import queries, report
from lux.rooms.email.states import LEFT, CampaignState

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.rooms.email.queries import CampaignRow

SHOWN = 5
RESULT_DAYS = 30


class Trouble:
    """Campaigns that failed, are paused, or have open outcomes."""

    key, section = "campaign_trouble", "broken"

    def tile(self, session: Session, _company_id: int, _role: str) -> Tile | None:
        """Return the tile only while there is trouble."""
        paused = queries.in_state(session, CampaignState.PAUSED, SHOWN)
        since = clock.now() - dt.timedelta(days=RESULT_DAYS)
        recent = queries.finished_since(session, since)
        troubled = [row for row in recent if row.state is CampaignState.FAILED or _open_ends(row)]
        rows = [*paused, *troubled][:SHOWN]
        if not rows:
            return None
        return Tile(
            key=self.key,
            section=self.section,
            title=_("Campaigns that need a hand"),
            template="email/_trouble_tile.html",
            context={
                "rows": rows,
                "flush": True,
                "shape": "rows",
                "icon_name": "alert-triangle",
                "next": (_("All campaigns"), _LIST),
            },
            order=20,
        )


class Today:
    """What goes out before the company's day ends."""

    key, section = "campaigns_today", "today"

    def tile(self, session: Session, _company_id: int, _role: str) -> Tile | None:
        """Return what is leaving or due today, the soonest first."""
        rows = queries.due_before(session, end_of_day(companies.current(session).timezone), SHOWN)
        return Tile(
            key=self.key,
            section=self.section,
            title=_("Goes out today"),
            template="email/_today_tile.html",
            state="ready" if rows else "empty",
            context={
                "rows": rows,
                "flush": bool(rows),
                "shape": "rows",
                "icon_name": "calendar",
                "next": (_("Scheduled campaigns"), f"{_LIST}?state=scheduled"),
                "text": _("Nothing goes out today."),
                "action": (_("New campaign"), f"{_LIST}new"),
                "example": _("an approved campaign stands here with its time."),
            },
            order=10,
        )


class Result:
    """How the mails of the last 30 days went."""

    key, section = "campaign_result", "result"

    def tile(self, session: Session, _company_id: int, _role: str) -> Tile | None:
        """Return sent, opened and clicked over the campaigns that ended within the last 30 days."""
        rows = queries.finished_since(session, clock.now() - dt.timedelta(days=RESULT_DAYS))
        reached = sum(row.reached for row in rows)
        return Tile(
            key=self.key,
            section=self.section,
            title=_("E-mail, last 30 days"),
            template="email/_result_tile.html",
            state="ready" if rows else "empty",
            context={
                **_sums(rows, reached),
                "shape": "stat",
                "icon_name": "bar-chart-2",
                "next": (_("Sent campaigns"), f"{_LIST}?state=sent"),
                "text": _("No campaign has ended in the last 30 days."),
                "action": (_("New campaign"), f"{_LIST}new"),
                "example": _("who opened and who clicked stands here, each with its number of recipients."),
            },
            order=10,
        )


class Hub:
    """The way into the campaigns."""

    key, section = "campaign_hub", "hubs"

    def tile(self, session: Session, _company_id: int, _role: str) -> Tile | None:
        """Return how many campaigns there are, by what can be done about them."""
        return Tile(
            key=self.key,
            section=self.section,
            title=_("Campaigns"),
            template="email/_hub_tile.html",
            context={"number": queries.count(session), "icon_name": "send", "next": (_("Open"), _LIST)},
            order=20,
        )


_LIST = "/campaigns/"


def end_of_day(zone: str) -> dt.datetime:
    """Return the moment at which today ends in a zone."""
    tomorrow = clock.in_zone(clock.now(), zone).date() + dt.timedelta(days=1)
    return dt.datetime.combine(tomorrow, dt.time.min, tzinfo=clock.zone(zone)).astimezone(dt.UTC)


def _open_ends(row: CampaignRow) -> bool:
    return row.counts.get(DeliveryState.UNKNOWN, 0) > 0


def _sums(rows: list[CampaignRow], reached: int) -> dict[str, Any]:
    def over(*states: DeliveryState) -> int:
        return sum(row.counts.get(state, 0) for row in rows for state in states)

    return {
        "campaigns": len(rows),
        "reached": reached,
        "sent": over(*LEFT),
        "captured": over(DeliveryState.CAPTURED),
        "failed": over(DeliveryState.FAILED, DeliveryState.BOUNCED),
        "openers": sum(row.people("email.opened") for row in rows),
        "clickers": sum(row.people("email.clicked") for row in rows),
        "human_openers": sum(row.humans("email.opened") for row in rows),
        "human_clickers": sum(row.humans("email.clicked") for row in rows),
        "human_words": report.human_words(),
    }
