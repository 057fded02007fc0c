"""What the source of a delivery says about a person: ordered rules that a company edits, the first that fits counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from lux.rooms.contacts.catalogue import folded
from lux.rooms.contacts.models import Lifecycle

OPT_IN_NEEDED: Final = "double opt-in needed"  # a tag: they asked for the newsletter, and nobody may mail them yet
_RANK: Final = (Lifecycle.LEAD, Lifecycle.NEWSLETTER, Lifecycle.CUSTOMER, Lifecycle.VIP, Lifecycle.PARTNER)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """When the source contains one of the words: where the person stands, and what is put on them."""

    words: tuple[str, ...]  # () = every source
    lifecycle: Lifecycle
    tag: str = ""
    list_id: str = ""  # public id of a list (static segment)

    def fits(self, source: str) -> bool:
        """Say whether the rule speaks about a source."""
        text = folded(source)
        return not self.words or any(folded(word) in text for word in self.words)

    @property
    def needs_opt_in(self) -> bool:
        """Say whether the person wants mail, so that their consent has to be had."""
        return self.lifecycle is Lifecycle.NEWSLETTER

    def stored(self) -> dict[str, Any]:
        """Return the rule as the database keeps it."""
        return asdict(self) | {"words": list(self.words), "lifecycle": self.lifecycle.value}


DEFAULTS: Final = (
    Rule(words=("newsletter", "signup"), lifecycle=Lifecycle.NEWSLETTER),
    Rule(words=("customer", "order"), lifecycle=Lifecycle.CUSTOMER),
    Rule(words=("event", "webinar"), lifecycle=Lifecycle.LEAD, tag="event lead"),
)
OTHERWISE: Final = Rule(words=(), lifecycle=Lifecycle.LEAD)


def from_stored(rows: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Return rules as they were stored."""
    return tuple(
        Rule(
            words=tuple(row["words"]),
            lifecycle=Lifecycle(row["lifecycle"]),
            tag=row.get("tag", ""),
            list_id=row.get("list_id", ""),
        )
        for row in rows
    )


def first_fit(rules: Sequence[Rule], source: str) -> Rule:
    """Return the first rule that speaks about a source; else a lead."""
    return next((rule for rule in rules if rule.fits(source)), OTHERWISE)


def risen(present: Lifecycle, offered: Lifecycle) -> Lifecycle:
    """Return where a known person stands then: a delivery lifts, it never lowers."""
    return max(present, offered, key=_RANK.index)
