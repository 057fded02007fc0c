"""What the search over everything and the command palette are made of: providers, hits, things to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, kw_only=True)
class SearchHit:
    """One result of the search over everything."""

    label: str
    kind: str
    url: str
    detail: str = ""
    icon: str = ""  # "" = the provider's
    state: str = ""  # a word of the vocabulary that chooses hue and icon of the chip
    state_label: str = ""  # the state in the person's language


class SearchProvider(Protocol):
    """Finds records of one room by prefix."""

    key: str  # the name of its group: "contacts"
    icon: str
    minimum_role: str  # as of the pages that it leads to
    order: int

    def heading(self) -> str:
        """Return what stands over its hits, in the person's language."""

    def search(self, session: Session, company_id: int, text: str, limit: int) -> Sequence[SearchHit]:
        """Return at most `limit` hits."""


@dataclass(frozen=True, kw_only=True)
class PaletteAction:
    """Something the palette offers to do, or a page that does not stand in the navigation."""

    endpoint: str
    icon: str
    label: Callable[[], str]  # translated at display time; ends in “…” when the page asks first
    words: Callable[[], str] = field(default=lambda: "")  # what people call it besides
    values: Mapping[str, str] = field(default_factory=dict)  # of the address
    is_page: bool = False  # stands under “Go to” rather than under “Do”
    minimum_role: str = "viewer"
    operator_only: bool = False
    order: int = 50
