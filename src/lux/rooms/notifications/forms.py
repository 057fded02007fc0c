"""How a person wants to hear of things."""

from typing import Final

from pydantic import create_model

from lux.rooms.notifications.topics import ALL, Wish
from lux.ui.parsing import FormModel

_FIELDS: Final = {f"{topic.key}_{way}": (bool, False) for topic in ALL for way in ("bell", "mail")}
WishesForm: Final[type[FormModel]] = create_model("WishesForm", __base__=FormModel, **_FIELDS)  # type: ignore[call-overload]


def wishes_in(form: FormModel) -> dict[str, Wish]:
    """Return the wishes by topic."""
    said = form.model_dump()
    return {topic.key: Wish(in_bell=said[f"{topic.key}_bell"], by_mail=said[f"{topic.key}_mail"]) for topic in ALL}
