"""The particulars of a row of the chain as people read them: what changed from what to what, and typed words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lux.kit import origin
from lux.kit.i18n import gettext as _
from lux.kit.i18n import lazy_gettext as _l
from lux.ledger.audit.words import pointer_of

if TYPE_CHECKING:
    from babel.support import LazyProxy

_WORDS: Final[Mapping[str, LazyProxy]] = {
    "reason": _l("Reason"), "comment": _l("Comment"), "note": _l("Note"), "kind": _l("Kind"), "state": _l("State"),
    "audience": _l("Recipients"), "fields": _l("Fields"), "from": _l("Before"), "to": _l("After"), "role": _l("Role"),
    "scopes": _l("Scopes"), "purpose": _l("Purpose"), "name": _l("Name"), "version": _l("Version"),
    "provider": _l("Provider"), "rows": _l("Rows"), "bytes": _l("Bytes"), "count": _l("Number"),
    "filter": _l("Only"), "is_searched": _l("Searched for"), "selected": _l("Selected"), "delivery": _l("Delivery"),
    "contacts": _l("Contacts"), "channel": _l("Channel"), "check": _l("Check"), "host": _l("Website"),
    "timezone": _l("Time zone"), "currency": _l("Currency"), "locale": _l("Language"),
    "unsend_seconds": _l("Unsend window"), "keep_days": _l("Days kept"), "session": _l("Session"),
    "expires_at": _l("Ends"), "origin": _l("Address"), "since": _l("Since"), "recipients": _l("Recipients"),
    "before": _l("Before"), "after": _l("After"), "period": _l("Period"), "severity": _l("What it does"),
    "phrases": _l("Phrases"), "unless": _l("Harmless with"), "sent": _l("Sent"), "failed": _l("Failed"),
    "send_at": _l("When"), "limits": _l("Limits"), "four_eyes": _l("Four eyes"), "two_above": _l("Two people above"),
    "expires_days": _l("Days until it expires"), "offer_hours": _l("Hours for what carries a date"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Detail:
    """One particular."""

    label: str  # in words where there are some, else as it is stored
    value: str
    is_label_word: bool
    is_value_word: bool  # typed by a person, or a sentence; else a value as it is stored


DOORS: Final[Mapping[str, LazyProxy]] = {
    origin.BROWSER: _l("A browser, signed in"), origin.API: _l("The API, by a key"), origin.GUEST: _l("A guest's link"),
    origin.PUBLIC: _l("A page or address open to all"), origin.JOB: _l("Background work"),
    origin.CLI: _l("The command line"),
}  # fmt: skip


def of(detail: Mapping[str, Any], words: Mapping[str, str]) -> list[Detail]:
    """Return the particulars that say something; `words` = typed words by the hash that stands in the chain."""
    via = [Detail(label=_("From where"), value=text, is_label_word=True, is_value_word=True)
           for text in [where_from(detail)] if text]  # fmt: skip
    plain = {key: value for key, value in detail.items() if key != "via"}
    return [*via, *(_detail(key, value, words) for key, value in _flat(plain) if value not in (None, "", [], {}))]


def where_from(detail: Mapping[str, Any]) -> str:
    """Return by which door something came in, in words, with what the door is known by; "" for rows without one."""
    via = detail.get("via")
    if not isinstance(via, dict) or via.get("door") not in DOORS:
        return ""
    door = str(DOORS[via["door"]])
    known = via.get(origin.REFERENCES.get(via["door"], ""))
    return f"{door} ({known})" if known else door


def _detail(key: str, value: object, words: Mapping[str, str]) -> Detail:
    label, found = _WORDS.get(key), pointer_of(value)
    gone = _("(removed; its hash stays in the chain)")
    text = _text(value) if found is None else words.get(found[1]) or gone
    return Detail(label=str(label or key), value=text, is_label_word=label is not None, is_value_word=found is not None)


def _flat(detail: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield keys and values: of `before` and `after` what differs, of what is nested each part."""
    before, after = detail.get("before"), detail.get("after")
    is_change = False
    if isinstance(before, dict) and isinstance(after, dict):
        is_change = True
        old, new = dict(_parts("", before)), dict(_parts("", after))
        for key in {**old, **new}:
            if old.get(key) != new.get(key):
                yield key, f"{_text(old.get(key))} → {_text(new.get(key))}"
    for key, value in detail.items():
        if is_change and key in {"before", "after"}:
            continue
        if isinstance(value, dict) and pointer_of(value) is None:
            yield from _parts(f"{key}.", value)
        else:
            yield key, value


def _parts(head: str, value: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for key, one in value.items():
        if isinstance(one, dict):
            yield from _parts(f"{head}{key}.", one)
        else:
            yield f"{head}{key}", one


def _text(value: object) -> str:
    if value is None or value in ("", [], {}):
        return "–"
    return ", ".join(str(part) for part in value) if isinstance(value, list) else str(value)
