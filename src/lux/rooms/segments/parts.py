"""The smaller fields of a condition over what happened: how often, when, with what property, in which currency.

In the form each stands as `PART.ID`; this module turns them into the stored form and back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lux.kit.i18n import gettext as _

# when: how the window is meant; more and until: its ends; unit: of a number in `more`
NAMES: Final = (
    "times", "count", "which", "when", "until", "unit", "prop", "how", "text", "upper", "currency", "source",
)  # fmt: skip
RELATIVE: Final = frozenset({"in_last", "more_than_ago"})
ABSOLUTE: Final = frozenset({"on", "before", "after", "between"})
_NO_VALUE: Final = frozenset({"boolean.is_true", "boolean.is_false", "text.is_empty", "text.is_set"})


def window(parts: Mapping[str, str]) -> dict[str, Any] | None:
    """Return when, in stored form; None = ever. A number alone means the last so many days."""
    op, more = when_of(parts), parts.get("more", "")
    if not op:
        return None
    if op in RELATIVE:
        return {"type": "moment", "op": op, "days": more or None, "unit": parts.get("unit") or "days"}
    until = {"until": parts.get("until") or None} if op == "between" else {}
    return {"type": "moment", "op": op, "day": more or None, **until}


def when_of(parts: Mapping[str, str]) -> str:
    """Return how the window is meant, also where only a number of days was given."""
    return parts.get("when", "") or ("in_last" if parts.get("more", "").isdecimal() and "when" not in parts else "")


def happening(parts: Mapping[str, str]) -> dict[str, Any]:
    """Return how often and when, in stored form."""
    times = parts.get("times", "")
    return {
        "times": {"op": times, "count": parts.get("count") or None} if times else None,
        "which": parts.get("which") or "any",
        "when": window(parts),
    }


def property_of(parts: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the wanted property in stored form; None = any."""
    how, name = parts.get("how", ""), parts.get("prop", "")
    if not how:
        return None
    kind, _dot, op = how.partition(".")
    test: dict[str, Any] = {"type": kind, "op": op}
    if how not in _NO_VALUE:
        test["value"] = parts.get("text") or ("" if kind == "text" else None)
    return {"name": name, "test": test}


def of_window(raw: Mapping[str, Any] | None) -> dict[str, str]:
    """Return a stored window as parts."""
    if raw is None:
        return {"when": ""}
    more = raw["days"] if raw["days"] is not None else raw["day"]
    return {"when": raw["op"], "more": str(more), "until": raw["until"] or "", "unit": raw["unit"]}


def of_happening(raw: Mapping[str, Any]) -> dict[str, str]:
    """Return a stored condition over facts as parts."""
    when = raw["when"]
    if raw.get("days") is not None:
        when = {"op": "in_last", "days": raw["days"], "day": None, "until": None, "unit": "days"}
    found = {"which": raw["which"], **of_window(when)}
    if raw["times"]:
        found |= {"times": raw["times"]["op"], "count": str(raw["times"]["count"])}
    if raw.get("property"):
        test = raw["property"]["test"]
        value = test.get("value")
        found |= {"prop": raw["property"]["name"], "how": f"{test['type']}.{test['op']}", "text": _plain(value)}
    return found


def times_choices() -> list[tuple[str, str]]:
    """Return how often, as the builder offers it."""
    return [
        ("", _("at least once")),
        ("at_least", _("at least … times")),
        ("exactly", _("exactly … times")),
        ("at_most", _("at most … times")),
    ]


def which_choices() -> list[tuple[str, str]]:
    """Return which of several counts."""
    return [("any", _("any time")), ("first", _("the first time")), ("last", _("the last time"))]


def when_choices() -> list[tuple[str, str]]:
    """Return windows of time, as the builder offers them."""
    return [
        ("", _("ever")),
        ("in_last", _("in the last …")),
        ("more_than_ago", _("more than … ago")),
        ("on", _("on")),
        ("before", _("before")),
        ("after", _("after")),
        ("between", _("between")),
    ]


def unit_choices() -> list[tuple[str, str]]:
    """Return what relative times are counted in."""
    return [("days", _("days")), ("weeks", _("weeks")), ("months", _("months"))]


def how_choices() -> list[tuple[str, str]]:
    """Return how a property is compared."""
    return [
        ("", _("with any properties")),
        ("text.is", _("with a property that is")),
        ("text.is_not", _("with a property that is not")),
        ("text.contains", _("with a property that contains")),
        ("text.starts_with", _("with a property that starts with")),
        ("list.includes", _("with a list that includes")),
        ("number.equals", _("with a number =")),
        ("number.at_least", _("with a number ≥")),
        ("number.at_most", _("with a number ≤")),
        ("boolean.is_true", _("with a property that is yes")),
        ("boolean.is_false", _("with a property that is no")),
        ("text.is_set", _("with a property that is filled in")),
    ]


def needs_text(how: str) -> bool:
    """Say whether a comparison of a property takes a value."""
    return bool(how) and how not in _NO_VALUE


def _plain(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
