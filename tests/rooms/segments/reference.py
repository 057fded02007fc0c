"""Says slowly and plainly whom a rule means: the yardstick for the SQL."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from lux.kit.addresses import email_key
from lux.kit.errors import InvalidInput
from tests.rooms.segments.world import Someone, World

JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str, "choice": str, "date": str, "number": (int, float), "boolean": bool,
}  # fmt: skip


def matching(rule: dict[str, Any], world: World) -> set[int]:
    """Return the ids of the contacts a rule (in JSON form) matches."""
    return {
        contact_id
        for contact_id, someone in zip(world.contact_ids, world.people, strict=True)
        if not someone.is_trashed and node(rule["root"], someone, world)
    }


def node(item: dict[str, Any], someone: Someone, world: World) -> bool:
    if item["kind"] != "group":
        return condition(item, someone, world)
    answers = [node(child, someone, world) for child in item["rules"]]
    return {"all": all(answers), "any": any(answers), "none": not any(answers), "not_all": not all(answers)}[
        item["match"]
    ]


def condition(item: dict[str, Any], someone: Someone, world: World) -> bool:  # noqa: PLR0911 - one per kind
    kind, op = item["kind"], item.get("op")
    if kind == "field":
        return field(item["field"], item["test"], someone, world)
    if kind == "custom":
        return compare(custom(item, someone), item["test"], world)
    if kind == "tag":
        return (world.tags.index(item["tag"]) in someone.tags) == (op == "has")
    if kind == "segment":
        return (world.lists.index(item["segment"]) in someone.lists) == (op == "in")
    if kind == "consent":
        said = someone.consent if someone.email else None
        state = said.value if said else "none"
        return (state == item["state"]) == (op == "is")
    if kind == "suppression":
        return (someone.is_suppressed and someone.email is not None) == (op == "is")
    if kind == "email_activity":
        return activity(item, someone, world) == (op == "did")
    raise AssertionError(kind)


def activity(item: dict[str, Any], someone: Someone, world: World) -> bool:
    for happened in someone.happened:
        if happened.event != item["event"]:
            continue
        if happened.event != "sent" and happened.human == "machine":
            continue
        if item.get("campaign") and happened.campaign != world.campaigns.index(item["campaign"]):
            continue
        age = (today(world) - local_day(world.ago(happened.hours_ago), world)).days
        if item.get("days") is not None and age > item["days"]:
            continue
        return True
    return False


def custom(item: dict[str, Any], someone: Someone) -> Any:
    value = someone.attrs.get(item["key"])
    kind = item["test"]["type"]
    if isinstance(value, bool) and kind != "boolean":
        return None
    if not isinstance(value, JSON_TYPES[kind]):
        return None
    return parsed(value) if kind == "date" else value


def field(name: str, test: dict[str, Any], someone: Someone, world: World) -> bool:
    if name == "created_at":
        return compare(world.ago(someone.created_hours_ago), test, world)
    if name == "last_activity_at":
        hours = someone.active_hours_ago
        return compare(None if hours is None else world.ago(hours), test, world)
    value = getattr(someone, name)
    if name == "lifecycle":
        return compare(value.value, test, world)
    if name == "email" and test["op"] in {"is", "is_not"}:
        return (value is not None and email_key(value) == key_of(test["value"])) == (test["op"] == "is")
    return compare(value, test, world)


def key_of(text: str) -> str:
    try:
        return email_key(text)
    except InvalidInput:
        return "nothing"


def compare(value: Any, test: dict[str, Any], world: World) -> bool:
    op, is_empty = test["op"], value is None or value == ""
    if op in {"is_empty", "is_set"}:
        return is_empty == (op == "is_empty")
    by_type = {"text": text, "choice": choice, "number": number, "boolean": boolean, "date": day, "moment": day}
    return by_type[test["type"]](value, op, test, world)


def text(value: str | None, op: str, test: dict[str, Any], world: World) -> bool:
    shown, wanted = (value or "").lower(), test["value"].lower()
    return {
        "is": shown == wanted,
        "is_not": shown != wanted,
        "contains": wanted in shown,
        "does_not_contain": wanted not in shown,
        "starts_with": shown.startswith(wanted),
        "ends_with": shown.endswith(wanted),
    }[op]


def choice(value: str | None, op: str, test: dict[str, Any], world: World) -> bool:
    return ((value or "") in test["values"]) == (op == "is_any_of")


def number(value: float | None, op: str, test: dict[str, Any], world: World) -> bool:
    if value is None:
        return op == "not_equals"
    wanted, upper = test["value"], test.get("upper")
    return {
        "equals": lambda: value == wanted,
        "not_equals": lambda: value != wanted,
        "greater": lambda: value > wanted,
        "at_least": lambda: value >= wanted,
        "less": lambda: value < wanted,
        "at_most": lambda: value <= wanted,
        "between": lambda: wanted <= value <= upper,
    }[op]()


def boolean(value: bool | None, op: str, test: dict[str, Any], world: World) -> bool:
    return value is (op == "is_true")


def day(value: dt.datetime | dt.date | None, op: str, test: dict[str, Any], world: World) -> bool:
    if value is None:
        return False
    found = local_day(value, world) if isinstance(value, dt.datetime) else value
    wanted = test.get("day") and dt.date.fromisoformat(test["day"])
    until = test.get("until") and dt.date.fromisoformat(test["until"])
    now, days = today(world), dt.timedelta(days=test.get("days") or 0)
    return {
        "on": lambda: found == wanted,
        "before": lambda: found < wanted,
        "after": lambda: found > wanted,
        "between": lambda: wanted <= found <= until,
        "in_last": lambda: now - days <= found <= now,
        "in_next": lambda: now <= found <= now + days,
    }[op]()


def parsed(value: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        return None


def local_day(moment: dt.datetime, world: World) -> dt.date:
    return moment.astimezone(ZoneInfo(world.zone)).date()


def today(world: World) -> dt.date:
    return local_day(world.now, world)
