"""The library of blocks: make, change, throw away and bring back, and say where each is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lux.identity.access import mark_of
from lux.kit import clock
from lux.kit.db.session import company_of
from lux.kit.errors import Conflict, InvalidInput, WrongState
from lux.kit.i18n import gettext as _
from lux.rooms.content import house, parts, queries
from lux.rooms.content.models import Block
from lux.rooms.content.parts import Part
from lux.rooms.content.service.composing import Content, compose, parts_of
from lux.rooms.content.service.uses import is_used
from lux.rooms.content.service.uses import uses as find_uses

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person
    from lux.ports.finding import SearchHit
    from lux.rooms.content.forms import BlockForm


def create(session: Session, form: BlockForm, *, author: Person) -> Block:
    """Make a block; raises InvalidInput for a key that is taken or a source that can't be compiled."""
    _refuse_taken(session, form.key)
    _refuse_broken(session, form)
    made = Block(key=form.key, name=form.name, format=form.format, source=form.source, created_by=author.user_id)
    session.add(made)
    session.flush()
    return made


def change(session: Session, block: Block, form: BlockForm) -> None:
    """Store an edit; messages that are approved or sent keep the words they had. Raises Conflict, InvalidInput."""
    if block.trashed_at is not None:
        raise WrongState(_("This block is in the trash."), fix=_("Bring it back first."))
    if block.version != form.version:
        raise Conflict(
            _("Somebody saved this block after you opened it."),
            fix=_("Copy what you wrote, load the page again, and put it in once more."),
        )
    if form.key != block.key:
        if uses(session, block):
            raise InvalidInput(
                field="key",
                message=_("Messages name this block, so its key can't change."),
                fix=_("Keep “%(key)s”, or take it out of them first.", key=block.key),
            )
        _refuse_taken(session, form.key)
    _refuse_broken(session, form)
    block.key, block.name, block.format, block.source = form.key, form.name, form.format, form.source
    block.updated_at = clock.now()
    block.version += 1
    session.flush()


def trash(session: Session, block: Block, by: Person | None = None) -> None:
    """Put a block into the trash; messages that name it can't be compiled until it is back, or they do not."""
    if block.trashed_at is None:
        block.trashed_at, block.trashed_by = clock.now(), mark_of(by)
        _touch(session, block)


def restore(session: Session, block: Block) -> None:
    """Take a block out of the trash."""
    if block.trashed_at is not None:
        block.trashed_at = block.trashed_by = None
        _touch(session, block)


def uses(session: Session, block: Block) -> list[SearchHit]:
    """Return the messages and blocks that name a block."""
    return find_uses(session, _quoted(block), lambda text: block.key in parts.named_in(text))


def is_named(session: Session, block: Block) -> bool:
    """Say whether any message or block names a block; works without a request."""
    return is_used(session, _quoted(block), lambda text: block.key in parts.named_in(text))


def alone(block_format: str, source: str) -> Content:
    """Return a block as a message of its own, to be compiled and looked at."""
    if block_format == "html":
        return Content(format="html", source=f'<html lang="en"><body>{source}</body></html>')
    is_whole = source.lstrip().startswith(("<mj-section", "<mj-wrapper", "<mj-hero", "<mj-raw", "{%"))
    body = source if is_whole else f"<mj-section><mj-column>{source}</mj-column></mj-section>"
    return Content(format="mjml", source=f'<mjml><mj-body background-color="#ffffff">{body}</mj-body></mjml>')


def _quoted(block: Block) -> list[str]:
    """Return the key as messages name it: bare, a short one would be met in half of all words."""
    return [f'"{block.key}"', f"'{block.key}'"]


def _touch(session: Session, block: Block) -> None:
    block.updated_at = clock.now()
    block.version += 1
    session.flush()


def _refuse_taken(session: Session, key: str) -> None:
    other = queries.block_of_key(session, company_of(session), key)
    if other is not None and other.trashed_at is not None:
        raise InvalidInput(
            field="key",
            message=_("A block in the trash is named so."),
            fix=_("Bring that one back, or choose another key."),
        )
    if other is not None:
        raise InvalidInput(field="key", message=_("Another block is named so."), fix=_("Choose another key."))


def _refuse_broken(session: Session, form: BlockForm) -> None:
    present = {**parts_of(session), form.key: Part(format=form.format, source=form.source)}
    made = compose(alone(form.format, form.source), house.values(session), blocks=present)
    for problem in made.problems:
        raise InvalidInput(field="source", message=problem.message, fix=problem.fix)
