"""Sent campaigns side by side: people and all, each share with its base, each difference with whether it is one."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lux.kit import clock
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.contacts.spreadsheet import disarmed
from lux.rooms.email import queries
from lux.rooms.email.breakdowns import CLICKED, OPENED, UNSUBSCRIBED
from lux.rooms.email.states import CampaignState
from lux.stats import proportions

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.rooms.email.queries import CampaignRow
    from lux.stats.proportions import Difference

LEAST, MOST = 2, 6
OFFERED = 50  # of the newest that were sent


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One share of one campaign, and how it differs from the first campaign's (of people alone)."""

    label: str
    human: int
    total: int
    difference: Difference | None  # None = it is the first

    @property
    def verdict(self) -> str:
        """Return in words whether it differs."""
        if self.difference is None:
            return _("the others are compared with it")
        known = self.difference.is_significant
        if known is None:
            return _("too few to tell")
        if not known:
            return _("no significant difference")
        is_more = self.difference.second > self.difference.first
        return _("significantly more") if is_more else _("significantly less")

    @property
    def look(self) -> str:
        """Return the kind of chip the words stand in."""
        significant = self.difference.is_significant if self.difference else None
        if not significant or self.difference is None:
            return "info"
        return "ok" if self.difference.second > self.difference.first else "warn"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One campaign in a comparison."""

    row: CampaignRow
    cells: Sequence[Cell]

    @property
    def reached(self) -> int:
        """Return what every share is a share of."""
        return self.row.reached


def offered(session: Session) -> list[CampaignRow]:
    """Return campaigns that can be compared, newest first."""
    return queries.in_state(session, CampaignState.SENT, OFFERED)


def compare(session: Session, chosen: Sequence[str]) -> list[Compared]:
    """Return the chosen campaigns in the order chosen; raises InvalidInput naming `c` for too few, many, or others."""
    ids = list(dict.fromkeys(chosen))
    if not LEAST <= len(ids) <= MOST:
        raise InvalidInput(
            field="c",
            message=_("%(n)s campaigns are chosen.", n=len(ids)),
            fix=_("Choose from %(least)s to %(most)s.", least=LEAST, most=MOST),
        )
    rows = _rows(session, ids)
    first, number = rows[0], len(rows) - 1
    return [Compared(row=row, cells=_cells(first, row, number)) for row in rows]


def as_csv(found: Sequence[Compared], zone: str) -> str:
    """Return a comparison as CSV (RFC 4180); cells can't become formulas."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    head = [_("Campaign"), _("Ended"), _("Recipients reached")]
    for cell in found[0].cells:
        names = (_("people"), _("all"), _("p-value"), _("compared with the first"))
        head += [f"{cell.label}: {name}" for name in names]
    writer.writerow(head)
    for one in found:
        ended = one.row.outbound.finished_at if one.row.outbound else None
        line = [one.row.campaign.name, clock.in_zone(ended, zone).isoformat(timespec="seconds") if ended else ""]
        line.append(str(one.reached))
        for cell in one.cells:
            p_value = cell.difference.p_value if cell.difference else None
            line += [str(cell.human), str(cell.total), f"{p_value:.4g}" if p_value is not None else "", cell.verdict]
        writer.writerow([disarmed(text) for text in line])
    return out.getvalue()


def _rows(session: Session, ids: Sequence[str]) -> list[CampaignRow]:
    try:
        public_ids = [uuid.UUID(one) for one in ids]
    except ValueError as error:
        raise _unknown() from error
    rows = {row.campaign.public_id: row for row in queries.rows_of(session, queries.by_public_ids(session, public_ids))}
    found = [rows[one] for one in public_ids if one in rows and rows[one].state is CampaignState.SENT]
    if len(found) != len(ids):
        raise _unknown()
    return found


def _unknown() -> InvalidInput:
    return InvalidInput(
        field="c", message=_("One of these campaigns was not sent, or is gone."), fix=_("Choose from the list.")
    )


def _cells(first: CampaignRow, row: CampaignRow, comparisons: int) -> list[Cell]:
    labels = {OPENED: _("Opened by"), CLICKED: _("Clicked by"), UNSUBSCRIBED: _("Unsubscribed")}
    found = []
    for kind, label in labels.items():
        numbers = (*_share(first, kind), *_share(row, kind))
        difference = None if row is first else proportions.compare(*numbers, comparisons=comparisons)
        found.append(Cell(label=label, human=row.humans(kind), total=row.people(kind), difference=difference))
    return found


def _share(row: CampaignRow, kind: str) -> tuple[int, int]:
    # Somebody may open between the two questions the figures come from: never more than all.
    return min(row.humans(kind), row.reached), row.reached
