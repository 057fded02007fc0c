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


def condition(item: dict[str, Any], someone: Someone, world: World) -> bool:  # noqa: C901, PLR0911 - one per kind
    kind, op = item["kind"], item.get("op")
    if kind == "field":
        return field(item["field"], item["test"], someone, world)
    if kind == "custom":
        return compare(custom(item, someone), item["test"], world)
    if kind == "tag":
        return (world.tags.index(item["tag"]) in someone.tags) == (op == "has")
    if kind == "segment":
        if item["segment"] in world.nested:
            inside = node(world.nested[item["segment"]], someone, world)
        else:
            inside = world.lists.index(item["segment"]) in someone.lists
        return inside == (op == "in")
    if kind == "consent":
        return consent(item, someone, world) == (op == "is")
    if kind == "suppression":
        is_email = item.get("channel", "email") == "email"
        return (is_email and someone.is_suppressed and someone.email is not None) == (op == "is")
    if kind == "email_activity":
        return happening(item, mails(item, someone, world), world) == (op == "did")
    if kind == "fact":
        return happening(item, others(item, someone, world), world) == (op == "did")
    if kind == "orders":
        return number(ordered(item, someone, world), item["test"]["op"], item["test"], world)
    if kind == "score":
        return number(latest_score(item["score"], someone), item["test"]["op"], item["test"], world)
    raise AssertionError(kind)


def consent(item: dict[str, Any], someone: Someone, world: World) -> bool:
    channel = item.get("channel", "email")
    has_address = {"email": someone.email, "sms": someone.phone, "social": "yes"}[channel] is not None
    said = someone.said.get(channel) if has_address else None
    state, at, source = (said.state, world.ago(said.hours_ago), said.source) if said else (None, None, "")
    if channel == "email" and someone.email and someone.consent:
        state, at, source = someone.consent, world.now, ""
    if (state.value if state else "none") != item["state"]:
        return False
    if item.get("when") and not compare(at, item["when"], world):
        return False
    return not item.get("source") or compare(source, item["source"], world)


def mails(item: dict[str, Any], someone: Someone, world: World) -> list[dt.datetime]:
    return [
        world.ago(happened.hours_ago)
        for happened in someone.happened
        if happened.event == item["event"]
        and (happened.event == "sent" or happened.human != "machine")
        and (not item.get("campaign") or happened.campaign == world.campaigns.index(item["campaign"]))
    ]


def others(item: dict[str, Any], someone: Someone, world: World) -> list[dt.datetime]:
    return [
        world.ago(fact.hours_ago)
        for fact in someone.facts
        if fact.kind == item["event"] and has_property(item.get("property"), fact.properties, world)
    ]


def has_property(wanted: dict[str, Any] | None, found: dict[str, Any], world: World) -> bool:
    if wanted is None:
        return True
    value, test = found.get(wanted["name"]), wanted["test"]
    if test["type"] == "list":
        return isinstance(value, list) and test["value"] in value
    is_wrong = isinstance(value, bool) != (test["type"] == "boolean") or not isinstance(value, JSON_TYPES[test["type"]])
    return compare(None if is_wrong else value, test, world)


def happening(item: dict[str, Any], moments: list[dt.datetime], world: World) -> bool:
    when = item.get("when")
    if item.get("days") is not None:
        when = {"type": "moment", "op": "in_last", "days": item["days"]}
    which = item.get("which", "any")
    if which != "any":
        chosen = {"first": min, "last": max}[which](moments) if moments else None
        return chosen is not None and compare(chosen, when, world)
    count = sum(when is None or compare(moment, when, world) for moment in moments)
    times = item.get("times") or {"op": "at_least", "count": 1}
    wanted = times["count"]
    return {"at_least": count >= wanted, "exactly": count == wanted, "at_most": count <= wanted}[times["op"]]


def ordered(item: dict[str, Any], someone: Someone, world: World) -> float | None:
    def is_wanted(kind: str) -> list[int]:
        return [
            fact.value_minor or 0
            for fact in someone.facts
            if fact.kind == kind
            and (item["measure"] == "count" or (fact.currency == item["currency"] and fact.value_minor is not None))
            and (not item.get("when") or compare(world.ago(fact.hours_ago), item["when"], world))
        ]

    paid, places = is_wanted("order.paid"), {"JPY": 0}.get(item.get("currency", ""), 2)
    if item["measure"] == "count":
        return len(is_wanted("order.placed"))
    if item["measure"] == "average":
        return sum(paid) / len(paid) / 10**places if paid else None
    return (sum(paid) - sum(is_wanted("order.refunded"))) / 10**places


def latest_score(name: str, someone: Someone) -> float | None:
    found = [fact for fact in someone.facts if fact.kind == "score.changed" and fact.properties["score"] == name]
    if not found:
        return None
    nearest = min(fact.hours_ago for fact in found)
    value = [fact for fact in found if fact.hours_ago == nearest][-1].properties["value"]
    return value if isinstance(value, int | float) else None


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
    if op in {"is_empty", "is_set"}:
        return (value is None) == (op == "is_empty")
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
    now = today(world)
    back, ahead = (shifted(now, sign * (test.get("days") or 0), test.get("unit", "days")) for sign in (-1, 1))
    return {
        "on": lambda: found == wanted,
        "before": lambda: found < wanted,
        "after": lambda: found > wanted,
        "between": lambda: wanted <= found <= until,
        "in_last": lambda: back <= found <= now,
        "in_next": lambda: now <= found <= ahead,
        "more_than_ago": lambda: found < back,
        "more_than_ahead": lambda: found > ahead,
        "anniversary": lambda: any(falls_on(found, now + dt.timedelta(days=n)) for n in range(test["days"] + 1)),
    }[op]()


def falls_on(born: dt.date, day: dt.date) -> bool:
    if (born.month, born.day) == (2, 29) and (day.month, day.day) == (2, 28):
        return (day + dt.timedelta(days=1)).month == 3  # no 29th in this year
    return (born.month, born.day) == (day.month, day.day)


def shifted(day: dt.date, count: int, unit: str) -> dt.date:
    if unit != "months":
        return day + dt.timedelta(days=count * {"days": 1, "weeks": 7}[unit])
    step = 1 if count > 0 else -1
    year, month = day.year, day.month
    for _n in range(abs(count)):
        month += step
        if month in {0, 13}:
            year, month = year + step, 12 if month == 0 else 1
    for last in (day.day, 30, 29, 28):
        try:
            return dt.date(year, month, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError(day)


def parsed(value: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        return None


def local_day(moment: dt.datetime, world: World) -> dt.date:
    return moment.astimezone(ZoneInfo(world.zone)).date()


def today(world: World) -> dt.date:
    return local_day(world.now, world)
