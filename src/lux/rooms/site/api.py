"""The API of the website: how it is set up, whether it is seen, and its figures."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from lux.identity.api_keys import Scope
from lux.rooms.site import queries
from lux.rooms.site.service import figures, script, status
from lux.ui import web
from lux.ui.api import Input, Output, operation, room

if TYPE_CHECKING:
    from collections.abc import Sequence

website = room("site")
blueprints = (website,)
TAG = "Website"


class FiguresQuery(Input):
    """Which period."""

    days: Annotated[int, Field(ge=1, le=366, description="Today and the days before it, in the company's zone.")] = 30


class DomainOut(Output):
    """A domain and what is seen of it."""

    host: str
    state: Annotated[str, Field(description="seen, checked, loaded, quiet or never")]
    last_visitor_at: dt.datetime | None
    last_look_at: dt.datetime | None
    script_loaded_at: dt.datetime | None


class WebsiteOut(Output):
    """How site tracking is set up."""

    is_set_up: bool
    consent_mode: str
    snippet: str
    domains: list[DomainOut]


class CountOut(Output):
    """How often something was counted."""

    name: str
    count: int


class OriginOut(Output):
    """Visits from one origin; an empty name = it says nothing."""

    name: str
    visits: int
    visitors: int


class AmountOut(Output):
    """What conversions were worth in one currency."""

    minor: int
    currency: str


class FiguresOut(Output):
    """Figures of visitors who said yes; null where nothing was ever reported, never a made-up zero."""

    first: dt.date
    last: dt.date
    zone: str
    is_available: bool
    visits: int | None
    visitors: int | None
    known_contacts: int | None
    views: int | None
    revenue: list[AmountOut]
    pages: list[CountOut]
    forms: list[CountOut]
    events: list[CountOut]
    conversions: list[CountOut]
    sources: list[OriginOut]
    campaigns: list[OriginOut]


@operation(website, "GET /website", scope=Scope.FACTS_READ, tag=TAG, answer=WebsiteOut)
def read_website() -> WebsiteOut:
    """Read how site tracking is set up and what is seen of each domain."""
    session = web.session()
    setup = queries.setup(session)
    domains = [
        DomainOut(
            host=one.domain.host, state=one.state, last_visitor_at=one.domain.hit_at,
            last_look_at=one.domain.checked_at, script_loaded_at=one.domain.loaded_at,
        )
        for one in status.sights(session)
    ]  # fmt: skip
    return WebsiteOut(
        is_set_up=setup is not None and bool(domains),
        consent_mode=setup.consent_mode.value if setup else "banner",
        snippet=script.snippet(session, setup) if setup else "",
        domains=domains,
    )


@operation(website, "GET /website/figures", scope=Scope.FACTS_READ, tag=TAG, query=FiguresQuery, answer=FiguresOut)
def read_figures(query: FiguresQuery) -> FiguresOut:
    """Read visits, visitors, pages, origins, forms, events and conversions of a period."""
    session = web.session()
    found, is_available = figures.figures(session, query.days), figures.has_any(session)
    visits = found.visits if is_available else None
    return FiguresOut(
        first=found.first,
        last=found.last,
        zone=found.zone,
        is_available=is_available,
        visits=visits.visits if visits else None,
        visitors=visits.visitors if visits else None,
        known_contacts=visits.contacts if visits else None,
        views=found.totals.get("view", 0) if is_available else None,
        revenue=[AmountOut(minor=one.minor, currency=one.currency) for one in found.revenue],
        pages=_counted(found.pages),
        forms=_counted(found.forms),
        events=_counted(found.events),
        conversions=_counted(found.conversions),
        sources=_origins(found.sources),
        campaigns=_origins(found.campaigns),
    )


def _counted(rows: Sequence[tuple[str, int]]) -> list[CountOut]:
    return [CountOut(name=name, count=number) for name, number in rows]


def _origins(rows: Sequence[tuple[str, int, int]]) -> list[OriginOut]:
    return [OriginOut(name=name, visits=visits, visitors=visitors) for name, visits, visitors in rows]
