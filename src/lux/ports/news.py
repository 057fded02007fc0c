"""Telling people something inside LUX: what a room hands to the room that tells, where it may not import it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Words = str | Callable[[], str]


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A built-in mail that says it better than the one for notices in general; its link is the notice's."""

    template: str
    params: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class News:
    """What there is to tell; words that are functions are said to each person in their own language."""

    kind: str
    title: Words
    body: Words = ""
    url: str = ""
    level: str = "info"  # ok | info | warn | bad
    letter: Letter | None = None


class NewsTeller(Protocol):
    """Tells people of the session's company something, in the way each of them wants to hear it."""

    def tell(self, session: Session, user_ids: Sequence[int], news: News) -> None:
        """Tell them."""
