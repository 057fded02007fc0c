"""Phrases with wildcards, found word by word: the time it takes grows with the text and with nothing else.

No phrase becomes a regular expression, so that nobody, by a rule or by a text, can make a search run away.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lux.kit.i18n import gettext as _

MAX_LENGTH: Final = 120  # characters of a phrase
MAX_WORDS: Final = 12
WIDEST_GAP: Final = 4  # words that "..." may stand for
LEAST_LETTERS: Final = 3  # beside a *, or it would match half a language
AROUND: Final = 30  # characters shown on each side of what was found
_STOPS: Final = frozenset(".!?…\n")
_STOP: Final = "\0"  # the end of a sentence or paragraph: no phrase reaches over it

_INVISIBLE: Final = re.compile("[\u00ad\u034f\u200b-\u200f\u2060\ufeff]")
_LIQUID: Final = re.compile(r"\{\{[^{}]*+\}\}|\{%[^{}]*+\}")
_ADDRESS: Final = re.compile(r"(?:https?://|www\.)\S++", re.IGNORECASE)
_TOKEN: Final = re.compile(
    r"\d++(?:[.,]\d++)*+|[^\W\d_]++(?:'[^\W\d_]++)*+|[%€$£]|[.!?…]++(?=\s|\Z)|\n[ \t\r]*+\n|\ufffc"
)
_PIECE: Final = re.compile(
    r"\.\.\.|…|#|[%€$£]|\d++(?:[.,]\d++)*+|[^\W\d_]*+\*[^\W\d_*]*+\*?+|[^\W\d_]++(?:'[^\W\d_]++)*+"
)


class PhraseFault(ValueError):
    """This phrase can't be used."""

    def __init__(self, message: str, fix: str) -> None:
        """Keep what is wrong and how to mend it."""
        super().__init__(message)
        self.message, self.fix = message, fix


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text as they are compared, and where each stands."""

    texts: list[str]
    spans: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a phrase: a word, the two ends of a word around a *, any number, or a gap."""

    kind: str  # word | wild | number | gap
    head: str = ""
    tail: str = ""

    def fits(self, word: str) -> bool:
        """Say whether a word of the text is meant."""
        if self.kind == "word":
            return word == self.head
        if self.kind == "number":
            return word[:1].isdigit()
        is_long = len(word) >= len(self.head) + len(self.tail)
        return is_long and word.startswith(self.head) and word.endswith(self.tail)


