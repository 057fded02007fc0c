"""What a channel may cost a company in a day and a month; set by its admins, each change in the audit chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.gate.review import costs
from lux.gate.review.costs import PERIODS, Room
from lux.gate.review.models import ChannelBudget
from lux.gate.toggles import TOGGLES
from lux.identity import companies
from lux.identity.access import Person, Right
from lux.identity.trail import note
from lux.kit import clock, money
from lux.kit.errors import InvalidInput, NotFound
from lux.kit.i18n import gettext as _
from lux.kit.money import Money
from lux.ports.contributions import installed

_PREFIX: Final = "channel_"


@dataclass(frozen=True, kw_only=True)
class ChannelView:
    """One channel with its budgets."""

    channel: str
    label: str
    currency: str  # of its budgets, else the company's
    is_priced: bool  # somebody here knows what it costs
    rooms: Mapping[str, Room]


def channels(session: Session) -> Sequence[ChannelView]:
    """Return every channel with its budgets and what is taken of them."""
    known, currency = costs.rooms(session), companies.current(session).currency
    priced = {source.channel for source in installed().prices}
    views = []
    for key, label in _labels().items():
        own = {period: known[key, period] for period in PERIODS if (key, period) in known}
        first = next(iter(own.values()), None)
        views.append(
            ChannelView(
                channel=key,
                label=label,
                currency=first.limit.currency if first else currency,
                is_priced=key in priced,
                rooms=own,
            )
        )
    return views


def set_budget(
    session: Session, person: Person, *, channel: str, period: str, amount: str, currency: str
) -> Money | None:
    """Set what a channel may cost; an empty amount takes the budget away. Raises InvalidInput naming the field."""
    person.require(Right.MANAGE)
    if channel not in _labels() or period not in PERIODS:
        raise NotFound(_("There is no such channel or period."))
    limit = _limit(amount, currency, period)
    where = (ChannelBudget.channel == channel, ChannelBudget.period == period)
    row = session.scalar(select(ChannelBudget).where(*where).with_for_update())
    before = Money(minor=row.limit_minor, currency=row.currency) if row else None
    if limit == before:
        return limit
    if row is not None and limit is None:
        session.delete(row)
    elif limit is not None:
        row = row or ChannelBudget(channel=channel, period=period)
        row.limit_minor, row.currency = limit.minor, limit.currency
        row.changed_by, row.changed_by_name = person.user_id, person.name or person.email
        row.changed_at = clock.now()
        session.add(row)
    session.flush()
    detail = {"period": period, "before": _told(before), "after": _told(limit)}
    note(session, person.company_id, person, "budget.changed", about=("budget", channel), detail=detail)
    return limit


def _limit(amount: str, currency: str, period: str) -> Money | None:
    if not amount.strip():
        return None
    code = currency.strip().upper()
    if not money.is_currency(code):
        raise InvalidInput(field="currency", message=_("This is no currency."), fix=_("Write its code, such as EUR."))
    limit = money.parse(amount, code, field=period)
    if limit.minor < 0:
        raise InvalidInput(field=period, message=_("A budget can't be below zero."), fix=_("Leave it empty for none."))
    return limit


def _labels() -> dict[str, str]:
    return {spec.key.removeprefix(_PREFIX): spec.label() for spec in TOGGLES if spec.key.startswith(_PREFIX)}


def _told(amount: Money | None) -> str:
    return f"{amount.amount} {amount.currency}" if amount else ""
