"""The API of campaigns that repeat: say how, read how far it is within its yes, pause, end.

Letting a paused one go on is for people: no key can do that.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from lux.gate import control
from lux.gate.series import frame
from lux.gate.states import RunState
from lux.identity.api_keys import Scope
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _
from lux.rooms.email import queries, repeat, repeat_show, repeating
from lux.rooms.email.api.campaigns import TAG, campaigns
from lux.rooms.email.api_shapes import VersionIn
from lux.rooms.email.repeat_forms import RepeatForm
from lux.ui import web
from lux.ui.api import Input, Output, check_version, operation, program
from lux.ui.parsing import parse

if TYPE_CHECKING:
    from lux.rooms.email.models import Campaign

Every = Literal["day", "week", "month"]
People = Annotated[int, Field(ge=1, le=frame.MOST_PEOPLE)]


class SeriesIn(Input):
    """How a campaign repeats, and how far one yes reaches; days and times are those of the company's zone."""

    every: Every
    weekday: Annotated[str, Field(max_length=3, description="of a weekly one: mon, tue, …")] = ""
    day: Annotated[str, Field(max_length=4, description="of a monthly one: 1 to 28, or “last”")] = ""
    at: Annotated[str, Field(max_length=8, description="wall time, for example 09:00")] = "09:00"
    until: Annotated[dt.date, Field(description="last day on which a run may begin")]
    most: Annotated[int, Field(ge=1, le=frame.MOST, description="runs")]
    most_recipients: Annotated[People, Field(description="of one run")]
    most_messages: Annotated[int, Field(ge=1, description="of all runs together")]
    drift_percent: Annotated[int, Field(ge=1, le=frame.MOST_DRIFT)] = frame.DRIFT_PERCENT
    drift_least: Annotated[int, Field(ge=0, description="a difference of so many is never too much")] = (
        frame.DRIFT_LEAST
    )
    version: Annotated[int | None, Field(ge=1, description="the version of the campaign you have seen")] = None


class RunOut(Output):
    """What became of one slot."""

    number: Annotated[int, Field(description="0 = it did not start")]
    slot_at: dt.datetime
    state: RunState
    outcome: str
    reason: str
    campaign: Annotated[uuid.UUID | None, Field(description="id of the campaign that the run is")]
    recipients: dict[str, Annotated[int, Field(description="by state of the delivery")]]
    opened_by: int
    clicked_by: int


class SeriesOut(Output):
    """A campaign that repeats."""

    campaign: uuid.UUID
    every: Every
    weekday: str
    day: str
    at: str
    until: dt.date
    most: int
    most_recipients: int
    most_messages: int
    drift_percent: int
    drift_least: int
    is_active: Annotated[bool, Field(description="runs start by themselves")]
    is_paused: bool
    reason: Annotated[str, Field(description="why it is held or waits for a new yes")]
    next_at: dt.datetime | None
    approved_at: Annotated[dt.datetime | None, Field(description="of the yes that the runs are counted in")]
    approved_by: str
    runs_started: Annotated[int, Field(description="within that yes")]
    messages: Annotated[int, Field(description="of those runs")]
    runs: Sequence[RunOut]
    version: int


@operation(campaigns, "GET /campaigns/<uuid:public_id>/series", scope=Scope.CAMPAIGNS_READ, tag=TAG, answer=SeriesOut)
def read_series(public_id: uuid.UUID) -> SeriesOut:
    """Read how a campaign repeats, and what became of its latest hundred slots."""
    return _shown(_repeating(public_id))


@operation(
    campaigns, "PUT /campaigns/<uuid:public_id>/series", scope=Scope.CAMPAIGNS_WRITE, tag=TAG, body=SeriesIn,
    answer=SeriesOut,
)  # fmt: skip
def repeat_campaign(public_id: uuid.UUID, body: SeriesIn) -> SeriesOut:
    """Let a campaign repeat.

    Submit it afterwards: one yes of a person covers all of its runs. A change of what was submitted voids its yes.
    """
    campaign = queries.by_public_id(web.session(), public_id)
    check_version(campaign.version, body.version)
    values = body.model_dump(mode="json", exclude={"version"})
    chosen = parse(RepeatForm, {**values, "version": campaign.version}).repeat()
    repeating.choose(web.session(), campaign, chosen, editor=program(), version=campaign.version)
    return _shown(campaign)


@operation(
    campaigns, "POST /campaigns/<uuid:public_id>/series/pause", scope=Scope.CAMPAIGNS_WRITE, tag=TAG, body=VersionIn,
    answer=SeriesOut,
)  # fmt: skip
def pause_series(public_id: uuid.UUID, body: VersionIn) -> SeriesOut:
    """Start no run until a person lets it go on; a run under way is finished."""
    campaign = _repeating(public_id)
    check_version(campaign.version, body.version)
    control.pause(web.session(), program(), repeating.submitted(web.session(), campaign))
    return _shown(campaign)


@operation(
    campaigns, "POST /campaigns/<uuid:public_id>/series/end", scope=Scope.CAMPAIGNS_WRITE, tag=TAG, body=VersionIn,
    answer=SeriesOut,
)  # fmt: skip
def end_series(public_id: uuid.UUID, body: VersionIn) -> SeriesOut:
    """End a series for good; its yes is used up."""
    campaign = _repeating(public_id)
    check_version(campaign.version, body.version)
    repeating.end(web.session(), campaign, by=program(), reason="")
    return _shown(campaign)


def _repeating(public_id: uuid.UUID) -> Campaign:
    campaign = queries.by_public_id(web.session(), public_id)
    if not campaign.repeat:
        raise NotFound(_("This campaign goes once."), fix=_("Say how it repeats first."))
    return campaign


def _shown(campaign: Campaign) -> SeriesOut:
    session = web.session()
    standing, chosen = repeating.standing_of(session, campaign), repeat.of_campaign(campaign)
    if chosen is None:
        raise NotFound
    runs = [
        RunOut(
            number=run.number, slot_at=run.slot_at, state=run.state, outcome=repeat_show.outcome(run),
            reason=run.reason, campaign=made.public_id if made else None,
            recipients={state.value: number for state, number in run.counts.items()},
            opened_by=run.opened, clicked_by=run.clicked,
        )
        for run, made in repeating.runs_of(session, campaign)
    ]  # fmt: skip
    return SeriesOut(
        **chosen.stored(),
        campaign=campaign.public_id,
        is_active=standing.is_active if standing else False,
        is_paused=standing.is_paused if standing else False,
        reason=standing.reason if standing else "",
        next_at=standing.next_at if standing else None,
        approved_at=standing.yes_at if standing else None,
        approved_by=standing.yes_by if standing else "",
        runs_started=standing.runs if standing else 0,
        messages=standing.messages if standing else 0,
        runs=runs,
        version=campaign.version,
    )
