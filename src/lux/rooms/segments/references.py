"""What a rule names (tags, fields, segments, campaigns): where it is, or that it is gone."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from lux.kit.errors import BrokenRule
from lux.kit.i18n import gettext as _
from lux.ports.contributions import Subject, installed
from lux.rooms.contacts.models import FieldType
from lux.rooms.segments import naming
from lux.rooms.segments.behaviour import ActivityCondition
from lux.rooms.segments.conditions import CustomCondition, SegmentCondition, TagCondition
from lux.rooms.segments.rules import Rule

CAMPAIGN = "campaign"
MAX_NESTING = 5  # segments that ask for segments, one below the other
MAX_EXPANDED = 300  # conditions of a rule with those of all segments it asks for


@dataclass(frozen=True, kw_only=True)
class Named:
    """Something a rule names, as it is now."""

    id: int
    name: str
    rule: Rule | None = None  # of a segment that goes by one


@dataclass(frozen=True, kw_only=True)
class NamedField:
    """A custom field that a rule names, as it is now."""

    key: str
    name: str
    type: FieldType


@dataclass(frozen=True, kw_only=True)
class References:
    """Everything a rule names and the database still has."""

    tags: Mapping[uuid.UUID, Named]
    fields: Mapping[str, NamedField]
    segments: Mapping[uuid.UUID, Named]
    campaigns: Mapping[uuid.UUID, Named]


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Something a rule names that can't be asked any more."""

    kind: str  # tag | field | field_type | segment | campaign | nested | cycle | deep | large
    name: str
    detail: str = ""  # what is wrong inside a nested segment

    def sentence(self) -> str:
        """Say what is missing."""
        name = self.name or _("without a name")
        words = {
            "tag": _("The tag “%(name)s” was deleted.", name=name),
            "field": _("The field “%(name)s” was deleted.", name=name),
            "field_type": _("The field “%(name)s” now holds something else.", name=name),
            "segment": _("The segment “%(name)s” was deleted or is in the trash.", name=name),
            "campaign": _("The campaign “%(name)s” was deleted.", name=name),
            "nested": _("The segment “%(name)s” is broken: %(detail)s", name=name, detail=self.detail),
            "cycle": _("Segments ask for each other in a circle: %(name)s.", name=name),
            "deep": _("Segments ask for each other more than %(n)s deep: %(name)s.", n=MAX_NESTING, name=name),
            "large": _("With all segments it asks for, the rule has more than %(n)s conditions.", n=MAX_EXPANDED),
        }
        return words[self.kind]


def resolve(session: Session, company_id: int, rule: Rule) -> tuple[References, list[Missing]]:
    """Look up everything a rule names; returns what is there and what is missing."""
    found = look_up(session, company_id, [rule])
    return found, gaps_of(rule, found)


def look_up(session: Session, company_id: int, rules: Iterable[Rule]) -> References:
    """Look up everything that any of the rules names, with those of nested segments: a query per kind and level."""
    rules = list(rules)
    segments = _segments(session, company_id, rules)
    wanted = _Wanted([*rules, *(named.rule for named in segments.values() if named.rule is not None)])
    return References(
        tags=_named(naming.tags_named(session, company_id, wanted.tags)),
        fields={
            key: NamedField(key=key, name=label, type=kind)
            for key, (label, kind) in naming.fields_named(session, company_id, wanted.keys).items()
        },
        segments=segments,
        campaigns={
            key: Named(id=subject.id, name=subject.name)
            for key, subject in _campaigns(session, company_id, wanted.campaigns).items()
        },
    )


def gaps_of(rule: Rule, found: References, *, own: tuple[uuid.UUID, str] | None = None) -> list[Missing]:
    """Return what a rule names that can't be asked; `own` = public id and name of the segment whose rule it is."""
    path = (own,) if own else ()
    return _Gaps(found, len(path)).of(rule, path)


