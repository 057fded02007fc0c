"""How closely somebody should look at an item before they say yes, with the reasons in words; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lux.kit.i18n import gettext as _

LOW, MEDIUM, HIGH = "low", "medium", "high"
LOW_CONFIDENCE: Final = 60  # hundredths; below it the author says itself that it is not sure
LARGE: Final = 10_000  # recipients
VERY_LARGE: Final = 100_000
UNUSUAL: Final = 3  # times the largest audience that ever got something of this company
UNUSUAL_FROM: Final = 100  # recipients; growth of a handful says nothing
TOGETHER: Final = 3  # reasons to look that make a high risk together
SHORTENERS: Final = frozenset(
    {"bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd", "buff.ly", "rebrand.ly", "cutt.ly", "t.ly", "tiny.cc"}
)
CAREFUL: Final = frozenset({"giveaway_without_terms", "health_claim", "financial_claim", "guaranteed_result"})


@dataclass(frozen=True, kw_only=True)
class RiskFacts:
    """What is known about an item; nothing here is a guess."""

    author_type: str = "person"  # person | api_key | agent | system
    confidence: int | None = None  # as the author says, in hundredths; None = it does not say
    recipients: int = 0
    largest_before: int = 0  # recipients of what left until now, at most; 0 = nothing did
    sender: str = ""
    is_new_sender: bool = False  # nothing ever left from it
    new_hosts: Sequence[str] = ()  # nothing with a yes ever linked there
    hosts: Sequence[str] = ()
    finding_codes: Sequence[str] = ()
    warnings: int = 0  # findings that warn


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One reason to look closely."""

    code: str
    level: str  # medium | high
    values: Mapping[str, str] = field(default_factory=dict)  # what its words name

    def plain(self) -> dict[str, Any]:
        """Return the stored form, with the words as they were at that moment."""
        return {"code": self.code, "level": self.level, "values": dict(self.values), "message": self.message}

    @property
    def message(self) -> str:
        """Return it in words of the present reader's language."""
        return WORDS[self.code]() % dict(self.values)


@dataclass(frozen=True, kw_only=True)
class Risk:
    """A level with its reasons; low has none."""

    level: str
    reasons: Sequence[Reason]


def assess(facts: RiskFacts) -> Risk:
    """Return the level: the highest of the reasons, and high for three of them together."""
    reasons = [*_of_author(facts), *_of_size(facts), *_of_sender(facts), *_of_links(facts), *_of_words(facts)]
    levels = {reason.level for reason in reasons}
    is_high = HIGH in levels or len(reasons) >= TOGETHER
    return Risk(level=HIGH if is_high else MEDIUM if levels else LOW, reasons=tuple(reasons))


def shown(reasons: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return stored reasons in the words of the present reader; one that is no longer known keeps its own."""
    return [
        {
            "code": one["code"],
            "level": one["level"],
            "message": WORDS[one["code"]]() % one["values"] if one["code"] in WORDS else one["message"],
        }
        for one in reasons
    ]


WORDS: Final[Mapping[str, Callable[[], str]]] = {
    "automated_agent": lambda: _("An agent wrote this."),
    "automated_api_key": lambda: _("A program submitted this."),
    "automated_system": lambda: _("LUX made this by itself."),
    "low_confidence": lambda: _("The author is not sure about it: confidence %(n)s of 100."),
    "large_audience": lambda: _("It goes to more than %(n)s people."),
    "unusual_audience": lambda: _("The largest audience until now was %(n)s."),
    "first_send": lambda: _("Nothing was ever sent from %(sender)s."),
    "new_link_domain": lambda: _("Nothing approved before linked to %(hosts)s."),
    "hidden_link": lambda: _("A shortened link hides where it leads: %(hosts)s."),
    "odd_link": lambda: _("A link leads to a bare number or to letters that look like others: %(hosts)s."),
    "urgency": lambda: _("It presses for time."),
    "claims": lambda: _("It makes claims that may need proof or terms."),
    "warnings": lambda: _("The checks warn about it."),
}


def _of_author(facts: RiskFacts) -> Iterator[Reason]:
    if f"automated_{facts.author_type}" in WORDS:
        yield Reason(code=f"automated_{facts.author_type}", level=MEDIUM)
    if facts.confidence is not None and facts.confidence < LOW_CONFIDENCE:
        yield Reason(code="low_confidence", level=MEDIUM, values={"n": str(facts.confidence)})


def _of_size(facts: RiskFacts) -> Iterator[Reason]:
    if facts.recipients > VERY_LARGE:
        yield Reason(code="large_audience", level=HIGH, values={"n": f"{VERY_LARGE:,}"})
    elif facts.recipients > LARGE:
        yield Reason(code="large_audience", level=MEDIUM, values={"n": f"{LARGE:,}"})
    if 0 < facts.largest_before * UNUSUAL < facts.recipients and facts.recipients >= UNUSUAL_FROM:
        yield Reason(code="unusual_audience", level=MEDIUM, values={"n": f"{facts.largest_before:,}"})


def _of_sender(facts: RiskFacts) -> Iterator[Reason]:
    if facts.sender and facts.is_new_sender:
        yield Reason(code="first_send", level=MEDIUM, values={"sender": facts.sender})


def _of_links(facts: RiskFacts) -> Iterator[Reason]:
    hidden = [host for host in facts.hosts if host in SHORTENERS]
    odd = [host for host in facts.hosts if _is_odd(host)]
    for code, level, hosts in (
        ("new_link_domain", MEDIUM, facts.new_hosts),
        ("hidden_link", MEDIUM, hidden),
        ("odd_link", HIGH, odd),
    ):
        if hosts:
            yield Reason(code=code, level=level, values={"hosts": ", ".join(hosts)})


def _of_words(facts: RiskFacts) -> Iterator[Reason]:
    if "urgency" in facts.finding_codes:
        yield Reason(code="urgency", level=MEDIUM)
    if CAREFUL & set(facts.finding_codes):
        yield Reason(code="claims", level=MEDIUM)
    elif facts.warnings:
        yield Reason(code="warnings", level=MEDIUM)


def _is_odd(host: str) -> bool:
    """Say whether a host is an address in numbers, or written in punycode."""
    is_number = ":" in host or host.replace(".", "").isdigit()
    return is_number or any(label.startswith("xn--") for label in host.split("."))