@dataclass(frozen=True, slots=True)
class Phrase:
    """What is looked for: some words, and with a gap in between some more."""

    head: tuple[Part, ...]
    tail: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase that stands in a text."""

    key: object
    start: int
    end: int


def parse(phrase: str) -> Phrase:
    """Return a phrase ready to be looked for; raises PhraseFault saying what is wrong and how to mend it."""
    written = plain(phrase).strip()
    if len(written) > MAX_LENGTH:
        raise PhraseFault(_("It is longer than %(n)s characters.", n=MAX_LENGTH), _("Use its core alone."))
    parts = tuple(_part(found[0]) for found in _PIECE.finditer(written))
    if not any(part.kind == "wild" or part.head[:1].isalnum() for part in parts):
        raise PhraseFault(_("There is no word in it."), _("Write at least one word."))
    if len(parts) > MAX_WORDS:
        raise PhraseFault(_("It has more than %(n)s words.", n=MAX_WORDS), _("Use its core alone."))
    gaps = [place for place, part in enumerate(parts) if part.kind == "gap"]
    if len(gaps) > 1 or (gaps and gaps[0] in {0, len(parts) - 1}):
        raise PhraseFault(
            _("“...” may stand once, between two words."), _("Make two phrases of it, or leave the dots out.")
        )
    place = gaps[0] if gaps else len(parts)
    return Phrase(parts[:place], parts[place + 1 :])


def plain(text: str) -> str:
    """Return a text as it is searched: without invisible characters, merge fields and addresses."""
    shown = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).replace("’", "'")
    return _ADDRESS.sub("\ufffc", _LIQUID.sub("\ufffc", shown))


def words_of(text: str) -> Words:
    """Return the words of a text that `plain` returned; the ends of sentences are words of their own."""
    found = list(_TOKEN.finditer(text))
    texts = [_STOP if one[0][0] in _STOPS else one[0].casefold() for one in found]
    return Words(texts, [one.span() for one in found])


def around(text: str, hit: Hit) -> str:
    """Return what was found with a little of its paragraph around it, in whole words, on one line."""
    first, last = text.rfind("\n\n", 0, hit.start) + 1, text.find("\n\n", hit.end)
    last = len(text) if last < 0 else last
    start, end = max(first, hit.start - AROUND), min(last, hit.end + AROUND)
    before, after = text[start : hit.start], text[hit.end : end]
    if start > first:
        before = f"… {before.partition(' ')[2]}"
    if end < last:
        after = f"{after.rpartition(' ')[0]} …"
    return " ".join(f"{before}{text[hit.start : hit.end]}{after}".replace("\ufffc", "…").split())


class Phrases:
    """Many phrases, found together in one pass."""

    def __init__(self, phrases: Iterable[tuple[object, Phrase]]) -> None:
        """Sort them by what their first word says; `key` comes back with each hit."""
        self._by_word: dict[str, list[tuple[object, Phrase]]] = defaultdict(list)
        self._by_end: dict[tuple[str, str], list[tuple[object, Phrase]]] = defaultdict(list)
        self._numbers: list[tuple[object, Phrase]] = []
        for key, phrase in phrases:
            first = phrase.head[0]
            if first.kind == "word":
                self._by_word[first.head].append((key, phrase))
            elif first.kind == "number":
                self._numbers.append((key, phrase))
            else:
                end = ("head", first.head[:2]) if len(first.head) >= 2 else ("tail", first.tail[-2:])
                self._by_end[end].append((key, phrase))

    def find(self, words: Words) -> Iterator[Hit]:
        """Yield each phrase where it stands first; a phrase's key is yielded once."""
        found: set[object] = set()
        known: dict[str, tuple[tuple[object, Phrase], ...]] = {}  # a text has few different words
        for place, word in enumerate(words.texts):
            candidates = known.get(word)
            if candidates is None:
                candidates = known[word] = tuple(self._beginning_with(word))
            for key, phrase in candidates:
                if key in found:
                    continue
                last = _end_of(words.texts, place, phrase)
                if last is not None:
                    found.add(key)
                    yield Hit(key, words.spans[place][0], words.spans[last][1])

    def _beginning_with(self, word: str) -> Iterator[tuple[object, Phrase]]:
        yield from self._by_word.get(word, ())
        if word[0].isdigit():
            yield from self._numbers
        elif len(word) >= LEAST_LETTERS:
            for end in (("head", word[:2]), ("tail", word[-2:])):
                yield from (one for one in self._by_end.get(end, ()) if one[1].head[0].fits(word))


def _end_of(words: Sequence[str], place: int, phrase: Phrase) -> int | None:
    """Return the place of the last word of a phrase whose first stands at `place`, or None."""
    head, tail = phrase.head, phrase.tail
    if not _fits(words, place, head):
        return None
    after = place + len(head)
    if not tail:
        return after - 1
    first, is_word = tail[0].head, tail[0].kind == "word"
    for start, word in enumerate(words[after : after + WIDEST_GAP + 1], after):
        if (word == first or not is_word) and _fits(words, start, tail):
            return start + len(tail) - 1
        if word == _STOP:
            return None
    return None


def _fits(words: Sequence[str], place: int, parts: Sequence[Part]) -> bool:
    if place + len(parts) > len(words):
        return False
    for number, part in enumerate(parts, place):  # a loop, for it runs at every word of a text
        if part.head != words[number] and (part.kind == "word" or not part.fits(words[number])):
            return False
    return True


def _part(piece: str) -> Part:
    if piece in {"...", "…"}:
        return Part("gap")
    if piece == "#":
        return Part("number")
    if "*" not in piece:
        return Part("word", piece.casefold())
    if piece.count("*") > 1:
        raise PhraseFault(_("A word may hold one *."), _("Write “cure*” or “*cure”."))
    head, _star, tail = piece.casefold().partition("*")
    if max(len(head), len(tail)) < LEAST_LETTERS:
        raise PhraseFault(
            _("“%(word)s” would stand for too many words.", word=piece),
            _("Give it at least %(n)s letters on one side of the *.", n=LEAST_LETTERS),
        )
    return Part("wild", head, tail)
