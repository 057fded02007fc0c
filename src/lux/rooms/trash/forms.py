"""What people choose in the trash."""

import uuid

from pydantic import Field

from lux.ui.parsing import FormModel


class ChosenForm(FormModel):
    """Some records of a bin."""

    ids: list[uuid.UUID] = Field(min_length=1, max_length=100)


class RemoveForm(ChosenForm):
    """Some records, and the typed number of them."""

    confirmation: str = Field(default="", max_length=20)
