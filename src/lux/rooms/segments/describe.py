"""A rule in words, as lists, pages and approvals show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lux.kit.i18n import gettext as _
from lux.rooms.segments import windows
from lux.rooms.segments.builder import from_rule
from lux.rooms.segments.catalogue import Catalogue
from lux.rooms.segments.rules import Match, Rule
from lux.rooms.segments.tree import Node

SHOWN_VALUES = 5


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One condition, or a group with what stands in it."""

    text: str
    inside: Sequence[Sentence] = ()
    is_broken: bool = False


def describe(rule: Rule, catalogue: Catalogue) -> Sentence:
    """Return a rule in the person's language; what was deleted is marked, under its last name."""
    return _sentence(from_rule(rule, catalogue), catalogue)


def match_choices() -> list[tuple[str, str]]:
    """Return how a group may join what is in it, as the builder offers it."""
    return [
        (Match.ALL.value, _("All of these are true")),
        (Match.ANY.value, _("At least one of these is true")),
        (Match.NONE.value, _("None of these is true")),
        (Match.NOT_ALL.value, _("Not all of these are true")),
    ]


def _sentence(node: Node, catalogue: Catalogue) -> Sentence:
    if node.is_group:
        return Sentence(
            text=dict(match_choices())[node.match],
            inside=[_sentence(child, catalogue) for child in node.rules],
        )
    if node.entry is None or node.operator is None:
        return Sentence(text=_("%(name)s (deleted)", name=node.name or node.what), is_broken=True)
    value, is_broken = _value(node, catalogue)
    words = {"subject": node.entry.label, "value": value, "more": _more(node), "window": windows.window(node)}
    return Sentence(text=node.operator.sentence(words), is_broken=is_broken)


def _value(node: Node, catalogue: Catalogue) -> tuple[str, bool]:
    """Return a condition's value in words, and whether it names something that is gone."""
    needs = node.operator.needs if node.operator else "none"
    if needs in windows.SIMPLE:
        return windows.SIMPLE[needs](node), False
    if needs == "activity":
        return _campaign(node, catalogue)
    if needs not in {"pick", "choices", "said"}:
        return (f"“{node.first}”" if needs == "text" else node.first), False
    known = dict(node.entry.options) if node.entry else {}
    is_broken = needs in {"pick", "said"} and node.first not in known
    labels = [known.get(value) or _gone(node, value) for value in node.value]
    shown = [f"“{label}”" for label in labels[:SHOWN_VALUES]]
    if len(labels) > SHOWN_VALUES:
        shown.append(_("%(n)s more", n=len(labels) - SHOWN_VALUES))
    return _(" or ").join(shown), is_broken


def _gone(node: Node, value: str) -> str:
    return _("%(name)s (deleted)", name=node.name) if node.name else value


def _campaign(node: Node, catalogue: Catalogue) -> tuple[str, bool]:
    if not node.first:
        return _("any campaign"), False
    # Older campaigns than the builder lists keep the name under which they were saved.
    name = dict(catalogue.campaigns).get(node.first) or node.name
    return _("the campaign “%(name)s”", name=name), False


def _more(node: Node) -> str:
    needs = node.operator.needs if node.operator else "none"
    if needs in {"activity", "fact"}:
        return windows.happening(node)
    if needs == "said":
        return windows.said(node)
    if needs == "amount":
        return windows.amount(node, node.parts.get("upper", ""))
    if needs == "span":
        return windows.day(node.more)
    return windows.number(node.more) if needs == "range" else ""
