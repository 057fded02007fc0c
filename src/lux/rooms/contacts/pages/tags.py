"""The page of all tags."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from lux.identity.access import Right
from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.rooms.contacts.forms.small import ConfirmForm, TagForm
from lux.rooms.contacts.pages.blueprint import contacts
from lux.rooms.contacts.queries import tables
from lux.rooms.contacts.service import tagging
from lux.ui import web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@contacts.get("/tags")
@access(Right.VIEW)
def tags_index(public_id: uuid.UUID | None = None) -> Response:
    """Show all tags with how many contacts carry each; `public_id` is the tag whose form came back."""
    rows = tables.tags_with_counts(web.session())
    can_edit = web.person().has(Right.EDIT)
    return page("contacts/tags.html", rows=rows, form=form_state({}), refused=public_id, can_edit=can_edit)


@contacts.post("/tags")
@access(Right.EDIT)
@shows_again(tags_index)
def create_tag() -> Response:
    """Make a tag."""
    tag = tagging.create(web.session(), read_form(TagForm).name)
    toast(_("The tag “%(name)s” is there.", name=tag.name))
    return redirect_to("contacts.tags_index")


@contacts.post("/tags/<uuid:public_id>/rename")
@access(Right.EDIT)
@shows_again(tags_index)
def rename_tag(public_id: uuid.UUID) -> Response:
    """Give a tag another name."""
    tag = tables.tag_by_public_id(web.session(), public_id)
    tagging.rename(web.session(), tag, read_form(TagForm).name)
    toast(_("The tag is renamed."))
    return redirect_to("contacts.tags_index")


@contacts.post("/tags/<uuid:public_id>/delete")
@access(Right.EDIT)
@shows_again(tags_index)
def delete_tag(public_id: uuid.UUID) -> Response:
    """Delete a tag after its name was typed."""
    tag = tables.tag_by_public_id(web.session(), public_id)
    if read_form(ConfirmForm).confirmation.strip() != tag.name:
        raise InvalidInput(field="confirmation", message=_("Type %(word)s exactly.", word=tag.name))
    count = tagging.delete_tag(web.session(), tag, web.person())
    toast(ngettext("Deleted; %(num)s contact had it.", "Deleted; %(num)s contacts had it.", count))
    return redirect_to("contacts.tags_index")
