"""What the pages of a campaign that repeats show, gathered once per request."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from babel import dates

from lux.gate import toggles
from lux.gate.series import frame, rhythm
from lux.gate.states import RunState
from lux.identity import companies
from lux.identity.access import Right
from lux.kit import clock
from lux.kit.db.session import company_of
from lux.kit.errors import BrokenRule
from lux.kit.i18n import babel_locale, ngettext
from lux.kit.i18n import gettext as _
from lux.rooms.email import audience, queries, repeat, repeating, show, states
from lux.rooms.email.links import links_for

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.series.looking import Run, Standing
    from lux.identity.access import Person
    from lux.rooms.email.models import Campaign
    from lux.ui.forms import FormState

RUNS = 13  # a quarter of a year of weeks, where nothing was chosen yet
ROOM = 1.5  # the audience may grow by half


def series(session: Session, campaign: Campaign, person: Person) -> dict[str, Any]:
    """Return what the page of a series shows."""
    chosen = repeat.of_campaign(campaign)
    zone = companies.current(session).timezone
    parent = queries.by_ids(session, [campaign.run_of_id]).get(campaign.run_of_id) if campaign.run_of_id else None
    standing = repeating.standing_of(session, campaign)
    return show.head(session, campaign) | {
        "repeat": chosen,
        "within": within(standing, zone) if standing and standing.yes_at else "",
        "bounds": bounds(chosen, zone) if chosen else [],
        "standing": standing,
        "runs": [{"run": run, "campaign": made, "outcome": outcome(run), "chip": chip_of(run)}
                 for run, made in repeating.runs_of(session, campaign)],
        "parent": parent,
        "may_edit": person.has(Right.EDIT),
        "may_schedule": toggles.is_on(session, company_of(session), toggles.SCHEDULED),
        "switch_url": links_for(campaign)("scheduled"),
        "zone": zone,
    }  # fmt: skip


def editor(session: Session, campaign: Campaign, form: FormState) -> dict[str, Any]:
    """Return what the form of a rhythm offers."""
    names = dates.get_day_names("wide", locale=babel_locale())
    days = [(str(number), str(number)) for number in range(1, 29)]
    return show.head(session, campaign) | {
        "form": form,
        "zone": companies.current(session).timezone,
        "rhythms": [(rhythm.DAY, _("Daily")), (rhythm.WEEK, _("Weekly")), (rhythm.MONTH, _("Monthly"))],
        "weekdays": [(key, names[number]) for number, key in enumerate(rhythm.WEEKDAYS)],
        "days": [*days, (rhythm.LAST, _("the last day"))],
        "will_wait_again": states.is_waiting(queries.outbound_of(session, campaign)),
    }


def values_of(session: Session, campaign: Campaign) -> dict[str, Any]:
    """Return how a campaign repeats as its form shows it; where nothing was chosen, a quarter of a year of weeks."""
    if campaign.repeat:
        return {"version": campaign.version, **campaign.repeat}
    today = clock.in_zone(clock.now(), companies.current(session).timezone).date()
    people = max(10, round(_mailable(session, campaign) * ROOM))
    return {
        "version": campaign.version,
        "every": rhythm.WEEK,
        "weekday": rhythm.WEEKDAYS[today.weekday()],
        "day": str(min(today.day, 28)),
        "at": "09:00",
        "until": (today + dt.timedelta(weeks=RUNS)).isoformat(),
        "most": RUNS,
        "most_recipients": people,
        "most_messages": people * RUNS,
        "drift_percent": frame.DRIFT_PERCENT,
        "drift_least": frame.DRIFT_LEAST,
    }


def bounds(chosen: repeat.Repeat, zone: str) -> list[tuple[str, str]]:
    """Return how a campaign repeats, in words."""
    return [
        (_("Runs"), rhythm.words(chosen.rule, zone)),
        (_("Last day"), dates.format_date(chosen.until, format="full", locale=babel_locale())),
        (_("Runs at most"), str(chosen.most)),
        (_("People each time at most"), str(chosen.most_recipients)),
        (_("Messages in all at most"), str(chosen.most_messages)),
        (
            _("Stops by itself"),
            _("when the audience is more than %(p)s %% (and more than %(n)s people) away from what was approved",
              p=chosen.drift_percent, n=chosen.drift_least),
        ),
    ]  # fmt: skip


def within(standing: Standing, zone: str) -> str:
    """Return how often it ran within which yes: “Ran 12 times within the yes of 3 November by Ada”."""
    day = clock.in_zone(standing.yes_at or clock.now(), zone).date()
    values = {"day": dates.format_date(day, format="long", locale=babel_locale()), "who": standing.yes_by}
    one, many = (
        "Ran once within the yes of %(day)s by %(who)s.",
        "Ran %(num)s times within the yes of %(day)s by %(who)s.",
    )
    return ngettext(one, many, standing.runs, **values)


def outcome(run: Run) -> str:
    """Return what became of a slot, in a word or two."""
    if run.state is RunState.SKIPPED:
        return _("Left out")
    if run.state is RunState.REFUSED:
        return _("Outside the yes")
    return states.label(states.state_of(run.outbound), run.counts)


def chip_of(run: Run) -> str:
    """Return the word by which the status chip finds its look."""
    if run.state is not RunState.STARTED:
        return "skipped" if run.state is RunState.SKIPPED else "refused"
    return states.chip_of(states.state_of(run.outbound), run.counts)


def _mailable(session: Session, campaign: Campaign) -> int:
    try:
        ref = audience.ref_of(session, campaign.audience_source, campaign.audience_key)
    except BrokenRule:
        return 0
    return audience.split(session, ref).mailable if ref else 0
