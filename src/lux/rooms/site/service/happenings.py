"""What happened on a page, as facts of the ledger and as counts; each item is read by itself and may be refused."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from lux.kit import money
from lux.kit.errors import InvalidInput
from lux.ledger.facts import NewFact
from lux.rooms.site.addresses import Page, clean, read_page
from lux.rooms.site.forms import Item
from lux.ui.parsing import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lux.rooms.site.models import SiteVisitor
    from lux.rooms.site.service.counting import Counts

EVENT_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}")
SUBJECT: Final = "site"
ACTOR: Final = "site"
_LONGEST_TEXT: Final = 200
_MOST_MINOR: Final = 10**12
_LARGEST: Final = 10**15


@dataclass(kw_only=True)
class Batch:
    """What one request says, ready to be written."""

    views: list[tuple[Item, Page]] = field(default_factory=list)
    others: list[tuple[Item, Page]] = field(default_factory=list)
    is_withdrawn: bool = False
    refused: int = 0

    @property
    def items(self) -> list[tuple[Item, Page]]:
        """Return everything, views first."""
        return [*self.views, *self.others]

    def drop(self, kind: str) -> None:
        """Refuse all items of a kind."""
        kept = [one for one in self.others if one[0].t != kind]
        self.refused, self.others = self.refused + len(self.others) - len(kept), kept


def read(raw: Iterable[dict[str, Any]], *, host: str) -> Batch:
    """Return what can be used; an item that can't, or that names a page of another host, is counted as refused."""
    batch = Batch()
    for one in raw:
        try:
            item = parse_json(Item, json.dumps(one))
        except InvalidInput:
            batch.refused += 1
            continue
        page = read_page(item.u)
        if item.t == "withdraw":
            batch.is_withdrawn = True
        elif page.host != host or (item.t in {"event", "conversion"} and not EVENT_NAME.fullmatch(item.n)):
            batch.refused += 1
        else:
            (batch.views if item.t == "view" else batch.others).append((item, page))
    return batch


def fact(
    item: Item,
    page: Page,
    visitor: SiteVisitor,
    domain_id: int,
    contact_id: int | None,
    **more: Any,  # noqa: ANN401 - properties
) -> NewFact:
    """Return the fact of one item; docs/rooms/site.md says what the properties are."""
    properties: dict[str, Any] = {"page": page.path, "host": page.host}
    value_minor = currency = None
    if item.t == "view":
        kind = "page.viewed"
        properties |= {f"utm_{name}": text for name, text in page.utm.items()}
    elif item.t == "event":
        kind = f"custom.{item.n}"
        properties = {**_own(item), **properties}
    elif item.t == "form":
        kind = "form.submitted"
        properties |= {"form": clean(item.n, 100), "via": ACTOR, **more}
    else:
        kind = "site.converted"
        properties |= {"goal": item.n}
        value_minor, currency = _amount(item)
    return NewFact(
        kind=kind, contact_id=contact_id, subject=(SUBJECT, domain_id), channel="web", actor=ACTOR,
        properties=properties, value_minor=value_minor, currency=currency, unit_id=visitor.id,
    )  # fmt: skip


def counts(batch: Batch) -> Counts:
    """Return what is counted."""
    found: Counts = Counter()
    for item, page in batch.items:
        if item.t == "view":
            found["view", ""] += 1
            found["page", page.name] += 1
        elif item.t == "form":
            found["form", clean(item.n, 100)] += 1
        else:
            found[item.t, item.n] += 1
        minor, currency = _amount(item) if item.t == "conversion" else (None, None)
        if minor and currency:
            found["revenue", currency] += minor
    return found


def _own(item: Item) -> dict[str, Any]:
    """Return an event's own properties, of a bounded size."""
    found: dict[str, Any] = {}
    for name, value in item.p.items():
        key = re.sub(r"[^\w.-]", "_", clean(name, 60))
        if isinstance(value, str):
            found[key] = clean(value, _LONGEST_TEXT)
        elif value is not None and abs(value) <= _LARGEST:  # which what is no number (NaN) is not
            found[key] = value
    return {key: value for key, value in found.items() if key}


def _amount(item: Item) -> tuple[int | None, str | None]:
    """Return what a conversion is worth in minor units; nothing without a known currency."""
    value, currency = item.p.get("value"), item.p.get("currency")
    if isinstance(value, bool) or not isinstance(value, int | float) or not isinstance(currency, str):
        return None, None
    if not money.is_currency(currency) or not 0 <= value <= _LARGEST:
        return None, None
    minor = round(Decimal(repr(value)).scaleb(money.exponent(currency)))
    return (minor, currency) if minor <= _MOST_MINOR else (None, None)
