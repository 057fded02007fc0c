"""What is looked for in one company's chain, as conditions: area, person, door, day, and words as people read them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, and_, or_

from lux.kit import clock
from lux.ledger import audit
from lux.ledger.audit.words import rows_with
from lux.ledger.models import ApprovalAuditLog
from lux.rooms.approvals.log import naming

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

MOST_TEXT: Final = 100  # characters
MOST_WORDS: Final = 6  # of them that are looked for; each has to be found


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is looked for; what is empty does not matter. Days are those of the company's zone."""

    category: str = ""
    action: str = ""
    actor: str = ""  # "person:7", "api_key:3", "system"
    about: str = ""  # a type or an id
    text: str = ""  # words of the sentence: what happened, to what, by whom, and what was typed for it
    door: str = ""  # one of kit.origin.DOORS
    since: dt.date | None = None
    until: dt.date | None = None
    zone: str = "UTC"


def conditions(session: Session, company_id: int, wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return what holds for the rows of a chain that are looked for."""
    row = ApprovalAuditLog
    found: list[ColumnElement[bool]] = [row.company_id == company_id]
    if wanted.category:
        found.append(row.action.in_([one.name for one in audit.known() if one.category == wanted.category]))
    if wanted.action:
        found.append(row.action == wanted.action)
    if wanted.actor:
        kind, _colon, number = wanted.actor.partition(":")
        found += [row.actor_type == kind, *([row.actor_id == int(number)] if number.isdecimal() else [])]
    if wanted.about:
        found.append(or_(row.object_id == wanted.about.strip(), row.object_type == wanted.about.strip()))
    if wanted.door:  # as `append` writes it; inside of any text these quotes would have a backslash before them
        found.append(row.detail.contains(f'"via": {{"door": "{wanted.door}"', autoescape=True))
    if wanted.since:
        found.append(row.at >= _midnight(wanted.since, wanted.zone))
    if wanted.until:
        found.append(row.at < _midnight(wanted.until + dt.timedelta(days=1), wanted.zone))
    return found + [_holds(session, company_id, one) for one in wanted.text.split()[:MOST_WORDS]]


def _holds(session: Session, company_id: int, word: str) -> ColumnElement[bool]:
    """Return a condition: a row reads with this word in it, in any case."""
    row, folded = ApprovalAuditLog, word.casefold()
    kinds = [key for key, label in naming.KINDS.items() if folded in str(label).casefold()]
    ways: list[ColumnElement[bool]] = [
        row.action.in_(_actions(folded)),
        row.object_type.in_(kinds),
        row.object_type.icontains(word, autoescape=True),
        row.object_id.icontains(word, autoescape=True),
        row.seq.in_(rows_with(company_id, word)),
    ]
    ways += _grouped(row.object_type, row.object_id, naming.holding(session, word))
    ways.append(row.actor_type.in_([kind for kind, label in naming.NOBODY.items() if folded in str(label).casefold()]))
    ways += _grouped(row.actor_type, row.actor_id, _actors(session, folded))
    return or_(*ways)


def _actions(folded: str) -> list[str]:
    empty = {"who": "", "what": ""}
    return [one.name for one in audit.known() if folded in one.name or folded in (str(one.sentence) % empty).casefold()]


def _actors(session: Session, folded: str) -> Collection[tuple[str, int]]:
    return [key for key, name in naming.actors(session).items() if folded in name.casefold()]


def _grouped(kind: Any, number: Any, found: Iterable[tuple[str, Any]]) -> list[ColumnElement[bool]]:  # noqa: ANN401 - columns
    groups: dict[str, list[Any]] = {}
    for one, key in found:
        groups.setdefault(one, []).append(key)
    return [and_(kind == one, number.in_(keys)) for one, keys in groups.items()]


def _midnight(day: dt.date, zone: str) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=clock.zone(zone)).astimezone(dt.UTC)
