"""The forms of the page about deliveries: a key's name, and the ordered rules as one form."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field
from werkzeug.datastructures import MultiDict

from lux.kit.errors import FieldProblem, InvalidInput
from lux.kit.i18n import gettext as _
from lux.rooms.contacts import values
from lux.rooms.contacts.incoming.rules import Rule
from lux.rooms.contacts.models import Lifecycle
from lux.rooms.contacts.values import Unreadable
from lux.ui.parsing import FormModel

MOST_RULES: Final = 20
PARTS: Final = ("order", "words", "lifecycle", "tag", "list")


class KeyForm(FormModel):
    """What the key is for."""

    name: str = Field(min_length=1, max_length=100)


def read_rules(data: MultiDict[str, str]) -> tuple[tuple[Rule, ...], int]:
    """Return the rules in the order of their numbers, and the version they were shown at; raises InvalidInput.

    A row without words is left out: that is how a rule is removed.
    """
    problems: list[FieldProblem] = []
    found: list[tuple[int, int, Rule]] = []
    for number in range(MOST_RULES):
        if data.get(f"words_{number}", "").strip():
            order = data.get(f"order_{number}", "")
            rule = _rule(data, number, problems)
            found.append((int(order) if order.isdecimal() and len(order) < 6 else number + 1, number, rule))
    if problems:
        raise InvalidInput(_("Some fields need your attention."), problems=problems)
    version = data.get("version", "0")
    ordered = tuple(rule for _order, _number, rule in sorted(found, key=lambda one: one[:2]))
    return ordered, int(version) if version.isdecimal() and len(version) < 10 else -1


def shown_rules(rules: tuple[Rule, ...]) -> dict[str, Any]:
    """Return rules as the form shows them."""
    found: dict[str, Any] = {}
    for number, rule in enumerate(rules):
        texts: Mapping[str, Any] = {
            "order": number + 1, "words": ", ".join(rule.words), "lifecycle": rule.lifecycle.value, "tag": rule.tag,
            "list": rule.list_id,
        }  # fmt: skip
        found |= {f"{name}_{number}": text for name, text in texts.items()}
    return found


def _rule(data: MultiDict[str, str], number: int, problems: list[FieldProblem]) -> Rule:
    def read(name: str, limit: int) -> str:
        try:
            return values.read_text(data.get(f"{name}_{number}", ""), limit)
        except Unreadable as error:
            problems.append(FieldProblem(field=f"{name}_{number}", message=str(error)))
            return ""

    words = tuple(dict.fromkeys(word.strip() for word in read("words", 200).split(",") if word.strip()))
    try:
        lifecycle = Lifecycle(data.get(f"lifecycle_{number}", Lifecycle.LEAD.value))
    except ValueError:
        lifecycle = Lifecycle.LEAD
        problem = FieldProblem(
            field=f"lifecycle_{number}", message=_("This choice does not exist."), fix=_("Choose one from the list.")
        )
        problems.append(problem)
    return Rule(words=words, lifecycle=lifecycle, tag=read("tag", 64), list_id=read("list", 40))
