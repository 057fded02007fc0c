"""What people say about errors."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from lux.ui.forms import FormModel


class DecideForm(FormModel):
    """Resolve, ignore or reopen a group of errors."""

    state: Literal["open", "resolved", "ignored"]
    note: Annotated[str, StringConstraints(max_length=500)] = ""
