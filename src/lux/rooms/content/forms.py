"""What people may enter about a template, and what an editor sends to see it."""

import uuid
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from werkzeug.datastructures import MultiDict

from lux.kit.i18n import gettext as _
from lux.ui.forms import read_form
from lux.ui.parsing import FormModel

MAX_SOURCE = 512_000  # characters, the renderer's own limit
MAX_BLOCK = 50_000


def _one_line(value: str) -> str:
    if any(sign in value for sign in "\r\n\0"):
        raise ValueError(_("This must be one line: take the line breaks out."))
    return value


def _same_line_ends(value: str) -> str:
    return value.replace("\r\n", "\n").replace("\0", "")


def _nothing(value: object) -> object:
    return None if value == "" else value


def _split(value: object) -> object:
    """Take labels as one text with commas, or as several fields."""
    parts = value if isinstance(value, list) else [value]
    return [word.strip()[:60] for part in parts for word in str(part).split(",") if word.strip()][:10]


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


class MediaForm(FormModel):
    """A picture's words."""

    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
    alt: Line = ""
    is_decorative: bool = False
    labels: Annotated[list[str], BeforeValidator(_split)] = Field(default_factory=list)
    version: int = Field(ge=1)


class VersionNameForm(FormModel):
    """A name for a version."""

    label: Annotated[str, Field(max_length=100), AfterValidator(_one_line)] = ""


class BlockForm(FormModel):
    """A block as its page left it."""

    key: Annotated[str, Field(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=60)]
    name: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
    format: Literal["mjml", "html"] = "mjml"
    source: Annotated[str, Field(min_length=1, max_length=MAX_BLOCK), AfterValidator(_same_line_ends)]
    version: int = Field(default=1, ge=1)


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
