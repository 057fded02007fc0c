"""The list of contacts: searched, filtered, sorted, and paged by key, so that page 1,000 costs what page 1 costs."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from lux.gate import consent
from lux.gate.consent import Standing
from lux.kit.db.session import company_of
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.contacts.models import Contact, Lifecycle, Tag
from lux.rooms.contacts.queries import conditions, people
from lux.ui.paging import Slice, decode_cursor, encode_cursor

SORTS: Final[Mapping[str, Any]] = {
    "created": Contact.created_at,
    "email": Contact.email_key,
    "updated": Contact.updated_at,
    "activity": Contact.last_activity_at,
    "trashed": Contact.trashed_at,
}
DEFAULT_SORT: Final = "-created"
COUNT_CAP: Final = 10_000  # beyond, a count is asked for
_VALUES, _EMPTY = 0, 1  # contacts without a value come last, in either order


@dataclass(frozen=True, kw_only=True)
class ContactFilter:
    """Which contacts: plain values, so that an export can keep them as JSON."""

    text: str = ""
    tag: str = ""  # public id
    lifecycle: str = ""
    consent: str = ""  # one of conditions.CONSENT_STATES
    is_trash: bool = False
    changed_since: str = ""  # ISO 8601 with a zone: changed at this moment or after it

    @property
    def is_narrow(self) -> bool:
        """Say whether anything is left out but the trash."""
        return bool(self.text.strip() or self.tag or self.lifecycle or self.consent or self.changed_since)

    def as_json(self) -> dict[str, Any]:
        """Return plain values to be stored."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class ContactRow:
    """One line of the list."""

    contact: Contact
    name: str
    tags: Sequence[Tag]
    standing: Standing | None  # of the e-mail address; None without one


def page(
    session: Session,
    wanted: ContactFilter,
    *,
    sort: str = DEFAULT_SORT,
    cursor: str | None = None,
    limit: int = 50,
    calling_code: str = "",
) -> Slice[ContactRow]:
    """Return one page of the list; raises InvalidInput for an unknown sort or a damaged cursor."""
    walk = _Walk(session, wanted, sort, calling_code)
    place = _place(cursor, walk)
    found = walk.after(place, limit + 1)
    has_more, rows = len(found) > limit, found[:limit]
    if place and place.is_backwards:
        rows.reverse()
    has_next = has_more if not (place and place.is_backwards) else bool(rows)
    has_previous = bool(place) if not (place and place.is_backwards) else has_more
    return Slice(
        rows=_with_details(session, rows),
        next_cursor=walk.cursor(rows[-1], "n") if rows and has_next else None,
        previous_cursor=walk.cursor(rows[0], "p") if rows and has_previous else None,
    )


def count(session: Session, wanted: ContactFilter, *, cap: int | None = COUNT_CAP, calling_code: str = "") -> int:
    """Return how many contacts match; `cap` + 1 means more than `cap`."""
    rows = select(Contact.id).where(*where(session, wanted, calling_code))
    rows = rows.limit(cap + 1) if cap is not None else rows
    return session.scalar(select(func.count()).select_from(rows.subquery())) or 0


def where(session: Session, wanted: ContactFilter, calling_code: str = "") -> list[ColumnElement[bool]]:
    """Return the conditions of a filter; raises InvalidInput for values that do not exist."""
    company_id = company_of(session)
    found: list[ColumnElement[bool]] = [Contact.company_id == company_id]
    found.append(Contact.trashed_at.is_not(None) if wanted.is_trash else conditions.is_active())
    matching = conditions.matches(company_id, wanted.text, calling_code)
    if matching is not None:
        found.append(matching)
    if wanted.tag:
        found.append(conditions.has_tag(company_id, _tag_id(session, wanted.tag)))
    if wanted.changed_since:
        found.append(Contact.updated_at >= dt.datetime.fromisoformat(wanted.changed_since))
    if wanted.lifecycle:
        if wanted.lifecycle not in {stage.value for stage in Lifecycle}:
            raise InvalidInput(field="lifecycle", message=_("This choice does not exist."))
        found.append(Contact.lifecycle == Lifecycle(wanted.lifecycle))
    if wanted.consent:
        if wanted.consent not in conditions.CONSENT_STATES:
            raise InvalidInput(field="consent", message=_("This choice does not exist."))
        found.append(conditions.has_consent(company_id, wanted.consent))
    return found


