"""What people may enter about a template, and what an editor sends to see it."""

import uuid
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from werkzeug.datastructures import MultiDict

from lux.kit.i18n import gettext as _
from lux.ui.forms import FormModel, read_form

MAX_SOURCE = 512_000  # characters, the renderer's own limit


def _one_line(value: str) -> str:
    if any(sign in value for sign in "\r\n\0"):
        raise ValueError(_("This must be one line: take the line breaks out."))
    return value


def _same_line_ends(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\0", "")


def _nothing(value: object) -> object:
    return None if value == "" else value


Line = Annotated[str, Field(max_length=300), AfterValidator(_one_line)]
Source = Annotated[str, Field(max_length=MAX_SOURCE), AfterValidator(_same_line_ends)]
Format = Literal["mjml", "html", "text"]


class NewTemplateForm(FormModel):
    """A template's name and what it starts from."""

    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
    starter: str = Field(default="", max_length=32)  # "" = an empty one


class TemplateForm(FormModel):
    """A template as its editor left it."""

    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
    format: Format = "mjml"
    subject: Line = ""
    preview_text: Line = ""
    source: Source = ""
    text: Source = ""
    version: int = Field(ge=1)


class EditorForm(FormModel):
    """What the editor has at hand, whichever form it stands in; only this is read of it."""

    format: Format = "mjml"
    subject: Line = ""
    preview_text: Line = ""
    source: Source = ""
    text: Source = ""
    preview_contact: Annotated[uuid.UUID | None, BeforeValidator(_nothing)] = None
    preview_part: Literal["html", "text"] = "html"


def read_editor(data: MultiDict[str, str]) -> EditorForm:
    """Read the editor's fields out of a larger form; raises InvalidInput."""
    own = [(key, value) for key, value in data.items(multi=True) if key in EditorForm.model_fields]
    return read_form(EditorForm, MultiDict(own))
