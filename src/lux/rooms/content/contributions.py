"""What content offers to the house: a place in the navigation, and search."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import cast

from sqlalchemy.orm import Session

from lux.kit.i18n import gettext as _
from lux.ports.contributions import Contributions, NavItem, TravellingFile
from lux.ports.finding import PaletteAction, SearchHit
from lux.render.pictures import NAME
from lux.rooms.content import queries
from lux.rooms.content.addresses import key_of
from lux.rooms.content.trash import BlockBin, MediaBin, TemplateBin


class FindTemplates:
    """Finds templates by the words of their name."""

    key, icon, minimum_role, order = "templates", "layout", "viewer", 40

    def heading(self) -> str:
        """Return what stands over them."""
        return _("Templates")

    def search(self, session: Session, company_id: int, text: str, limit: int) -> Sequence[SearchHit]:
        """Return at most `limit` hits."""
        from flask import url_for  # only here: a worker answers no requests

        return [
            SearchHit(
                label=template.name,
                kind=_("Template"),
                url=url_for("content.show", public_id=template.public_id),
                detail=template.subject[:100],
            )
            for template in queries.templates(session, company_id, text=text, limit=limit)
        ]


class FindMedia:
    """Finds pictures by the words of their name, description or labels."""

    key, icon, minimum_role, order = "media", "image", "viewer", 50

    def heading(self) -> str:
        """Return what stands over them."""
        return _("Pictures")

    def search(self, session: Session, company_id: int, text: str, limit: int) -> Sequence[SearchHit]:
        """Return at most `limit` hits."""
        from flask import url_for  # only here: a worker answers no requests

        return [
            SearchHit(
                label=picture.name,
                kind=_("Picture"),
                url=url_for("content.media_show", public_id=picture.public_id),
                detail=picture.alt[:100],
            )
            for picture in queries.library(session, company_id, text=text, limit=limit)
        ]


class FindBlocks:
    """Finds blocks by the words of their name or their key."""

    key, icon, minimum_role, order = "blocks", "box", "viewer", 60

    def heading(self) -> str:
        """Return what stands over them."""
        return _("Blocks")

    def search(self, session: Session, company_id: int, text: str, limit: int) -> Sequence[SearchHit]:
        """Return at most `limit` hits."""
        from flask import url_for  # only here: a worker answers no requests

        return [
            SearchHit(
                label=block.name,
                kind=_("Block"),
                url=url_for("content.block", public_id=block.public_id),
                detail=block.key,
            )
            for block in queries.blocks_named(session, company_id, text, limit)
        ]


class ContentFiles:
    """The library's pictures are files in the store."""

    def file_keys(self, session: Session, company_id: int) -> Sequence[str]:
        """Return the keys of all that a company has."""
        return [key_of(public_id, name) for public_id, name in queries.media_keys(session, company_id)]


ACTIONS = (
    PaletteAction(
        endpoint="content.new",
        icon="layout",
        label=lambda: _("New template"),
        words=lambda: _("create design"),
        minimum_role="marketer",
        order=50,
    ),
    PaletteAction(endpoint="content.media", icon="image", label=lambda: _("Pictures"), is_page=True, order=30),
    PaletteAction(endpoint="content.blocks", icon="box", label=lambda: _("Blocks"), is_page=True, order=31),
)


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
    trash=(TemplateBin(), MediaBin(), BlockBin()),
    search=(FindTemplates(), FindMedia(), FindBlocks()),
    actions=ACTIONS,
    file_owners=(ContentFiles(),),
    travelling=(MovingPictures(),),
)
