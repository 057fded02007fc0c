"""Every SELECT over campaigns beyond their primary key."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Select, and_, func, or_, select

from lux.gate import reads
from lux.gate.reads import DeliveryState, ItemState, OutboundState
from lux.kit.errors import NotFound
from lux.ledger import rollups
from lux.ledger.rollups import NOTHING, Count
from lux.rooms.email.models import Campaign
from lux.rooms.email.states import CampaignState, chip_of, label, reached, series_label, state_of
from lux.ui.paging import Slice, as_moment, as_row_number, decode_cursor, encode_cursor

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.reads import OutboundView

SUBJECT = "campaign"
PAGE = 50
_FORWARD, _BACK = "f", "b"


@dataclass(frozen=True, kw_only=True)
class CampaignRow:
    """A campaign with what the gate and the ledger know of it."""

    campaign: Campaign
    outbound: OutboundView | None
    state: CampaignState
    facts: Mapping[str, Count]  # by kind

    @property
    def counts(self) -> Mapping[DeliveryState, int]:
        """Return recipients by state."""
        return self.outbound.counts if self.outbound else {}

    @property
    def chip(self) -> str:
        """Return the word by which the status chip finds its look."""
        return chip_of(self.state, self.counts)

    @property
    def label(self) -> str:
        """Return the state in the person's language."""
        return series_label(self.outbound, self.state) or label(self.state, self.counts)

    @property
    def recipients(self) -> int | None:
        """Return how many recipients there are, or were expected at submission; None = never submitted."""
        if self.outbound is None:
            return None
        return sum(self.counts.values()) or self.outbound.item.audience_count

    @property
    def reached(self) -> int:
        """Return how many messages arrived somewhere."""
        return reached(self.outbound)

    def people(self, kind: str) -> int:
        """Return how many recipients did something at least once, machines included."""
        return self.facts.get(kind, NOTHING).firsts

    def humans(self, kind: str) -> int:
        """Return how many recipients did something at least once themselves, as far as that can be told."""
        return self.facts.get(kind, NOTHING).human_firsts


def by_public_id(session: Session, public_id: uuid.UUID) -> Campaign:
    """Return a campaign, also one in the trash; raises NotFound."""
    found = session.scalar(select(Campaign).where(Campaign.public_id == public_id))
    if found is None:
        raise NotFound
    return found


def by_ids(session: Session, ids: Sequence[int]) -> dict[int, Campaign]:
    """Return campaigns by id."""
    return {row.id: row for row in session.scalars(select(Campaign).where(Campaign.id.in_(ids)))}


def by_public_ids(session: Session, public_ids: Sequence[uuid.UUID]) -> Sequence[Campaign]:
    """Return the campaigns that exist, also in the trash."""
    return session.scalars(select(Campaign).where(Campaign.public_id.in_(public_ids))).all()


def submitted(session: Session, limit: int) -> Sequence[Campaign]:
    """Return the latest campaigns that were submitted, newest first."""
    query = select(Campaign).where(Campaign.outbound_id.is_not(None), Campaign.trashed_at.is_(None))
    return session.scalars(query.order_by(Campaign.created_at.desc(), Campaign.id.desc()).limit(limit)).all()


def ended(session: Session, limit: int) -> Sequence[Campaign]:
    """Return campaigns of which messages have left or were captured."""
    states = [OutboundState.DONE, OutboundState.UNKNOWN]
    inside = reads.subject_outbounds(session, SUBJECT, states)
    return session.scalars(select(Campaign).where(Campaign.outbound_id.in_(inside)).limit(limit)).all()


def outbound_of(session: Session, campaign: Campaign, *, with_counts: bool = False) -> OutboundView | None:
    """Return what the gate knows of a campaign, or None when it was never submitted."""
    if campaign.outbound_id is None:
        return None
    return reads.outbounds(session, [campaign.outbound_id], with_counts=with_counts).get(campaign.outbound_id)


def row_of(session: Session, campaign: Campaign) -> CampaignRow:
    """Return one campaign with its state, counts and facts."""
    return rows_of(session, [campaign])[0]


def rows_of(session: Session, campaigns: Sequence[Campaign]) -> list[CampaignRow]:
    """Return campaigns with their states, counts and facts, set-based."""
    ids = [row.outbound_id for row in campaigns if row.outbound_id is not None]
    outbounds = reads.outbounds(session, ids, with_counts=True) if ids else {}
    rolled = rollups.counts(session, SUBJECT, [row.id for row in campaigns]) if campaigns else {}
    found = []
    for campaign in campaigns:
        outbound = outbounds.get(campaign.outbound_id or 0)
        own = {kind: numbers for (subject, kind), numbers in rolled.items() if subject == campaign.id}
        found.append(CampaignRow(campaign=campaign, outbound=outbound, state=state_of(outbound), facts=own))
    return found


def listing(
    session: Session,
    *,
    state: CampaignState | None = None,
    text: str = "",
    in_trash: bool = False,
    cursor: str = "",
    limit: int = PAGE,
) -> Slice[CampaignRow]:
    """Return one page of campaigns, newest first."""
    query = select(Campaign).where(Campaign.trashed_at.is_not(None) if in_trash else Campaign.trashed_at.is_(None))
    if state is not None:
        query = _in_state(session, query, state)
    if text:
        query = query.where(func.lower(Campaign.name).contains(text.lower(), autoescape=True))
    return _page(session, query, cursor, limit)


def count(session: Session) -> int:
    """Return how many campaigns there are outside the trash."""
    return session.scalar(select(func.count()).select_from(Campaign).where(Campaign.trashed_at.is_(None))) or 0


