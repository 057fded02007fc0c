"""Why a contact is in a segment or not: the rule's tree with an answer to each condition, and what decided it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
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
from lux.rooms.segments.catalogue import Catalogue
from lux.rooms.segments.conditions import (
    Condition,
    ConsentCondition,
    CustomCondition,
    FieldCondition,
    SegmentCondition,
)
from lux.rooms.segments.describe import Sentence, describe
from lux.rooms.segments.rules import Group, Match, Rule

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SHOWN_FACTS = 3


@dataclass(frozen=True, kw_only=True)
class Nested:
    """A segment that a condition asks for, opened: its rule's answers, or how it is kept."""

    public_id: uuid.UUID
    name: str
    is_member: bool
    answer: Answer | None = None  # None = a list kept by hand


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One condition, or a group, as it is for one contact."""

    text: str
    is_true: bool
    inside: Sequence[Answer] = ()
    value: str = ""  # what the contact holds; "" = nothing to show
    at: Sequence[dt.datetime] = ()  # when the facts were that decided it, the latest first
    count: int | None = None  # how many facts there are
    nested: Nested | None = None


@dataclass(frozen=True, kw_only=True)
class About:
    """Whom is asked about, and what the rule's names stand for."""

    session: Session
    contact: Contact
    scope: sql.Scope
    catalogue: Catalogue
    opened: dict[uuid.UUID, Nested] = field(default_factory=dict)  # a segment asked for twice is answered once


def explain(about: About, rule: Rule) -> Answer:
    """Return the rule's tree with its answers; every condition is asked of the database as the whole rule is.

    Segments asked for are opened as well. That ends: `references.require` lets them stand `MAX_NESTING` below each
    other, in no circle, with `MAX_EXPANDED` conditions in all.
    """
    return _group(about, rule.root, describe(rule, about.catalogue))


def _group(about: About, group: Group, words: Sentence) -> Answer:
    inside = [
        _group(about, node, word) if isinstance(node, Group) else _condition(about, node, word)
        for node, word in zip(group.rules, words.inside, strict=True)
    ]
    answers = [one.is_true for one in inside]
    is_true = {
        Match.ALL: all(answers), Match.ANY: any(answers), Match.NONE: not any(answers), Match.NOT_ALL: not all(answers),
    }[group.match]  # fmt: skip
    return Answer(text=words.text, is_true=is_true, inside=inside)


def _condition(about: About, node: Condition, words: Sentence) -> Answer:
    session, scope = about.session, about.scope
    if isinstance(node, SegmentCondition):
        nested = _nested(about, node)
        return Answer(text=words.text, is_true=nested.is_member == (node.op == "in"), nested=nested)
    alone = Rule(root=Group(match=Match.ALL, rules=(node,)))
    is_true = session.scalar(select(Contact.id).where(*_them(about), sql.matches(alone, scope))) is not None
    if isinstance(node, ActivityCondition | FactCondition | OrderCondition | ScoreCondition):
        return _happened(session, node, words, scope, is_true=is_true)
    value, at = _held(session, about.contact, node)
    return Answer(text=words.text, is_true=is_true, value=value, at=[at] if at else [])


def _them(about: About) -> tuple[Any, Any]:
    return Contact.company_id == about.scope.company_id, Contact.id == about.contact.id


def _nested(about: About, node: SegmentCondition) -> Nested:
    if node.segment not in about.opened:
        named = about.scope.found.segments[node.segment]
        answer = explain(about, named.rule) if named.rule is not None else None
        is_member = answer.is_true if answer else _is_listed(about, named.id)
        about.opened[node.segment] = Nested(public_id=node.segment, name=named.name, is_member=is_member, answer=answer)
    return about.opened[node.segment]


def _is_listed(about: About, segment_id: int) -> bool:
    listed = sql.listed(about.scope.company_id, segment_id)
    return about.session.scalar(select(Contact.id).where(*_them(about), Contact.id.in_(listed))) is not None


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
