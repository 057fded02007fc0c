"""What is typed to destroy a company's secrets."""

from __future__ import annotations

from lux.ui.parsing import FormModel


class ShredForm(FormModel):
    """The company's short name, typed."""

    confirmation: str = ""