def in_state(session: Session, state: CampaignState, limit: int) -> list[CampaignRow]:
    """Return the newest campaigns in one state."""
    return list(listing(session, state=state, limit=limit).rows)


def due_before(session: Session, moment: datetime, limit: int) -> list[CampaignRow]:
    """Return campaigns that leave before a moment or are leaving now, the soonest first."""
    states = [OutboundState.READY, OutboundState.WORKING]
    running = reads.subject_outbounds(session, SUBJECT, states, is_paused=False)
    query = select(Campaign).where(Campaign.trashed_at.is_(None), Campaign.outbound_id.in_(running))
    found = [row for row in rows_of(session, session.scalars(query.limit(500)).all()) if _is_due(row, moment)]
    return sorted(found, key=lambda row: (_due(row) or moment, row.campaign.id))[:limit]


def finished_since(session: Session, moment: datetime) -> list[CampaignRow]:
    """Return campaigns made in the year before a moment's month whose sending ended since the moment."""
    states = [OutboundState.DONE, OutboundState.UNKNOWN, OutboundState.FAILED]
    ended = reads.subject_outbounds(session, SUBJECT, states)
    query = (
        select(Campaign)
        .where(Campaign.outbound_id.in_(ended), Campaign.created_at >= moment - timedelta(days=365))
        .order_by(Campaign.created_at.desc())
        .limit(500)
    )
    rows = rows_of(session, session.scalars(query).all())
    return [row for row in rows if row.outbound and (row.outbound.finished_at or moment) >= moment]


def search(session: Session, text: str, limit: int) -> Sequence[Campaign]:
    """Return campaigns whose name or subject contains a text, newest first."""
    wanted = text.lower()
    return session.scalars(
        select(Campaign)
        .where(
            Campaign.trashed_at.is_(None),
            or_(
                func.lower(Campaign.name).contains(wanted, autoescape=True),
                func.lower(Campaign.subject).contains(wanted, autoescape=True),
            ),
        )
        .order_by(Campaign.created_at.desc())
        .limit(limit)
    ).all()


def _in_state(session: Session, query: Select[Campaign], state: CampaignState) -> Select[Campaign]:
    back = reads.item_outbounds(session, SUBJECT, [ItemState.REJECTED, ItemState.EXPIRED])
    if state is CampaignState.DRAFT:
        return query.where(or_(Campaign.outbound_id.is_(None), Campaign.outbound_id.in_(back)))
    wanted, is_paused = _OUTBOUND_STATES[state]
    inside = reads.subject_outbounds(session, SUBJECT, wanted, is_paused=is_paused)
    return query.where(and_(Campaign.outbound_id.in_(inside), Campaign.outbound_id.not_in(back)))


_OUTBOUND_STATES: dict[CampaignState, tuple[tuple[OutboundState, ...], bool | None]] = {
    CampaignState.PENDING: ((OutboundState.HELD,), None),
    CampaignState.SCHEDULED: ((OutboundState.READY,), False),
    CampaignState.SENDING: ((OutboundState.WORKING,), False),
    CampaignState.PAUSED: ((OutboundState.READY, OutboundState.WORKING), True),
    CampaignState.SENT: ((OutboundState.DONE, OutboundState.UNKNOWN), None),
    CampaignState.FAILED: ((OutboundState.FAILED, OutboundState.REFUSED), None),
    CampaignState.CANCELLED: ((OutboundState.CANCELLED,), None),
}


def _due(row: CampaignRow) -> datetime | None:
    return row.outbound.due_at if row.outbound else None


def _is_due(row: CampaignRow, moment: datetime) -> bool:
    due = _due(row)
    return row.state is CampaignState.SENDING or due is None or due < moment


def _page(session: Session, query: Select[Campaign], cursor: str, limit: int) -> Slice[CampaignRow]:
    way, at, last_id = _where(cursor)
    is_back = way == _BACK
    order = (Campaign.created_at, Campaign.id)
    query = query.order_by(*(order if is_back else (column.desc() for column in order)))
    if at is not None:
        later = or_(Campaign.created_at > at, and_(Campaign.created_at == at, Campaign.id > last_id))
        earlier = or_(Campaign.created_at < at, and_(Campaign.created_at == at, Campaign.id < last_id))
        query = query.where(later if is_back else earlier)
    found = list(session.scalars(query.limit(limit + 1)))
    more, found = len(found) > limit, found[:limit]
    if is_back:
        found.reverse()
    has_next = bool(found) if is_back else more
    has_previous = more if is_back else at is not None and bool(found)
    return Slice(
        rows=rows_of(session, found),
        next_cursor=_cursor(_FORWARD, found[-1]) if has_next else None,
        previous_cursor=_cursor(_BACK, found[0]) if has_previous else None,
    )


def _cursor(way: str, row: Campaign) -> str:
    return encode_cursor(way, row.created_at.isoformat(), row.id)


def _where(cursor: str) -> tuple[str, datetime | None, int]:
    if not cursor:
        return _FORWARD, None, 0
    way, at, last_id = decode_cursor(cursor, 3)
    return str(way), as_moment(at), as_row_number(last_id)


def with_text(session: Session, fragment: str, limit: int) -> Sequence[Campaign]:
    """Return campaigns whose source or text holds a fragment, or what was submitted of them, the latest first."""
    held = or_(
        Campaign.source.contains(fragment, autoescape=True, escape="/"),
        Campaign.text.contains(fragment, autoescape=True, escape="/"),
        Campaign.id.in_(reads.subjects_holding(SUBJECT, fragment)),
    )
    return session.scalars(select(Campaign).where(held).order_by(Campaign.id.desc()).limit(limit)).all()
