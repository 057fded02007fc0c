"""What segments offer to other rooms: audiences, merge data, a panel on the contact's page, search, navigation."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from lux.identity.access import Right
from lux.kit.db.session import company_of
from lux.kit.errors import BrokenRule, NotFound
from lux.kit.i18n import gettext as _
from lux.ports.acts import AudienceRef
from lux.ports.contributions import Contributions, MergeField, NavItem, Panel
from lux.ports.finding import PaletteAction, SearchHit
from lux.rooms.contacts import queries as contacts
from lux.rooms.segments import compile as sql
from lux.rooms.segments import merging, queries, service
from lux.rooms.segments.models import Segment
from lux.rooms.segments.trash import SegmentBin


class _Contacts:
    """What both audience sources share: their recipients are contacts."""

    def merge_data(
        self, session: Session, company_id: int, contact_ids: Sequence[int], names: frozenset[str]
    ) -> Mapping[int, Mapping[str, object]]:
        """Return the merge fields of each contact as plain values."""
        return contacts.merge_rows(session, company_id, contact_ids, names)


class EveryoneAudience(_Contacts):
    """All contacts with an e-mail address."""

    name = "everyone"

    def select(self, _session: Session, company_id: int, _ref: AudienceRef) -> Select[Any]:
        """Return SELECT contact_id, address, address_key of all contacts that can be written to at all."""
        return queries.recipients(sql.everyone(company_id))


class SegmentAudience(_Contacts):
    """The contacts of one segment; `key` is its public id."""

    name = "segment"

    def select(self, session: Session, company_id: int, ref: AudienceRef) -> Select[Any]:
        """Return SELECT contact_id, address, address_key; raises BrokenRule.

        A segment whose rule, or a rule it asks for, was changed since the reference was made is refused: what was
        submitted, and perhaps approved, is another audience.
        """
        segment = self._segment(session, company_id, ref)
        ids = service.select_segment(session, segment)
        if segment.is_dynamic and ref.rule and dict(ref.rule) != service.frozen_rule(session, segment):
            raise BrokenRule(
                _("The rule of “%(name)s” was changed after this was submitted.", name=segment.name),
                fix=_("Look at the audience and submit again."),
            )
        return queries.recipients(ids)

    @staticmethod
    def _segment(session: Session, company_id: int, ref: AudienceRef) -> Segment:
        try:
            return queries.segment(session, company_id, uuid.UUID(ref.key))
        except (NotFound, ValueError) as error:
            raise BrokenRule(
                _("The segment “%(name)s” was deleted.", name=ref.label), fix=_("Choose another audience.")
            ) from error


class ContactFields:
    """The merge fields of contacts, for editors and previews."""

    def fields(self, session: Session, company_id: int) -> Sequence[MergeField]:
        """Return every field a contact has, in the order people see them."""
        return merging.fields(session, company_id)

    def find(self, session: Session, company_id: int, text: str, limit: int) -> Sequence[tuple[uuid.UUID, str]]:
        """Return contacts whose e-mail or name begins with the text; no text = the latest ones."""
        return merging.find(session, company_id, text, limit)

    def values(
        self, session: Session, company_id: int, public_id: uuid.UUID, names: frozenset[str]
    ) -> Mapping[str, object] | None:
        """Return one contact's merge data, or None when there is no such contact."""
        found = queries.contacts_by_public_id(session, company_id, [public_id])
        return contacts.merge_rows(session, company_id, found, names).get(found[0]) if found else None


class SegmentsOfContact:
    """The block “Segments” on a contact's page."""

    def panel(self, session: Session, company_id: int, contact_id: int) -> Panel | None:
        """Return which segments the contact is in, and the lists it can be put on."""
        from lux.ui import web  # only here: a worker answers no requests

        found = web.maybe_person()
        can_edit = found is not None and found.has(Right.EDIT)
        context = {**service.panel_of(session, company_id, contact_id), "can_edit": can_edit}
        return Panel(title=_("Segments"), template="segments/_contact_panel.html", context=context, order=30)


class ListMemberships:
    """Takes an erased person off every list."""

    def erase(self, session: Session, company_id: int, contact_id: int, _address_key: str | None) -> int:
        """Erase and return how many lists the person was on."""
        return service.forget_contact(session, company_id, contact_id)


class FindSegments:
    """Finds segments by the words of their name."""

    key, icon, minimum_role, order = "segments", "filter", "viewer", 30

    def heading(self) -> str:
        """Return what stands over them."""
        return _("Segments")

    def search(self, session: Session, company_id: int, text: str, limit: int) -> Sequence[SearchHit]:
        """Return at most `limit` hits."""
        from flask import url_for  # only here: a worker answers no requests

        return [
            SearchHit(
                label=segment.name,
                kind=_("Segment"),
                url=url_for("segments.show", public_id=segment.public_id),
                detail=segment.description[:100],
            )
            for segment in queries.segments(session, company_id, text=text)[:limit]
        ]


class Lists:
    """The company's lists, for rules that put contacts on one."""

    def choices(self, session: Session) -> Sequence[tuple[str, str]]:
        """Return (public id, name) of the lists that are not in the trash, by name."""
        return [(str(one.public_id), one.name) for one in queries.static_segments(session, company_of(session))]

    def add(self, session: Session, list_id: str, contact_ids: Sequence[int]) -> str:
        """Put contacts on a list; returns its name, "" when there is no such list any more."""
        lists = queries.static_segments(session, company_of(session))
        found = next((one for one in lists if str(one.public_id) == list_id), None)
        if found is None:
            return ""
        service.add_contacts(session, found, contact_ids)
        return found.name


CONTRIBUTIONS = Contributions(
    nav=(
        NavItem(
            endpoint="segments.index", icon="filter", label=lambda: _("Segments"), section="grow", key="s", order=20
        ),
    ),
    audience_sources=(EveryoneAudience(), SegmentAudience()),
    merge_sources=(ContactFields(),),
    panels=(SegmentsOfContact(),),
    erasers=(ListMemberships(),),
    trash=(SegmentBin(),),
    search=(FindSegments(),),
    actions=(
        PaletteAction(
            endpoint="segments.new",
            icon="filter",
            label=lambda: _("New segment"),
            words=lambda: _("create audience list rule"),
            minimum_role="marketer",
            order=40,
        ),
        PaletteAction(
            endpoint="segments.bulk_index",
            icon="layers",
            label=lambda: _("Changes to many contacts"),
            words=lambda: _("bulk undo"),
            is_page=True,
            order=24,
        ),
    ),
    contact_lists=(Lists(),),
)
