"""The comparisons people choose from: for each type of subject the operators, their words, and what they need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lux.kit.i18n import gettext as _


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One comparison."""

    key: str  # as in rules
    label: Callable[[], str]  # in the builder's list, after the subject
    sentence: Callable[[dict[str, str]], str]  # in words; takes subject, value, more
    # none | text | number | range | day | span | reach | days | choices | pick | said | activity | fact | amount
    needs: str = "none"


def _operator(
    key: str, label: Callable[[], str], sentence: Callable[[dict[str, str]], str], needs: str = "none"
) -> Operator:
    return Operator(key=key, label=label, sentence=sentence, needs=needs)


def _with_window(sentence: Callable[[dict[str, str]], str]) -> Callable[[dict[str, str]], str]:
    """Say a comparison of numbers with the window of time behind it."""
    return lambda words: f"{sentence(words)} {words.get('window', '')}".strip()


_EMPTY = (
    _operator("is_empty", lambda: _("is empty"), lambda w: _("%(subject)s is empty", **w)),
    _operator("is_set", lambda: _("is filled in"), lambda w: _("%(subject)s is filled in", **w)),
)
_TEXT = (
    _operator("is", lambda: _("is"), lambda w: _("%(subject)s is %(value)s", **w), "text"),
    _operator("is_not", lambda: _("is not"), lambda w: _("%(subject)s is not %(value)s", **w), "text"),
    _operator("contains", lambda: _("contains"), lambda w: _("%(subject)s contains %(value)s", **w), "text"),
    _operator(
        "does_not_contain",
        lambda: _("does not contain"),
        lambda w: _("%(subject)s does not contain %(value)s", **w),
        "text",
    ),
    _operator("starts_with", lambda: _("starts with"), lambda w: _("%(subject)s starts with %(value)s", **w), "text"),
    _operator("ends_with", lambda: _("ends with"), lambda w: _("%(subject)s ends with %(value)s", **w), "text"),
)
_CHOICE = (
    _operator("is_any_of", lambda: _("is one of"), lambda w: _("%(subject)s is %(value)s", **w), "choices"),
    _operator("is_none_of", lambda: _("is none of"), lambda w: _("%(subject)s is not %(value)s", **w), "choices"),
)
_NUMBER = (
    _operator("equals", lambda: _("="), lambda w: _("%(subject)s = %(value)s", **w), "number"),
    _operator("not_equals", lambda: _("≠"), lambda w: _("%(subject)s ≠ %(value)s", **w), "number"),
    _operator("greater", lambda: _("> greater than"), lambda w: _("%(subject)s > %(value)s", **w), "number"),
    _operator("at_least", lambda: _("≥ at least"), lambda w: _("%(subject)s ≥ %(value)s", **w), "number"),
    _operator("less", lambda: _("< less than"), lambda w: _("%(subject)s < %(value)s", **w), "number"),
    _operator("at_most", lambda: _("≤ at most"), lambda w: _("%(subject)s ≤ %(value)s", **w), "number"),
    _operator(
        "between",
        lambda: _("is between"),
        lambda w: _("%(subject)s is between %(value)s and %(more)s", **w),
        "range",
    ),
)
_DATE = (
    _operator("on", lambda: _("is on"), lambda w: _("%(subject)s is on %(value)s", **w), "day"),
    _operator("before", lambda: _("is before"), lambda w: _("%(subject)s is before %(value)s", **w), "day"),
    _operator("after", lambda: _("is after"), lambda w: _("%(subject)s is after %(value)s", **w), "day"),
    _operator(
        "between",
        lambda: _("is between"),
        lambda w: _("%(subject)s is between %(value)s and %(more)s", **w),
        "span",
    ),
    _operator(
        "in_last",
        lambda: _("is in the last …"),
        lambda w: _("%(subject)s is in the last %(value)s", **w),
        "reach",
    ),
    _operator(
        "in_next",
        lambda: _("is in the next …"),
        lambda w: _("%(subject)s is in the next %(value)s", **w),
        "reach",
    ),
    _operator(
        "more_than_ago",
        lambda: _("is more than … ago"),
        lambda w: _("%(subject)s is more than %(value)s ago", **w),
        "reach",
    ),
    _operator(
        "more_than_ahead",
        lambda: _("is more than … ahead"),
        lambda w: _("%(subject)s is more than %(value)s ahead", **w),
        "reach",
    ),
)
_ANNIVERSARY = (
    _operator(
        "anniversary",
        lambda: _("comes each year within … days"),
        lambda w: _("%(subject)s comes this year or next within %(value)s days", **w),
        "days",
    ),
)
_BOOLEAN = (
    _operator("is_true", lambda: _("is yes"), lambda w: _("%(subject)s is yes", **w)),
    _operator("is_false", lambda: _("is no"), lambda w: _("%(subject)s is no", **w)),
)
_TAG = (
    _operator("has", lambda: _("is on the contact"), lambda w: _("Has the tag %(value)s", **w), "pick"),
    _operator(
        "has_not", lambda: _("is not on the contact"), lambda w: _("Does not have the tag %(value)s", **w), "pick"
    ),
)
_CONSENT = (
    _operator("is", lambda: _("is"), lambda w: _("%(subject)s: %(value)s %(more)s", **w).strip(), "said"),
    _operator(
        "is_not", lambda: _("is not"), lambda w: _("%(subject)s is not: %(value)s %(more)s", **w).strip(), "said"
    ),
)
_SUPPRESSION = (
    _operator("is", lambda: _("applies"), lambda _w: _("Is never written to (suppressed)")),
    _operator("is_not", lambda: _("does not apply"), lambda _w: _("Is not suppressed")),
)
_SEGMENT = (
    _operator("in", lambda: _("has the contact"), lambda w: _("Is in the segment %(value)s", **w), "pick"),
    _operator(
        "not_in", lambda: _("does not have the contact"), lambda w: _("Is not in the segment %(value)s", **w), "pick"
    ),
)
_ACTIVITY = (
    _operator("did", lambda: _("happened"), lambda w: _("%(subject)s %(value)s %(more)s", **w).strip(), "activity"),
    _operator(
        "did_not",
        lambda: _("did not happen"),
        lambda w: _("Not: %(subject)s %(value)s %(more)s", **w).strip(),
        "activity",
    ),
)
_FACT = (
    _operator("did", lambda: _("happened"), lambda w: _("%(subject)s %(more)s", **w).strip(), "fact"),
    _operator("did_not", lambda: _("did not happen"), lambda w: _("Not: %(subject)s %(more)s", **w).strip(), "fact"),
)
_AMOUNT = tuple(
    Operator(key=one.key, label=one.label, sentence=_with_window(one.sentence), needs="amount") for one in _NUMBER
)
OPERATORS: dict[str, tuple[Operator, ...]] = {
    "text": _TEXT + _EMPTY,
    "choice": _CHOICE + _EMPTY,
    "number": _NUMBER + _EMPTY,
    "date": _DATE + _ANNIVERSARY + _EMPTY,
    "moment": _DATE + _EMPTY,
    "boolean": _BOOLEAN + _EMPTY,
    "tag": _TAG,
    "consent": _CONSENT,
    "suppression": _SUPPRESSION,
    "segment": _SEGMENT,
    "activity": _ACTIVITY,
    "fact": _FACT,
    "amount": _AMOUNT,
}


def operator(kind: str, key: str) -> Operator | None:
    """Return an operator of a type of subject, or None when the type has none of that name."""
    return next((found for found in OPERATORS.get(kind, ()) if found.key == key), None)
