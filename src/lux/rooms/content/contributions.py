"""What content offers to the house: a place in the navigation, and search."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import cast

from flask import url_for
from sqlalchemy.orm import Session

from lux.kit.i18n import gettext as _
from lux.ports.contributions import Contributions, NavItem, SearchHit, TravellingFile
from lux.render.pictures import NAME
from lux.rooms.content import queries
from lux.rooms.content.addresses import key_of


class FindTemplates:
    """Finds templates by the words of their name."""

    def search(self, session: Session, company_id: int, text: str, limit: int) -> Sequence[SearchHit]:
        """Return at most `limit` hits."""
        return [
            SearchHit(
                label=template.name,
                kind=_("Template"),
                url=url_for("content.show", public_id=template.public_id),
                detail=template.subject[:100],
            )
            for template in queries.templates(session, company_id, text=text, limit=limit)
        ]


class ContentFiles:
    """The library's pictures are files in the store."""

    def file_keys(self, session: Session, company_id: int) -> Sequence[str]:
        """Return the keys of all that a company has."""
        return [key_of(public_id, name) for public_id, name in queries.media_keys(session, company_id)]


class MovingPictures:
    """The library's pictures go along when a company moves."""

    table = "media"

    def files(self, row: Mapping[str, object]) -> Sequence[TravellingFile]:
        """Return the files of one picture; raises ValueError for a name that LUX never gives."""
        public_id = cast("uuid.UUID", row["public_id"])
        found: list[TravellingFile] = []
        for one in cast("list[dict[str, object]]", row["files"]):
            name, sha256, size = str(one["name"]), str(one["sha256"]), one["size"]
            if NAME.fullmatch(name) is None or not isinstance(size, int):
                raise ValueError(name)
            found.append(TravellingFile(key=key_of(public_id, name), sha256=sha256, size=size))
        return found


CONTRIBUTIONS = Contributions(
    nav=(
        NavItem(
            endpoint="content.index", icon="layout", label=lambda: _("Templates"), section="create", key="t", order=20
        ),
    ),
    search=(FindTemplates(),),
    file_owners=(ContentFiles(),),
    travelling=(MovingPictures(),),
)
