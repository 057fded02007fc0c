"""What people enter on the subscribe form, and what a company says about it."""

from pydantic import Field

from lux.ui.parsing import FormModel


class SubscribeInput(FormModel):
    """Who wants the newsletter; `homepage` is a trap for machines."""

    email: str = Field(max_length=254)
    name: str = Field(default="", max_length=200)
    homepage: str = ""


class FormSettings(FormModel):
    """The form as the company wants it; what is empty is said in our words."""

    is_on: bool
    title: str = Field(default="", max_length=120)
    intro: str = Field(default="", max_length=1000)
    wording: str = Field(default="", max_length=1000)
    list_id: str = Field(default="", max_length=36)
    version: int
