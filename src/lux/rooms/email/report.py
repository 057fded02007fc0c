"""What became of a campaign: figures with numerator, denominator and definition, equal to a recount of the facts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lux.gate import reads
from lux.gate.reads import DeliveryState
from lux.identity import companies
from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.ledger import rollups
from lux.ledger.rollups import NOTHING, Count
from lux.rooms.email import breakdowns, states
from lux.rooms.email.breakdowns import CLICKED, OPENED, UNSUBSCRIBED, Heat, Row, Series
from lux.rooms.email.queries import SUBJECT

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.reads import OutboundView
    from lux.rooms.email.models import Campaign

LINK = "link"  # what clicks are counted under beside their campaign


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure; a value of None is not known, and `why` says why."""

    key: str
    label: str
    value: int | None
    definition: str
    human: int | None = None  # the same, of people alone
    human_of: int | None = None  # its denominator, where it is another one
    machine: int | None = None  # known to be machines'; what is neither is unknown
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
    human_clicks: int
    human_recipients: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that is known of one campaign run."""

    recipients: int
    reached: int  # who could open it
    is_captured: bool
    outcome: Sequence[Figure]
    engagement: Sequence[Figure]
    links: Sequence[LinkRow]
    zone: str  # the company's: its days and hours
    days: Series | None  # None = nothing has left
    hours: Series | None
    heat: Heat
    devices: Sequence[Row]
    domains: Sequence[Row]
    at: dt.datetime

    def figure(self, key: str) -> Figure:
        """Return one figure by its key."""
        return next(one for one in (*self.outcome, *self.engagement) if one.key == key)


def report_of(session: Session, campaign: Campaign, outbound: OutboundView) -> Report:
    """Return the report of a campaign; the outbound's view must carry counts."""
    counts = outbound.counts
    reached = states.reached(outbound)
    subject, zone = (SUBJECT, campaign.id), companies.current(session).timezone
    rolled = rollups.counts(session, SUBJECT, [campaign.id])
    numbers = {kind: rolled.get((campaign.id, kind), NOTHING) for kind in breakdowns.KINDS}
    slots, started_at = breakdowns.slots(session, subject), outbound.started_at
    return Report(
        recipients=sum(counts.values()),
        reached=reached,
        is_captured=counts.get(DeliveryState.CAPTURED, 0) > 0,
        outcome=_outcome(counts),
        engagement=_engagement(numbers, reached, campaign),
        links=links_of(session, outbound.id),
        zone=zone,
        days=breakdowns.by_day(slots, zone, started_at) if started_at else None,
        hours=breakdowns.by_hour(slots, zone, started_at) if started_at else None,
        heat=breakdowns.heat(slots, zone),
        devices=breakdowns.devices(session, subject),
        domains=breakdowns.domains(session, subject),
        at=clock.now(),
    )


def links_of(session: Session, outbound_id: int) -> list[LinkRow]:
    """Return the tracked targets with their clicks, most followed first."""
    known = reads.tracked_links(session, outbound_id)
    rolled = rollups.counts(session, LINK, [link.id for link in known]) if known else {}
    rows = []
    for link in known:
        count = rolled.get((link.id, CLICKED), NOTHING)
        rows.append(
            LinkRow(number=link.number, url=link.url, clicks=count.total, recipients=count.firsts,
                    human_clicks=count.human, human_recipients=count.human_firsts)
        )  # fmt: skip
    return sorted(rows, key=lambda row: (-row.clicks, row.number))


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


def human_words() -> str:
    """Return what "people" and "all" mean, wherever opens and clicks are shown."""
    return _(
        "People: what no rule calls a machine's and what a browser, a mail program or a reader's proxy did. "
        "All: with machines (Apple's privacy proxy, link scanners) and with what nobody can tell."
    )


def _engagement(numbers: Mapping[str, Count], reached: int, campaign: Campaign) -> list[Figure]:
    opens, clicks = numbers[OPENED], numbers[CLICKED]
    off = _("Tracking is switched off for this campaign.")
    sees_opens, sees_clicks = campaign.track_opens or opens.total > 0, campaign.track_clicks or clicks.total > 0
    to_whom = _("recipients reached")
    return [
        Figure(
            key="unique_opens",
            label=_("Opened by"),
            **(_people(opens) if sees_opens else _not_known()),
            of=reached,
            of_words=to_whom,
            definition=_(
                "Recipients whose mail program loaded the invisible picture at least once; "
                "programs that block pictures are not seen."
            )
            + " "
            + human_words(),
            why=off,
        ),
        Figure(
            key="opens",
            label=_("Opens in all"),
            **(_acts(opens) if sees_opens else _not_known()),
            definition=_("How often the invisible picture was loaded, every time counted.") + " " + human_words(),
            why=off,
        ),
        Figure(
            key="unique_clicks",
            label=_("Clicked by"),
            **(_people(clicks) if sees_clicks else _not_known()),
            of=reached,
            of_words=to_whom,
            definition=_("Recipients who followed at least one link.") + " " + human_words(),
            why=off,
        ),
        Figure(
            key="clicks",
            label=_("Clicks in all"),
            **(_acts(clicks) if sees_clicks else _not_known()),
            definition=_("How often links were followed, every time counted.") + " " + human_words(),
            why=off,
        ),
        Figure(
            key="click_to_open",
            label=_("Click to open"),
            value=clicks.firsts if sees_opens and sees_clicks else None,
            human=clicks.human_firsts if sees_opens and sees_clicks else None,
            of=opens.firsts,
            human_of=opens.human_firsts,
            of_words=_("who opened"),
            definition=_("Recipients who clicked, as a share of those who opened.") + " " + human_words(),
            why=off,
        ),
        Figure(
            key="unsubscribes",
            label=_("Unsubscribed"),
            value=numbers[UNSUBSCRIBED].firsts,
            of=reached,
            of_words=to_whom,
            definition=_("Recipients who took their consent back through this mail: by the button, never by a look."),
        ),
    ]


def _people(count: Count) -> dict[str, Any]:
    return {"value": count.firsts, "human": count.human_firsts}


def _acts(count: Count) -> dict[str, Any]:
    return {"value": count.total, "human": count.human, "machine": count.machine}


def _not_known() -> dict[str, Any]:
    return {"value": None}
