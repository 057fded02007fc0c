"""What an item will cost as far as LUX knows, and whether the channel's budget still has room for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from lux.gate.models import ApprovalQueue, Outbound
from lux.gate.policy import Finding
from lux.gate.review.models import ChannelBudget
from lux.gate.states import ItemState, OutboundState
from lux.identity import companies
from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.kit.money import Money
from lux.ports.acts import Act, ActKind
from lux.ports.contributions import installed

PERIODS: Final = ("day", "month")
OVER, UNKNOWN_COST, OTHER_MONEY = "over_budget", "cost_unknown", "budget_currency"
CODES: Final = frozenset({OVER, UNKNOWN_COST, OTHER_MONEY})
_PLANNED: Final = (ItemState.APPROVED, ItemState.SCHEDULED, ItemState.PUBLISHED)
_UNSPENT: Final = (OutboundState.HELD, OutboundState.READY, OutboundState.FAILED, OutboundState.REFUSED)


@dataclass(frozen=True, kw_only=True)
class Room:
    """One budget of a channel, and what of its present period is taken."""

    period: str
    limit: Money
    taken: Money

    def has_room_for(self, cost: Money) -> bool:
        """Say whether a cost fits in; an amount in other money never does, for LUX converts nothing."""
        return cost.currency == self.limit.currency and self.taken + cost <= self.limit


def estimate(session: Session, act: Act, recipients: int) -> Money | None:
    """Return what the act will cost; None = no cost is known to LUX."""
    for source in installed().prices:
        if source.channel == act.channel:
            return source.estimate(session, act, recipients)
    return None


def about_budget(
    session: Session, act: Act, cost: Money | None, *, at: dt.datetime | None, item_id: int = 0
) -> list[Finding]:
    """Return what is to be said at submission: what has a yes for the same day and month takes its room."""
    moment = at or clock.now()
    found: list[Finding] = []
    for budget in _budgets(session, act.channel):
        if cost is None:
            return [_unknown(budget)]
        start, end = span(budget.period, moment, companies.current(session).timezone)
        when = func.coalesce(ApprovalQueue.send_at, ApprovalQueue.decided_at)
        where = (ApprovalQueue.state.in_(_PLANNED), ApprovalQueue.id != item_id, when >= start, when < end)
        found += _judged(_room(session, budget, where), cost)
    return found


def at_dispatch(session: Session, item: ApprovalQueue, act: Act) -> Finding | None:
    """Return why the item may not begin now: what began in the same day or month takes its room.

    Locks the channel's budgets until the caller's transaction ends, so that two that begin together see each other.
    """
    budgets = _budgets(session, act.channel, is_locked=True)
    cost = estimate(session, act, item.audience_count) if budgets else None
    if cost is None:
        return None
    for budget in budgets:
        start, end = span(budget.period, clock.now(), companies.current(session).timezone)
        began = select(Outbound.item_id).where(
            Outbound.started_at >= start, Outbound.started_at < end, Outbound.state.not_in(_UNSPENT)
        )
        where = (ApprovalQueue.id.in_(began), ApprovalQueue.id != item.id)
        for finding in _judged(_room(session, budget, where), cost):
            return finding
    return None


def span(period: str, moment: dt.datetime, zone: str) -> tuple[dt.datetime, dt.datetime]:
    """Return the day or month of a company's zone that holds a moment, as UTC: from its start to the next one's."""
    local = clock.in_zone(moment, zone)
    first = local.date() if period == "day" else local.date().replace(day=1)
    following = first + dt.timedelta(days=1) if period == "day" else (first + dt.timedelta(days=32)).replace(day=1)
    tz = clock.zone(zone)
    begin, end = (dt.datetime.combine(one, dt.time(), tz).astimezone(dt.UTC) for one in (first, following))
    return begin, end


def rooms(session: Session) -> dict[tuple[str, str], Room]:
    """Return every budget with what has a yes in its present period, by channel and period."""
    zone, found = companies.current(session).timezone, {}
    for budget in session.scalars(select(ChannelBudget)):
        start, end = span(budget.period, clock.now(), zone)
        when = func.coalesce(ApprovalQueue.send_at, ApprovalQueue.decided_at)
        where = (ApprovalQueue.state.in_(_PLANNED), when >= start, when < end)
        found[budget.channel, budget.period] = _room(session, budget, where)
    return found


def _budgets(session: Session, channel: str, *, is_locked: bool = False) -> Sequence[ChannelBudget]:
    query = select(ChannelBudget).where(ChannelBudget.channel == channel).order_by(ChannelBudget.period)
    return session.scalars(query.with_for_update() if is_locked else query).all()


def _room(session: Session, budget: ChannelBudget, where: Sequence[ColumnElement[bool]]) -> Room:
    taken = session.scalar(
        select(func.sum(ApprovalQueue.cost_minor)).where(
            ApprovalQueue.channel == budget.channel,
            ApprovalQueue.cost_currency == budget.currency,
            ApprovalQueue.kind != ActKind.SERIES,  # its runs are counted, each when it begins
            *where,
        )
    )
    money = Money(minor=budget.limit_minor, currency=budget.currency)
    return Room(period=budget.period, limit=money, taken=Money(minor=int(taken or 0), currency=budget.currency))


def _judged(room: Room, cost: Money) -> list[Finding]:
    if cost.currency != room.limit.currency:
        return [
            Finding(
                code=OTHER_MONEY,
                severity="block",
                field="cost",
                message=_("It costs %(cost)s, and the budget is in %(currency)s: LUX converts no money.",
                          cost=cost.display(), currency=room.limit.currency),
                fix=_("Set the budget of this channel in %(currency)s.", currency=cost.currency),
            )
        ]  # fmt: skip
    if room.has_room_for(cost):
        return []
    values = {"cost": cost.display(), "taken": room.taken.display(), "limit": room.limit.display()}
    words = (
        _("It costs %(cost)s. Of the day's budget of %(limit)s, %(taken)s are taken.", **values)
        if room.period == "day"
        else _("It costs %(cost)s. Of the month's budget of %(limit)s, %(taken)s are taken.", **values)
    )
    fix = _("Choose a smaller audience or another time, or raise the budget.")
    return [Finding(code=OVER, severity="block", field="cost", message=words, fix=fix)]


def _unknown(budget: ChannelBudget) -> Finding:
    return Finding(
        code=UNKNOWN_COST,
        severity="info",
        message=_("No cost is known to LUX here, so the channel's budget of %(limit)s was not asked.",
                  limit=Money(minor=budget.limit_minor, currency=budget.currency).display()),
    )  # fmt: skip
