"""Findings by rule: which phrases stand in the words people will read, and which duties are missing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from lux.gate.policy import Finding
from lux.gate.review import phrases
from lux.gate.review.passages import Passage, field_word, passages
from lux.gate.review.phrases import Hit, Phrase, Phrases, Words
from lux.gate.review.rules import Rule, parsed
from lux.ports.acts import QueuedAct

SHOWN_PLACES: Final = 3  # of one rule; the others are counted
_UNSUBSCRIBE: Final = re.compile(r"\{\{-?\s*unsubscribe_url\b")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a phrase stands."""

    field: str
    found: str  # the phrase as it was written
    excerpt: str

    def words(self) -> str:
        """Return it for people."""
        return f"{field_word(self.field)}: “{self.excerpt}”"


@dataclass(frozen=True, kw_only=True)
class _Read:
    """A passage ready to be searched."""

    passage: Passage
    text: str
    words: Words


class Scanner:
    """Rules made ready once, for as many texts as there are."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Take the phrases of all rules together."""
        self.rules = list(rules)
        self._phrases = Phrases(_keyed(self.rules))

    def places(self, parts: Sequence[Passage]) -> dict[str, list[Place]]:
        """Return where the phrases of each rule stand, by code; a rule that something makes harmless is left out."""
        read = [_Read(passage=one, text=text, words=phrases.words_of(text)) for one, text in _plain(parts)]
        hits = [(one, hit, _Key(*hit.key)) for one in read for hit in self._phrases.find(one.words)]  # type: ignore[misc]
        harmless = {key.code for _one, _hit, key in hits if key.is_unless}
        found: dict[str, list[Place]] = {}
        for one, hit, key in hits:
            if key.code not in harmless:
                found.setdefault(key.code, []).append(_place(one, hit))
        return found

    def findings(
        self, parts: Sequence[Passage], *, kind: str, channel: str, act: QueuedAct | None = None
    ) -> list[Finding]:
        """Return what the rules say of these words; duties are looked at only with the act itself."""
        places, found = self.places(parts), []
        for rule in self.rules:
            if not rule.applies(kind=kind, channel=channel):
                continue
            if rule.needs:
                if act is not None and _is_missing(rule, act, places):
                    found.append(finding_of(rule, ()))
            elif rule.code in places:
                found.append(finding_of(rule, places[rule.code]))
        return found


def scan(act: QueuedAct, scanner: Scanner) -> list[Finding]:
    """Return what the rules say of an act."""
    return scanner.findings(passages(act), kind=act.kind.value, channel=act.channel, act=act)


def finding_of(rule: Rule, places: Sequence[Place]) -> Finding:
    """Return a rule's finding with the places, the same words said once."""
    message, fix = rule.words()
    distinct = list({one.found.casefold(): one for one in reversed(places)}.values())[::-1]
    shown = [one.words() for one in distinct[:SHOWN_PLACES]]
    more = [f"+{len(distinct) - SHOWN_PLACES}"] if len(distinct) > SHOWN_PLACES else []
    return Finding(
        code=rule.code,
        severity=rule.severity,
        field=_FIELDS.get(rule.needs, places[0].field if places else "content"),
        message=message,
        fix=fix,
        place=" · ".join([*shown, *more]),
    )


_FIELDS: Final[Mapping[str, str]] = {"postal_address": "postal_address", "unsubscribe_link": "content"}


def _is_missing(rule: Rule, act: QueuedAct, places: Mapping[str, Sequence[Place]]) -> bool:
    if rule.needs == "postal_address":
        return not str(getattr(act, "postal_address", "")).strip()
    if rule.needs == "unsubscribe_link":
        parts = [part for part in (str(getattr(act, name, "")) for name in ("html", "text")) if part.strip()]
        return not all(_UNSUBSCRIBE.search(part) for part in parts)
    return rule.code not in places


class _Key(NamedTuple):
    """Which phrase of which rule."""

    code: str
    is_unless: bool
    number: int


def _keyed(rules: Iterable[Rule]) -> Iterable[tuple[_Key, Phrase]]:
    for rule in rules:
        for is_unless, said in ((False, rule.phrases), (True, rule.unless)):
            for number, phrase in enumerate(parsed(line for lines in said.values() for line in lines)):
                yield _Key(rule.code, is_unless, number), phrase


def _plain(parts: Sequence[Passage]) -> Iterable[tuple[Passage, str]]:
    return ((one, phrases.plain(one.text)) for one in parts)


def _place(read: _Read, hit: Hit) -> Place:
    return Place(field=read.passage.field, found=read.text[hit.start : hit.end], excerpt=phrases.around(read.text, hit))