class _Gaps:
    """Walks through a rule and the rules it asks for."""

    def __init__(self, found: References, own: int) -> None:
        self._found = found
        self._own = own  # how many steps of a path are the segment's own
        self._conditions = 0

    def of(self, rule: Rule, path: tuple[tuple[uuid.UUID, str], ...]) -> list[Missing]:
        missing: list[Missing] = []
        for condition in rule.conditions():
            self._conditions += 1
            if self._conditions > MAX_EXPANDED:
                return [Missing(kind="large", name="")]
            gap = _gap(condition, self._found)
            if gap is None and isinstance(condition, SegmentCondition):
                gap = self._nested(condition, path)
            if gap is not None:
                missing.append(gap)
        return missing

    def _nested(self, condition: SegmentCondition, path: tuple[tuple[uuid.UUID, str], ...]) -> Missing | None:
        named = self._found.segments[condition.segment]
        if named.rule is None:
            return None
        steps = [*path, (condition.segment, named.name)]
        words = " → ".join(name for _key, name in steps)
        if condition.segment in {key for key, _name in path}:
            return Missing(kind="cycle", name=words)
        if len(steps) - self._own > MAX_NESTING:
            return Missing(kind="deep", name=words)
        inside = self.of(named.rule, tuple(steps))
        if not inside:
            return None
        if inside[0].kind in {"cycle", "deep", "large"}:
            return inside[0]
        return Missing(kind="nested", name=named.name, detail=inside[0].sentence())


def _segments(session: Session, company_id: int, rules: Sequence[Rule]) -> dict[uuid.UUID, Named]:
    """Return every segment the rules ask for, directly or through others, with its own rule."""
    found: dict[uuid.UUID, Named] = {}
    seen: set[uuid.UUID] = set()
    level = _Wanted(rules).segments
    while fresh := level - seen:
        seen |= fresh
        named = naming.segments_named(session, company_id, fresh)
        found |= {
            key: Named(id=number, name=name, rule=None if raw is None else Rule.model_validate(raw))
            for key, (number, name, raw) in named.items()
        }
        level = _Wanted([one.rule for key in named if (one := found[key]).rule is not None]).segments
    return found


def require(session: Session, company_id: int, rule: Rule) -> References:
    """Look up everything a rule names; raises BrokenRule naming what is missing."""
    found, missing = resolve(session, company_id, rule)
    if missing:
        raise broken(missing)
    return found


def broken(missing: Sequence[Missing]) -> BrokenRule:
    """Return the error that names what is missing, each thing once."""
    return BrokenRule(
        " ".join(dict.fromkeys(gap.sentence() for gap in missing)),
        fix=_("Open the segment and choose something else, or remove the condition."),
    )


def fitting_type(kind: FieldType) -> str:
    """Return the type of test (as in rules) that fits a custom field."""
    return kind.value  # text, number, date, boolean and choice carry the same names


class _Wanted:
    """The names in rules, sorted by kind."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.tags: set[uuid.UUID] = set()
        self.keys: set[str] = set()
        self.segments: set[uuid.UUID] = set()
        self.campaigns: set[uuid.UUID] = set()
        for condition in (condition for rule in rules for condition in rule.conditions()):
            if isinstance(condition, TagCondition):
                self.tags.add(condition.tag)
            elif isinstance(condition, CustomCondition):
                self.keys.add(condition.key)
            elif isinstance(condition, SegmentCondition):
                self.segments.add(condition.segment)
            elif isinstance(condition, ActivityCondition) and condition.campaign:
                self.campaigns.add(condition.campaign)


def _named(rows: Mapping[uuid.UUID, tuple[int, str]]) -> dict[uuid.UUID, Named]:
    return {key: Named(id=number, name=name) for key, (number, name) in rows.items()}


def _campaigns(session: Session, company_id: int, wanted: set[uuid.UUID]) -> Mapping[uuid.UUID, Subject]:
    if not wanted:
        return {}
    for resolver in installed().subject_resolvers:
        if resolver.subject_type == CAMPAIGN:
            return resolver.resolve(session, company_id, sorted(wanted))
    return {}


def _gap(condition: object, found: References) -> Missing | None:
    if isinstance(condition, TagCondition) and condition.tag not in found.tags:
        return Missing(kind="tag", name=condition.name)
    if isinstance(condition, SegmentCondition) and condition.segment not in found.segments:
        return Missing(kind="segment", name=condition.name)
    if isinstance(condition, CustomCondition):
        return _field_gap(condition, found)
    if isinstance(condition, ActivityCondition) and condition.campaign:
        is_there = condition.campaign in found.campaigns
        return None if is_there else Missing(kind="campaign", name=condition.name)
    return None


def _field_gap(condition: CustomCondition, found: References) -> Missing | None:
    field = found.fields.get(condition.key)
    if field is None:
        return Missing(kind="field", name=condition.name or condition.key)
    if fitting_type(field.type) != condition.test.type:
        return Missing(kind="field_type", name=field.name)
    return None
