"""What a person typed to confirm something that can't be undone: a number of recipients, or a name."""

from __future__ import annotations

import re

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _

FIELD = "confirmation"
_SEPARATORS = re.compile(r"[\s.,'’]")


def matches(typed: str, word: str | int) -> bool:
    """Say whether the typed text is the word; a number may be written with its separators."""
    wanted = str(word)
    if wanted.isdecimal():
        return _SEPARATORS.sub("", typed) == wanted
    return typed.strip() == wanted


def require(typed: str, word: str | int) -> None:
    """Raise InvalidInput for the field `confirmation` unless the typed text is the word."""
    if not matches(typed, word):
        raise InvalidInput(
            field=FIELD,
            message=_("This is not what was asked for."),
            fix=_("Type %(word)s exactly.", word=word),
        )
