"""Templates, pictures and blocks in the trash, for the house's overview and for the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.kit.i18n import gettext as _
from lux.ports.trash import Rows
from lux.rooms.content.models import Block, Media, Template
from lux.rooms.content.service import blocks, editing, media, versions
from lux.rooms.content.service.uses import is_used

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class TemplateBin(Rows):
    """Campaigns made from a template have its content: it can go at any time."""

    key, icon, order = "templates", "layout", 40
    model, path = Template, "/templates/"

    def heading(self) -> str:
        """Return what they are called together."""
        return _("Templates")

    def detail(self, row: Template) -> str:
        """Return the subject."""
        return row.subject[:100]

    def bring_back(self, session: Session, row: Template) -> None:
        """Take a template out of the trash."""
        editing.restore(session, row)

    def delete(self, session: Session, row: Template) -> None:
        """Delete a template with its versions."""
        versions.forget(session, editing.subject_of(row))
        session.delete(row)


class MediaBin(Rows):
    """A picture that something shows stays: mails that were sent would have a gap."""

    key, icon, order = "media", "image", 50
    model, path = Media, "/templates/media/"

    def heading(self) -> str:
        """Return what they are called together."""
        return _("Pictures")

    def detail(self, row: Media) -> str:
        """Return what it shows."""
        return row.alt[:100]

    def kept_because(self, session: Session, row: Media) -> str:
        """Return that it is shown somewhere."""
        return _("Messages show it.") if is_used(session, [str(row.public_id)]) else ""

    def bring_back(self, session: Session, row: Media) -> None:
        """Take a picture out of the trash."""
        media.restore(session, row)

    def delete(self, session: Session, row: Media) -> None:
        """Delete a picture and its files."""
        media.delete(session, row)

    def looked_at(self, limit: int) -> int:
        """Return how many are looked at: those that are shown somewhere stay among them."""
        return limit + 200


class BlockBin(Rows):
    """A block that is named stays: what names it could not be mended any more."""

    key, icon, order = "blocks", "box", 60
    model, path = Block, "/templates/blocks/"

    def heading(self) -> str:
        """Return what they are called together."""
        return _("Blocks")

    def detail(self, row: Block) -> str:
        """Return the key by which messages name it."""
        return row.key

    def kept_because(self, session: Session, row: Block) -> str:
        """Return that it is named somewhere."""
        return _("Messages name it.") if blocks.is_named(session, row) else ""

    def bring_back(self, session: Session, row: Block) -> None:
        """Take a block out of the trash."""
        blocks.restore(session, row)

    def looked_at(self, limit: int) -> int:
        """Return how many are looked at: those that are named stay among them."""
        return limit + 200
