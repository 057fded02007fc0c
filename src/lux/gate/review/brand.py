"""The company's own words and sites: what its brand avoids, and links that lead elsewhere than it usually points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lux.gate.policy import Finding
from lux.gate.review import phrases
from lux.gate.review.passages import Passage, field_word, hosts_of
from lux.gate.review.phrases import Part, Phrase, PhraseFault, Phrases, words_of
from lux.kit.i18n import gettext as _

BANNED, FOREIGN = "banned_word", "link_domain"
CODES = frozenset({BANNED, FOREIGN})


def review(parts: Sequence[Passage], links: Iterable[str], brand: Mapping[str, Any], website: str) -> list[Finding]:
    """Return what the brand says of these words and links; a brand that says nothing finds nothing."""
    return [
        *_banned(parts, brand.get("banned_words") or ()),
        *_foreign(links, brand.get("link_domains") or (), website),
    ]


def _banned(parts: Sequence[Passage], banned: Iterable[str]) -> list[Finding]:
    looked_for, places = Phrases(_parts(banned)), dict[str, list[str]]()
    for one in parts:
        text = phrases.plain(one.text)
        for hit in looked_for.find(words_of(text)):
            places.setdefault(str(hit.key), []).append(f"{field_word(one.field)}: “{phrases.around(text, hit)}”")
    return [
        Finding(
            code=BANNED,
            severity="warn",
            field="content",
            message=_("“%(word)s” stands on the list of words your brand avoids.", word=word),
            fix=_("Say it in other words, or take the word off the list."),
            place=" · ".join(found),
        )
        for word, found in places.items()
    ]


def _foreign(links: Iterable[str], allowed: Iterable[str], website: str) -> list[Finding]:
    """Name hosts that are neither on the list, nor below one that is, nor the company's own."""
    known = [one.lower().strip(".") for one in allowed if one]
    if not known:
        return []
    known += [one.removeprefix("www.") for one in hosts_of([website if "//" in website else f"https://{website}"])]
    strange = [host for host in hosts_of(links) if not any(host == one or host.endswith(f".{one}") for one in known)]
    return [
        Finding(
            code=FOREIGN,
            severity="warn",
            field="links",
            message=_("A link leads to %(host)s, which is not among your brand's domains.", host=host),
            fix=_("Check the address, or add the domain to the brand."),
            place=next((url for url in links if host in url.lower()), ""),
        )
        for host in strange
    ]


def _parts(banned: Iterable[str]) -> Iterable[tuple[object, Phrase]]:
    for word in banned:
        try:
            yield word, phrases.parse(word)
        except PhraseFault:  # a sign, or a pattern that our phrases do not know: looked for word by word, as it stands
            bare = tuple(Part("word", one) for one in words_of(phrases.plain(word)).texts if one[0].isalnum())
            if bare:
                yield word, Phrase(bare)
