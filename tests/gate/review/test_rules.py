"""The built-in rules find what they are for, in two languages, and leave ordinary mail alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from lux.gate.review import phrases
from lux.gate.review.compliance import Scanner
from lux.gate.review.passages import Passage
from lux.gate.review.phrases import PhraseFault, Phrases, parse, plain, words_of
from lux.gate.review.rules import Rule, built_in, rule_from

SCANNER = Scanner(built_in())
FOUND = {
    "giveaway_without_terms": (
        "Join our giveaway and win a bike!",
        "Enter to win one of ten baskets.",
        "Your chance to win a weekend in Rome",
        "Unser großes Gewinnspiel zum Jubiläum",
        "Wir verlosen 3 Eintrittskarten",
        "Jetzt mitmachen und gewinnen",
    ),
    "health_claim": (
        "This tea cures cancer.",
        "Lose 10 kg with our shake",
        "Clinically\nproven to help",
        "A cure for your diabetes",
        "It boosts your immune-system",
        "Unser Tee heilt Krebs",
        "In zwei Wochen 5 Kilo abnehmen",
        "stärkt Ihr Immunsystem",
        "Ganz ohne Nebenwirkungen",
    ),
    "financial_claim": (
        "Guaranteed returns from day one",
        "A risk-free investment for everyone",
        "Double your money by May",
        "Earn $500 a day from home",
        "12% return",
        "Garantierte Rendite für Sie",
        "Kredit ohne Schufa",
        "Verdoppeln Sie Ihr Geld",
    ),
    "guaranteed_result": (
        "100% guaranteed!",
        "Results guaranteed or your money back",
        "The method never fails",
        "Erfolg garantiert",
        "Wirkt garantiert",
    ),
    "urgency": (
        "Act now",
        "Only 3 left in stock",
        "Last chance!",
        "Don’t miss out",
        "Ends in 24 hours",
        "Nur noch 5 Plätze",
        "Solange der Vorrat reicht",
        "Letzte Chance",
    ),
}
ORDINARY = (
    "Our autumn catalogue is here: forty new lamps, made in our own workshop.",
    "Join our giveaway. Terms and conditions: see the page of the draw. It closes on 5 May.",
    "Unser Gewinnspiel läuft bis Sonntag, die Teilnahmebedingungen stehen auf der Seite.",
    "Thank you for your order. It will arrive on Monday. Money back within 30 days if you change your mind.",
    "We met a doctor who recommends reading every evening.",
    "The guarantee on your bike is two years. Results of the race stand below.",
    "Win more customers with a better newsletter: our course begins in March.",
    "Free shipping from 50 euros. Interest in a visit? Reply to this mail.",
    "Wir garantieren zwei Jahre auf jedes Rad. Der Erfolg unserer Werkstatt freut uns.",
    "Herzlichen Glückwunsch zum Geburtstag! Ihr Gutschein über 10 € gilt bis Ende Mai.",
    "Die Öffnungszeiten: Montag bis Freitag, 9 bis 18 Uhr. Heute bleibt das Geschäft zu.",
    "Yoga classes for your back, led by Anna. Bring a towel.",
    "Our fund lost 3 % last year; all figures stand in the report. Capital at risk.",
    "The last chapter of our story: how we hurried slowly.",
)


def said(text: str, **values: Any) -> set[str]:
    """Return the codes of what the built-in rules say of a mail's words."""
    found = SCANNER.findings([Passage(field="text", text=text)], kind="email_campaign", channel="email")
    return {one.code for one in found}


@pytest.mark.parametrize("code", sorted(FOUND))
def test_each_rule_finds_what_it_is_for(code: str) -> None:
    """Whatever the case, the hyphens and the line breaks."""
    assert {text: said(text) for text in FOUND[code] if code not in said(text)} == {}
    assert {text: said(text) for text in FOUND[code] if code not in said(text.upper())} == {}


def test_ordinary_mail_is_left_alone() -> None:
    """Not one finding over texts that say nothing wrong."""
    assert {text: said(text) for text in ORDINARY if said(text)} == {}


