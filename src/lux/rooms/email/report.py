"""What became of a campaign: figures with numerator, denominator and definition, equal to a recount of the facts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lux.gate import reads
from lux.gate.reads import DeliveryState
from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.ledger import facts
from lux.rooms.email import states
from lux.rooms.email.queries import SUBJECT

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.reads import OutboundView
    from lux.rooms.email.models import Campaign

OPENED, CLICKED, UNSUBSCRIBED = "email.opened", "email.clicked", "email.unsubscribed"
LINK = "link"  # what clicks are counted under beside their campaign
MAX_DAYS = 90  # of the chart


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure; a value of None is not known, and `why` says why."""

    key: str
    label: str
    value: int | None
    definition: str
    of: int | None = None  # denominator, where the figure is a share
    of_words: str = ""  # what the denominator counts
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class LinkRow:
    """A tracked target and how often it was followed."""

    number: int
    url: str
    clicks: int
    recipients: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that is known of one campaign run."""

    recipients: int
    reached: int  # who could open it
    is_captured: bool
    outcome: Sequence[Figure]
    engagement: Sequence[Figure]
    links: Sequence[LinkRow]
    days: Sequence[dt.date]
    by_kind: Mapping[str, Sequence[int]]
    at: dt.datetime

    def figure(self, key: str) -> Figure:
        """Return one figure by its key."""
        return next(one for one in (*self.outcome, *self.engagement) if one.key == key)


def report_of(session: Session, campaign: Campaign, outbound: OutboundView) -> Report:
    """Return the report of a campaign; the outbound's view must carry counts."""
    counts = outbound.counts
    reached = states.reached(outbound)
    rolled = facts.rolled_up(session, SUBJECT, [campaign.id])
    numbers = {kind: rolled.get((campaign.id, kind), (0, 0)) for kind in (OPENED, CLICKED, UNSUBSCRIBED)}
    days, by_kind = timeline(session, campaign.id, outbound.started_at)
    return Report(
        recipients=sum(counts.values()),
        reached=reached,
        is_captured=counts.get(DeliveryState.CAPTURED, 0) > 0,
        outcome=_outcome(counts),
        engagement=_engagement(numbers, reached, campaign),
        links=links_of(session, outbound.id),
        days=days,
        by_kind=by_kind,
        at=clock.now(),
    )


def links_of(session: Session, outbound_id: int) -> list[LinkRow]:
    """Return the tracked targets with their clicks, most followed first."""
    known = reads.tracked_links(session, outbound_id)
    rolled = facts.rolled_up(session, LINK, [link.id for link in known]) if known else {}
    rows = []
    for link in known:
        clicks, recipients = rolled.get((link.id, CLICKED), (0, 0))
        rows.append(LinkRow(number=link.number, url=link.url, clicks=clicks, recipients=recipients))
    return sorted(rows, key=lambda row: (-row.clicks, row.number))


def timeline(
    session: Session, campaign_id: int, started_at: dt.datetime | None
) -> tuple[list[dt.date], dict[str, list[int]]]:
    """Return days (UTC) since the start, and per kind the facts of each day."""
    if started_at is None:
        return [], {}
    first = started_at.astimezone(dt.UTC).date()
    kinds = (OPENED, CLICKED, UNSUBSCRIBED)
    rows = facts.by_day(session, SUBJECT, kinds, since=first, subject_id=campaign_id)
    last = max([first, *(day for day, _kind, _number in rows)])
    length = min((last - first).days + 1, MAX_DAYS)
    days = [first + dt.timedelta(days=number) for number in range(length)]
    found = {(day, kind): number for day, kind, number in rows}
    return days, {kind: [found.get((day, kind), 0) for day in days] for kind in kinds}


def _outcome(counts: Mapping[DeliveryState, int]) -> list[Figure]:
    total = sum(counts.values())
    whole = {"of": total, "of_words": _("recipients")}
    reported = counts.get(DeliveryState.DELIVERED, 0)
    return [
        Figure(
            key="sent",
            label=_("Sent"),
            value=sum(counts.get(state, 0) for state in states.LEFT),
            definition=_("Messages for which the next mail server took responsibility."),
            **whole,  # type: ignore[arg-type]
        ),
        Figure(
            key="captured",
            label=_("Captured"),
            value=counts.get(DeliveryState.CAPTURED, 0),
            definition=_("Messages the built-in mailbox kept. They did not leave this installation."),
            **whole,  # type: ignore[arg-type]
        ),
        Figure(
            key="delivered",
            label=_("Delivered"),
            value=reported or None,
            definition=_("Messages that the provider reported as arrived in the recipient's mailbox."),
            why=_("SMTP says that the next server took a message, not that it arrived."),
            **whole,  # type: ignore[arg-type]
        ),
        Figure(
            key="failed",
            label=_("Failed"),
            value=counts.get(DeliveryState.FAILED, 0) + counts.get(DeliveryState.BOUNCED, 0),
            definition=_("Messages refused for good, or returned."),
            **whole,  # type: ignore[arg-type]
        ),
        Figure(
            key="skipped",
            label=_("Skipped"),
            value=counts.get(DeliveryState.SKIPPED, 0),
            definition=_("Recipients not written to: no consent, suppressed, or cancelled before their turn."),
            **whole,  # type: ignore[arg-type]
        ),
        Figure(
            key="unknown",
            label=_("Outcome unknown"),
            value=counts.get(DeliveryState.UNKNOWN, 0),
            definition=_("Messages that had left when the connection ended, so that no answer came."),
            **whole,  # type: ignore[arg-type]
        ),
    ]


def _engagement(numbers: Mapping[str, tuple[int, int]], reached: int, campaign: Campaign) -> list[Figure]:
    (opens, openers), (clicks, clickers) = numbers[OPENED], numbers[CLICKED]
    off = _("Tracking is switched off for this campaign.")
    sees_opens, sees_clicks = campaign.track_opens or opens > 0, campaign.track_clicks or clicks > 0
    to_whom = _("recipients reached")
    return [
        Figure(
            key="unique_opens",
            label=_("Opened by"),
            value=openers if sees_opens else None,
            of=reached,
            of_words=to_whom,
            definition=_(
                "Recipients whose mail program loaded the invisible picture at least once. "
                "Opens by machines are not told apart yet; programs that block pictures are not seen."
            ),
            why=off,
        ),
        Figure(
            key="opens",
            label=_("Opens in all"),
            value=opens if sees_opens else None,
            definition=_("How often the invisible picture was loaded, every time counted."),
            why=off,
        ),
        Figure(
            key="unique_clicks",
            label=_("Clicked by"),
            value=clickers if sees_clicks else None,
            of=reached,
            of_words=to_whom,
            definition=_("Recipients who followed at least one link. Checks by machines are not told apart yet."),
            why=off,
        ),
        Figure(
            key="clicks",
            label=_("Clicks in all"),
            value=clicks if sees_clicks else None,
            definition=_("How often links were followed, every time counted."),
            why=off,
        ),
        Figure(
            key="click_to_open",
            label=_("Click to open"),
            value=clickers if sees_opens and sees_clicks else None,
            of=openers,
            of_words=_("who opened"),
            definition=_("Recipients who clicked, as a share of those who opened."),
            why=off,
        ),
        Figure(
            key="unsubscribes",
            label=_("Unsubscribed"),
            value=numbers[UNSUBSCRIBED][1],
            of=reached,
            of_words=to_whom,
            definition=_("Recipients who took their consent back through this mail."),
        ),
    ]
