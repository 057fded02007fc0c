"""Verbs over a campaign that repeats: choose how, look how far it is, end it; and its runs as campaigns."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from lux.gate import control
from lux.gate.series import looking, rhythm
from lux.identity import companies
from lux.kit import clock
from lux.kit.errors import InvalidInput, WrongState
from lux.kit.i18n import gettext as _
from lux.rooms.content.service import versions
from lux.rooms.email import launch, queries, service
from lux.rooms.email.models import Campaign
from lux.rooms.email.queries import SUBJECT
from lux.rooms.email.states import is_waiting

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.gate.series.looking import Standing
    from lux.identity.access import Person
    from lux.rooms.email.repeat import Repeat


def choose(session: Session, campaign: Campaign, repeat: Repeat | None, *, editor: Person, version: int) -> bool:
    """Let a campaign repeat, or go once again; says whether it waits for a new yes because of it.

    Raises InvalidInput naming the field, Conflict for another version, WrongState for what has left.
    """
    outbound = queries.outbound_of(session, campaign)
    service.refuse_unless_editable(campaign, outbound)
    service.check_version(session, campaign, version)
    if repeat is not None:
        _refuse_past(session, repeat)
    was_waiting = is_waiting(outbound)
    if was_waiting and (repeat is None) != (campaign.repeat is None):
        raise WrongState(
            _("It was submitted, and one yes is not the other kind."), fix=_("Take it back first, then choose.")
        )
    campaign.repeat = repeat.stored() if repeat else None
    campaign.version += 1
    campaign.updated_at = clock.now()
    session.flush()
    subject = service.subject_of(campaign)
    versions.keep(session, subject, campaign.version, service.saved_of(campaign), editor=editor)
    if was_waiting:
        launch.revise(session, campaign, editor=editor)
    return was_waiting


def standing_of(session: Session, campaign: Campaign) -> Standing | None:
    """Return how far a campaign's series is; None when none was submitted."""
    return looking.standing(session, campaign.outbound_id) if campaign.outbound_id is not None else None


def runs_of(session: Session, campaign: Campaign) -> list[tuple[looking.Run, Campaign | None]]:
    """Return what became of each slot, the latest first, with the campaign that each run is."""
    found = looking.runs(session, (SUBJECT, campaign.id))
    made = queries.by_ids(
        session, [run.outbound.subject[1] for run in found if run.outbound and run.outbound.subject[1]]
    )
    return [(run, made.get(run.outbound.subject[1] or 0) if run.outbound else None) for run in found]


def end(session: Session, campaign: Campaign, *, by: Person, reason: str) -> None:
    """End a series for good: the yes is used up, and what of a run has not left stays."""
    control.cancel(session, by, submitted(session, campaign), reason=reason)


def submitted(session: Session, campaign: Campaign) -> int:
    """Return the outbound of a campaign's series; raises WrongState when there is none."""
    if campaign.outbound_id is None or standing_of(session, campaign) is None:
        raise WrongState(_("This campaign does not repeat, or was not submitted yet."))
    return campaign.outbound_id


class CampaignRuns:
    """Makes a campaign of each run, with a report of its own."""

    subject_type = SUBJECT

    def begin(self, session: Session, _company_id: int, subject_id: int, *, number: int, slot_at: dt.datetime) -> int:  # noqa: ARG002 - the port's shape
        """Make the campaign that a run is; what it says is that of its series."""
        of = queries.by_ids(session, [subject_id])[subject_id]
        suffix = f" · {number}"
        names = ("subject", "preview_text", "format", "source", "text", "sender_id", "reply_to", "audience_source",
                 "audience_key", "track_opens", "track_clicks", "utm", "created_by")  # fmt: skip
        run = Campaign(name=of.name[: service.NAME_LENGTH - len(suffix)] + suffix, run_of_id=of.id,
                       **{name: getattr(of, name) for name in names})  # fmt: skip
        session.add(run)
        session.flush()
        subject = service.subject_of(run)
        versions.keep(session, subject, run.version, service.saved_of(run), editor=None)
        return run.id

    def attach(self, session: Session, _company_id: int, run_id: int, outbound_id: int) -> None:
        """Take the outbound by which the run leaves."""
        queries.by_ids(session, [run_id])[run_id].outbound_id = outbound_id
        session.flush()


def _refuse_past(session: Session, repeat: Repeat) -> None:
    zone = companies.current(session).timezone
    slot = rhythm.next_after(repeat.rule, zone, clock.now())
    if slot is None or slot >= rhythm.end_of(repeat.until, zone):
        raise InvalidInput(
            field="until", message=_("There is no run before its end."), fix=_("Choose a later last day.")
        )
