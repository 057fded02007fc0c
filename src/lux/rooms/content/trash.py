"""Templates, pictures and blocks in the trash, for the house's overview and for the clock."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lux.kit.db import trash
from lux.kit.i18n import gettext as _
from lux.ports.trash import Rows, TrashedThing
from lux.rooms.content.models import Block, Media, Template
from lux.rooms.content.service import blocks, editing, media, versions
from lux.rooms.content.service.uses import is_used

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person


def _thing(row: Any, *, url: str, detail: str = "", kept_because: str = "") -> TrashedThing:  # noqa: ANN401 - one of three tables
    return TrashedThing(
        id=row.id,
        public_id=row.public_id,
        label=row.name,
        detail=detail,
        url=url,
        trashed_at=row.trashed_at,
        trashed_by=row.trashed_by or "",
        kept_because=kept_because,
    )


class TemplateBin(Rows):
    """Campaigns made from a template have its content: it can go at any time."""

    key, icon, order = "templates", "layout", 40
    model = Template

    def heading(self) -> str:
        """Return what they are called together."""
        return _("Templates")

    def restore(self, session: Session, public_ids: Sequence[uuid.UUID], by: Person | None) -> int:  # noqa: ARG002 - the protocol's shape
        """Bring templates back; returns how many."""
        rows = trash.lying(session, Template, public_ids)
        for row in rows:
            editing.restore(session, row)
        return len(rows)

    def remove(self, session: Session, public_ids: Sequence[uuid.UUID], by: Person | None) -> int:  # noqa: ARG002 - the protocol's shape
        """Delete templates with their versions; returns how many."""
        rows = trash.lying(session, Template, public_ids)
        for row in rows:
            versions.forget(session, editing.subject_of(row))
            session.delete(row)
        session.flush()
        return len(rows)

    def described(self, session: Session, rows: Sequence[Any]) -> list[TrashedThing]:  # noqa: ARG002 - the protocol's shape
        """Return templates as people see them in the trash."""
        return [_thing(row, url=f"/templates/{row.public_id}", detail=row.subject[:100]) for row in rows]


class MediaBin(Rows):
    """A picture that something shows stays: mails that were sent would have a gap."""

    key, icon, order = "media", "image", 50
    model = Media

    def heading(self) -> str:
        """Return what they are called together."""
        return _("Pictures")

    def restore(self, session: Session, public_ids: Sequence[uuid.UUID], by: Person | None) -> int:  # noqa: ARG002 - the protocol's shape
        """Bring pictures back; returns how many."""
        rows = trash.lying(session, Media, public_ids)
        for row in rows:
            media.restore(session, row)
        return len(rows)

    def remove(self, session: Session, public_ids: Sequence[uuid.UUID], by: Person | None) -> int:  # noqa: ARG002 - the protocol's shape
        """Delete pictures that nothing shows, and their files; returns how many."""
        rows = [row for row in trash.lying(session, Media, public_ids) if not is_used(session, [str(row.public_id)])]
        for row in rows:
            media.delete(session, row)
        return len(rows)

    def looked_at(self, limit: int) -> int:
        """Return how many are looked at: those that are shown somewhere stay among them."""
        return limit + 200

    def described(self, session: Session, rows: Sequence[Any]) -> list[TrashedThing]:
        """Return pictures as people see them in the trash."""
        shown = _("Messages show it.")
        return [
            _thing(
                row,
                url=f"/templates/media/{row.public_id}",
                detail=row.alt[:100],
                kept_because=shown if is_used(session, [str(row.public_id)]) else "",
            )
            for row in rows
        ]


class BlockBin(Rows):
    """A block that is named stays: what names it could not be mended any more."""

    key, icon, order = "blocks", "box", 60
    model = Block

    def heading(self) -> str:
        """Return what they are called together."""
        return _("Blocks")

    def restore(self, session: Session, public_ids: Sequence[uuid.UUID], by: Person | None) -> int:  # noqa: ARG002 - the protocol's shape
        """Bring blocks back; returns how many."""
        rows = trash.lying(session, Block, public_ids)
        for row in rows:
            blocks.restore(session, row)
        return len(rows)

    def remove(self, session: Session, public_ids: Sequence[uuid.UUID], by: Person | None) -> int:  # noqa: ARG002 - the protocol's shape
        """Delete blocks that nothing names; returns how many."""
        rows = [row for row in trash.lying(session, Block, public_ids) if not blocks.is_named(session, row)]
        for row in rows:
            session.delete(row)
        session.flush()
        return len(rows)

    def looked_at(self, limit: int) -> int:
        """Return how many are looked at: those that are named stay among them."""
        return limit + 200

    def described(self, session: Session, rows: Sequence[Any]) -> list[TrashedThing]:
        """Return blocks as people see them in the trash."""
        named = _("Messages name it.")
        return [
            _thing(
                row,
                url=f"/templates/blocks/{row.public_id}",
                detail=row.key,
                kept_because=named if blocks.is_named(session, row) else "",
            )
            for row in rows
        ]
