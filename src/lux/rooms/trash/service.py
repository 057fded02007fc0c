"""Looking through all rooms' trash, bringing back, removing for good, and emptying it when the time is over."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lux.identity import companies, users
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.db.session import company_of, settings_of
from lux.kit.errors import NotFound, WrongState
from lux.kit.i18n import gettext as _
from lux.ledger import audit
from lux.ports.contributions import installed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person
    from lux.kit.jobs import JobContext
    from lux.ports.trash import TrashBin, TrashedThing

PAGE: Final = 50
SHOWN: Final = 5  # of each kind, on the overview
CHUNK: Final = 25  # records in one transaction of the clock


@dataclass(frozen=True, kw_only=True)
class Pile:
    """What lies in one bin: how many, and the latest."""

    bin: TrashBin
    count: int
    things: Sequence[TrashedThing]
    place: tuple[dt.datetime, int] | None = None  # where the next page begins; None = there is none


def bins() -> list[TrashBin]:
    """Return all bins in the order in which they are shown."""
    return sorted(installed().trash, key=lambda one: one.order)


def bin_named(key: str) -> TrashBin:
    """Return one bin; raises NotFound."""
    found = next((one for one in bins() if one.key == key), None)
    if found is None:
        raise NotFound
    return found


def overview(session: Session) -> list[Pile]:
    """Return the bins that are not empty, each with what was thrown away last."""
    return [
        Pile(bin=one, count=number, things=one.things(session, before=None, limit=SHOWN))
        for one in bins()
        if (number := one.count(session))
    ]


def pile(session: Session, one: TrashBin, *, before: tuple[dt.datetime, int] | None = None) -> Pile:
    """Return one page of a bin."""
    things = one.things(session, before=before, limit=PAGE + 1)
    shown = things[:PAGE]
    place = (shown[-1].trashed_at, shown[-1].id) if len(things) > PAGE else None
    return Pile(bin=one, count=one.count(session), things=shown, place=place)


def names(session: Session, things: Sequence[TrashedThing]) -> Mapping[str, str]:
    """Return what those are called who threw things away, by mark; who is gone, or was not noted, has none."""
    marks = {one.trashed_by for one in things}
    ids = {mark: int(mark.partition(":")[2]) for mark in marks if mark.startswith("person:")}
    people = users.names_of(session, ids.values())
    found = {mark: people[number] for mark, number in ids.items() if number in people}
    found |= {mark: _("a program") for mark in marks if mark.startswith("api_key:")}
    return found | ({"system": _("LUX")} if "system" in marks else {})


def leaves_at(session: Session, thing: TrashedThing) -> dt.datetime | None:
    """Return when the clock removes something for good; None = it does not."""
    days = settings_of(session).trash_days
    return thing.trashed_at + dt.timedelta(days=days) if days and not thing.kept_because else None


def restore(session: Session, one: TrashBin, public_ids: Sequence[uuid.UUID], person: Person) -> int:
    """Bring records back; returns how many. What was brought back already is no fault."""
    return one.restore(session, public_ids, person)


def remove(session: Session, one: TrashBin, public_ids: Sequence[uuid.UUID], person: Person | None) -> int:
    """Remove records for good, and write that down; returns how many."""
    removed = one.remove(session, public_ids, person)
    if removed:
        audit.append(
            session,
            company_of(session),
            actor=person.actor if person else audit.SYSTEM,
            action="trash.removed",
            object_type=one.key,
            object_id="",
            detail={"count": removed},
        )
    return removed


def empty_overdue(context: JobContext) -> None:
    """Remove what has lain in the trash for longer than is set, in all companies; running twice does no harm."""
    days = context.settings.trash_days
    if not days:
        return
    moment = clock.now() - dt.timedelta(days=days)
    for company_id in _companies(context):
        for one in bins():
            _empty(context, company_id, one, moment)


def _empty(context: JobContext, company_id: int, one: TrashBin, moment: dt.datetime) -> None:
    while True:
        context.check_cancelled()
        with context.db.begin(company_id) as session:
            due = one.due(session, moment, CHUNK)
            try:
                removed = remove(session, one, due, None) if due else 0
            except WrongState:
                return  # an import runs, for example: the next night comes
        if not removed or len(due) < CHUNK:
            return


def _companies(context: JobContext) -> Sequence[int]:
    with context.db.read(ALL_COMPANIES) as session:
        return companies.all_ids(session)
