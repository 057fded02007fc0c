"""Why a contact is in a segment or not: the rule's tree with an answer to each condition, and what decided it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from lux.gate import consent
from lux.kit.i18n import gettext as _
from lux.ledger.models import Fact
from lux.rooms.contacts.models import Contact
from lux.rooms.contacts.values import lifecycle_label
from lux.rooms.segments import compile as sql
from lux.rooms.segments import happenings, windows
from lux.rooms.segments.behaviour import ActivityCondition, FactCondition, OrderCondition, ScoreCondition
from lux.rooms.segments.conditions import Condition, ConsentCondition, CustomCondition, FieldCondition
from lux.rooms.segments.describe import Sentence
from lux.rooms.segments.rules import Group, Match, Rule

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SHOWN_FACTS = 3


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One condition, or a group, as it is for one contact."""

    text: str
    is_true: bool
    inside: Sequence[Answer] = ()
    value: str = ""  # what the contact holds; "" = nothing to show
    at: Sequence[dt.datetime] = ()  # when the facts were that decided it, the latest first
    count: int | None = None  # how many facts there are


def explain(session: Session, contact: Contact, rule: Rule, words: Sentence, scope: sql.Scope) -> Answer:
    """Return the rule's tree with its answers; every condition is asked of the database as the whole rule is."""
    return _group(session, contact, rule.root, words, scope)


def _group(session: Session, contact: Contact, group: Group, words: Sentence, scope: sql.Scope) -> Answer:
    inside = [
        _group(session, contact, node, word, scope)
        if isinstance(node, Group)
        else _condition(session, contact, node, word, scope)
        for node, word in zip(group.rules, words.inside, strict=True)
    ]
    answers = [one.is_true for one in inside]
    is_true = {
        Match.ALL: all(answers), Match.ANY: any(answers), Match.NONE: not any(answers), Match.NOT_ALL: not all(answers),
    }[group.match]  # fmt: skip
    return Answer(text=words.text, is_true=is_true, inside=inside)


def _condition(session: Session, contact: Contact, node: Condition, words: Sentence, scope: sql.Scope) -> Answer:
    alone = Rule(root=Group(match=Match.ALL, rules=(node,)))
    is_true = session.scalar(sql.contact_ids(alone, scope).where(Contact.id == contact.id)) is not None
    if isinstance(node, ActivityCondition | FactCondition | OrderCondition | ScoreCondition):
        return _happened(session, node, words, scope, is_true=is_true)
    value, at = _held(session, contact, node)
    return Answer(text=words.text, is_true=is_true, value=value, at=[at] if at else [])


def _held(session: Session, contact: Contact, node: Condition) -> tuple[str, dt.datetime | None]:
    """Return what the contact holds where the condition looks, and since when it is known."""
    match node:
        case FieldCondition(field="lifecycle"):
            return lifecycle_label(contact.lifecycle), None
        case FieldCondition(field=name):
            return _shown(getattr(contact, name)), None
        case CustomCondition(key=key):
            return _shown(contact.attrs.get(key)), None
        case ConsentCondition(channel=channel) if channel != "social":
            address = contact.phone if channel == "sms" else contact.email_key
            said = consent.status(session, channel, [address])[address] if address else None
            if said is None or said.state is None:
                return _("never asked"), None
            return " · ".join(part for part in (said.state.value, said.source) if part), said.at
        case _:
            return "", None


def _happened(
    session: Session,
    node: ActivityCondition | FactCondition | OrderCondition | ScoreCondition,
    words: Sentence,
    scope: sql.Scope,
    *,
    is_true: bool,
) -> Answer:
    rows = _rows(node, scope.ledger)
    at: Any = Fact.at
    count = session.scalar(select(func.count()).select_from(Fact).where(*rows)) or 0
    latest = session.execute(
        select(at, Fact.value_minor, Fact.currency, Fact.properties)
        .where(*rows)
        .order_by(at.desc(), Fact.id.desc())
        .limit(SHOWN_FACTS)
    ).all()
    value = ""
    if isinstance(node, ScoreCondition) and latest:
        value, latest, count = _shown(latest[0].properties.get("value")), latest[:1], 1
    if isinstance(node, OrderCondition):
        value = _amount(session, node, rows)
    return Answer(text=words.text, is_true=is_true, value=value, at=[row.at for row in latest], count=count)


def _rows(
    node: ActivityCondition | FactCondition | OrderCondition | ScoreCondition, ledger: happenings.Ledger
) -> list[Any]:
    match node:
        case ActivityCondition():
            return happenings.activity_rows(node, ledger)
        case FactCondition():
            return happenings.fact_rows(node, ledger)
        case OrderCondition():
            return happenings.order_rows(node, ledger)
        case ScoreCondition():
            return happenings.score_rows(node, ledger)


def _amount(session: Session, node: OrderCondition, rows: list[Any]) -> str:
    """Return what the orders come to, as the condition counts them."""
    total, count = session.execute(select(happenings.signed_total(), func.count()).where(*rows)).one()
    if node.measure == "count":
        return windows.number(str(count))
    if node.measure == "average" and not count:
        return _("no orders")
    minor = int(total or 0) / (count if node.measure == "average" else 1)
    return f"{windows.number(str(happenings.main_unit(minor, node.currency)))} {node.currency}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dt.datetime):
        return windows.day(value.date().isoformat())
    if isinstance(value, int | float):
        return windows.number(str(value))
    return _("empty") if value is None or value == "" else str(value)
