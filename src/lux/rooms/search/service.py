"""Asking the rooms for what begins like a text; the nearest spelling when nothing does."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

from lux.identity.access import Person, Role
from lux.ports.contributions import installed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.ports.finding import SearchHit, SearchProvider

MOST: Final = 100  # letters that are looked for
LEAST: Final = 2  # letters before anything is asked
_CLOSE_FROM: Final = 4  # letters below which a slip can't be told from another word
_STEM: Final = 3  # letters that have to be right for a slip to be forgiven
_CANDIDATES: Final = 40
_ALIKE: Final = 0.75  # difflib's ratio of two words
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class Group:
    """What one room found."""

    key: str
    heading: str
    icon: str
    hits: Sequence[SearchHit] = ()
    is_close: bool = False  # nothing is called so; these are called nearly so
    is_missing: bool = False  # the room could not be asked, or not in time


def cleaned(text: str) -> str:
    """Return what is looked for: one line without control characters."""
    return " ".join(_CONTROLS.sub(" ", unicodedata.normalize("NFC", _CONTROLS.sub(" ", text))).split())[:MOST]


def providers_for(person: Person) -> list[SearchProvider]:
    """Return whose records this person may see, in the order in which they are shown."""
    seen = [one for one in installed().search if _may_see(person, one)]
    return sorted(seen, key=lambda one: one.order)


def ask(session: Session, person: Person, provider: SearchProvider, text: str, limit: int) -> Group:
    """Return what one room finds; records of another company are not among them: the session has a filter."""
    found = provider.search(session, person.company_id or 0, text, limit)
    return _group(provider, found[:limit])


def ask_nearly(session: Session, person: Person, provider: SearchProvider, text: str, limit: int) -> Group:
    """Return what is spelled nearly so: what begins with the text's first letters, the most alike first."""
    if len(text) < _CLOSE_FROM:
        return _group(provider, ())
    candidates = provider.search(session, person.company_id or 0, text[:_STEM], _CANDIDATES)
    scored = [(likeness(text, (hit.label, hit.detail)), hit) for hit in candidates]
    alike = sorted((pair for pair in scored if pair[0] >= _ALIKE), key=lambda pair: -pair[0])
    return _group(provider, [hit for _score, hit in alike[:limit]], is_close=True)


def missing(provider: SearchProvider) -> Group:
    """Return a room that was not asked."""
    return Group(key=provider.key, heading=provider.heading(), icon=provider.icon, is_missing=True)


def likeness(text: str, labels: Iterable[str]) -> float:
    """Return how alike the text is to the nearest beginning of a word, 0 to 1."""
    wanted = text.casefold()
    words = [word for label in labels for word in re.split(r"\W+", label.casefold()) if word]
    whole = [label.casefold() for label in labels]
    beginnings = [word[: len(wanted) + 1] for word in (*words, *whole)]
    return max((SequenceMatcher(None, wanted, one).ratio() for one in beginnings), default=0.0)


def _group(provider: SearchProvider, hits: Sequence[SearchHit], *, is_close: bool = False) -> Group:
    return Group(key=provider.key, heading=provider.heading(), icon=provider.icon, hits=hits, is_close=is_close)


def _may_see(person: Person, provider: SearchProvider) -> bool:
    return person.role is not None and person.role.rank >= Role(provider.minimum_role).rank