@pytest.mark.parametrize(
    ("phrase", "text", "is_found"),
    [
        ("free trial", "Your FREE\n  trial begins", True),
        ("free trial", "It is free. Trial runs are not", False),  # a phrase ends with its sentence
        ("free trial", "freetrial", False),
        ("free trial", "a free-trial", True),
        ("free trial", "f\u00adree tr\u200bial", True),  # hidden characters hide nothing
        ("free trial", "\uff46\uff52\uff45\uff45 trial", True),
        ("straße", "STRASSE", True),
        ("cure*", "cured", True),
        ("*heilung", "Wunderheilung", True),
        ("cure*", "secure", False),
        ("lose # kg", "lose 10.5kg", True),
        ("lose # kg", "lose some kg", False),
        ("win ... prize", "win a really big prize", True),
        ("win ... prize", "win prize", True),
        ("win ... prize", "win a b c d e prize", False),
        ("win ... prize", "win it. A prize", False),
        ("shop", "see https://shop.example.com/shop", False),  # an address is not read
        ("shop", "{{ shop }} and {% if shop %}", False),  # nor a merge field
        ("100 %", "100%", True),
    ],
)
def test_phrases_are_found_word_by_word(phrase: str, text: str, is_found: bool) -> None:
    """Stars, numbers, gaps, sentences, hidden characters, addresses, merge fields."""
    shown = plain(text)
    hits = list(Phrases([("key", parse(phrase))]).find(words_of(shown)))
    assert bool(hits) is is_found


@pytest.mark.parametrize(
    ("phrase", "what"),
    [
        ("", "no word"),
        ("!!!", "no word"),
        ("# %", "no word"),
        ("a*", "too many words"),
        ("ab*c*", "one *"),
        ("... free", "between two words"),
        ("a ... b ... c", "between two words"),
        ("x" * 121, "longer than"),
        (" ".join("abcdefghijklm"), "more than"),
    ],
)
def test_a_phrase_that_cannot_be_looked_for_says_why(phrase: str, what: str) -> None:
    """Each with the way to mend it."""
    with pytest.raises(PhraseFault, match=what.replace("*", r"\*")) as caught:
        parse(phrase)
    assert caught.value.fix


def evil() -> Iterator[str]:
    """Yield texts of 50 kB made to be slow."""
    for part in (
        "a",
        "a ",
        "win a ",
        "{{",
        "{%",
        "https://",
        "cures ",
        "%",
        "1.",
        "1,1",
        "’",
        "a’",
        "\n \n",
        ". ",
        "ss",
        "free ",
    ):
        yield (part * 50_000)[:50_000]
    yield "treats " + "a " * 25_000
    yield ("win " * 4 + "prize") * 2_900


def test_no_text_makes_the_search_run_away() -> None:
    """50 kB of whatever: below a tenth of a second of CPU each, also with phrases that nearly fit everywhere."""
    own = Rule(
        code="own",
        severity="warn",
        name="",
        message="",
        phrases={"": ("a a a a a a a ... b", "win ... win win a", "free*")},
    )
    scanner = Scanner([*built_in(), own])
    slow = {}
    for text in evil():
        best = min(_cpu(scanner, text) for _again in range(3))
        if best >= 0.1:
            slow[text[:12]] = best
    assert slow == {}


def _cpu(scanner: Scanner, text: str) -> float:
    began = time.process_time()
    scanner.findings([Passage(field="text", text=text)], kind="email_campaign", channel="email")
    return time.process_time() - began


def test_the_place_is_told_with_what_stands_around_it() -> None:
    """Which part, which words; the same phrase in two parts is told once."""
    parts = [Passage(field="subject", text="Act now, friends"), Passage(field="text", text="So act now: " + "x " * 60)]
    found = SCANNER.findings(parts, kind="email_campaign", channel="email")
    assert [one.place for one in found] == ["Subject: “Act now, friends”"]


def test_every_built_in_rule_explains_itself() -> None:
    """Name, reason, words and fix; two languages wherever it looks for phrases."""
    assert len({rule.code for rule in built_in()}) == len(built_in()) >= 8
    for rule in built_in():
        assert all([rule.name, rule.why, rule.message, rule.fix]), rule.code
        assert not rule.phrases or {"en", "de"} <= set(rule.phrases), rule.code


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"code": "A B"}, "code"),
        ({"severity": "panic"}, "severity"),
        ({"phrases": {}}, "phrases: missing"),
        ({"phrases": {"en": ["a*"]}}, "phrases.en: 'a*'"),
        ({"message": " "}, "message: missing"),
        ({"needs": "luck"}, "needs"),
        ({"regex": "(a+)+"}, "unknown: regex"),
    ],
)
def test_a_broken_rule_in_the_file_names_rule_and_field(change: dict[str, Any], what: str) -> None:
    """Whoever extends the file reads what is wrong."""
    row = {"code": "sample", "severity": "warn", "name": "n", "why": "w", "message": "m", "fix": "f",
           "phrases": {"en": ["free trial"]}}  # fmt: skip
    assert rule_from(row).phrases == {"en": ("free trial",)}
    with pytest.raises(ValueError, match=r"rule") as caught:
        rule_from({**row, **change})
    assert what in str(caught.value)


def test_hits_stand_where_they_are() -> None:
    """The excerpt is cut from the text that was searched."""
    text = "one two three"
    (hit,) = Phrases([("k", parse("two"))]).find(words_of(text))
    assert text[hit.start : hit.end] == "two"
    assert phrases.around(text, hit) == text