@dataclass(frozen=True, kw_only=True)
class _Place:
    is_backwards: bool
    group: int
    value: Any
    id: int


class _Walk:
    """Goes through the contacts in one order from a place on, in either direction."""

    def __init__(self, session: Session, wanted: ContactFilter, sort: str, calling_code: str) -> None:
        name = sort.removeprefix("-")
        if name not in SORTS:
            raise InvalidInput(field="sort", message=_("The list can't be sorted that way."))
        self.column = SORTS[name]
        self.is_moment = name != "email"
        self._attribute = self.column.key
        self._is_descending = sort.startswith("-")
        self._session = session
        self._query = select(Contact).where(*where(session, wanted, calling_code))

    def after(self, place: _Place | None, wanted: int) -> list[Contact]:
        """Return the next contacts of the walk."""
        is_backwards = bool(place and place.is_backwards)
        groups = [_EMPTY, _VALUES] if is_backwards else [_VALUES, _EMPTY]
        if place:
            groups = groups[groups.index(place.group) :]
        found: list[Contact] = []
        for group in groups:
            if len(found) < wanted:
                here = place if place and place.group == group else None
                found.extend(self._group(group, here, wanted - len(found), is_backwards=is_backwards))
        return found

    def cursor(self, contact: Contact, direction: str) -> str:
        """Return the cursor of a row."""
        value = getattr(contact, self._attribute)
        group = _VALUES if value is not None else _EMPTY
        return encode_cursor(
            direction, group, value.isoformat() if isinstance(value, dt.datetime) else value, contact.id
        )

    def _group(self, group: int, place: _Place | None, wanted: int, *, is_backwards: bool) -> Sequence[Contact]:
        is_down = self._is_descending is not is_backwards
        query = self._query.where(self.column.is_not(None) if group == _VALUES else self.column.is_(None))
        query = query.order_by(*[part.desc() if is_down else part.asc() for part in self._order(group)]).limit(wanted)
        if place:
            query = query.where(self._beyond(place, is_down=is_down))
        return self._session.scalars(query).all()

    def _order(self, group: int) -> list[Any]:
        return [self.column, Contact.id] if group == _VALUES else [Contact.id]

    def _beyond(self, place: _Place, *, is_down: bool) -> ColumnElement[bool]:
        further: ColumnElement[bool] = Contact.id < place.id if is_down else Contact.id > place.id
        if place.group == _EMPTY:
            return further
        # the first half is a plain range over the index, the second cuts off what equals the place
        column = self.column
        if is_down:
            return and_(column <= place.value, or_(column < place.value, further))
        return and_(column >= place.value, or_(column > place.value, further))


def _place(cursor: str | None, walk: _Walk) -> _Place | None:
    if not cursor:
        return None
    direction, group, value, number = decode_cursor(cursor, 4)
    is_whole = direction in {"n", "p"} and group in {_VALUES, _EMPTY} and isinstance(number, int)
    is_sorted = group == _EMPTY or isinstance(value, str)
    if not (is_whole and is_sorted):
        raise _damaged()
    moment = _moment(str(value)) if group == _VALUES and walk.is_moment else value
    return _Place(is_backwards=direction == "p", group=int(group or 0), value=moment, id=int(number or 0))


def _moment(text: str) -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise _damaged() from error
    if found.tzinfo is None:
        raise _damaged()
    return found


def _damaged() -> InvalidInput:
    return InvalidInput(field="cursor", message=_("This page link is damaged."), fix=_("Start at the first page."))


def _tag_id(session: Session, public_id: str) -> int:
    try:
        found = session.scalar(select(Tag.id).where(Tag.public_id == uuid.UUID(public_id)))
    except ValueError:
        found = None
    if found is None:
        raise InvalidInput(field="tag", message=_("This tag does not exist any more."), fix=_("Choose another one."))
    return found


def _with_details(session: Session, contacts: Sequence[Contact]) -> list[ContactRow]:
    tags = people.tags_of(session, [contact.id for contact in contacts])
    keys = [contact.email_key for contact in contacts if contact.email_key]
    standings = consent.status(session, "email", keys) if keys else {}
    return [
        ContactRow(
            contact=one,
            name=people.display_name(one.first_name, one.last_name, one.email, one.phone),
            tags=tags.get(one.id, []),
            standing=standings.get(one.email_key) if one.email_key else None,
        )
        for one in contacts
    ]
