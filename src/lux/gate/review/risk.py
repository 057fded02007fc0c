"""How closely somebody should look at an item before they say yes, with the reasons in words; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext

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
    message: str

    def plain(self) -> dict[str, str]:
        """Return the stored form."""
        return {"code": self.code, "level": self.level, "message": self.message}


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


def _of_author(facts: RiskFacts) -> Iterator[Reason]:
    if facts.author_type == "agent":
        yield Reason(code="automated", level=MEDIUM, message=_("An agent wrote this."))
    elif facts.author_type == "api_key":
        yield Reason(code="automated", level=MEDIUM, message=_("A program submitted this."))
    elif facts.author_type == "system":
        yield Reason(code="automated", level=MEDIUM, message=_("LUX made this by itself."))
    if facts.confidence is not None and facts.confidence < LOW_CONFIDENCE:
        words = _("The author is not sure about it: confidence %(n)s of 100.", n=facts.confidence)
        yield Reason(code="low_confidence", level=MEDIUM, message=words)


def _of_size(facts: RiskFacts) -> Iterator[Reason]:
    if facts.recipients > VERY_LARGE:
        words = _("It goes to more than %(n)s people.", n=f"{VERY_LARGE:,}")
        yield Reason(code="large_audience", level=HIGH, message=words)
    elif facts.recipients > LARGE:
        words = _("It goes to more than %(n)s people.", n=f"{LARGE:,}")
        yield Reason(code="large_audience", level=MEDIUM, message=words)
    if 0 < facts.largest_before * UNUSUAL < facts.recipients and facts.recipients >= UNUSUAL_FROM:
        words = _("The largest audience until now was %(n)s.", n=f"{facts.largest_before:,}")
        yield Reason(code="unusual_audience", level=MEDIUM, message=words)


def _of_sender(facts: RiskFacts) -> Iterator[Reason]:
    if facts.sender and facts.is_new_sender:
        words = _("Nothing was ever sent from %(sender)s.", sender=facts.sender)
        yield Reason(code="first_send", level=MEDIUM, message=words)


def _of_links(facts: RiskFacts) -> Iterator[Reason]:
    if facts.new_hosts:
        words = ngettext(
            "Nothing approved before linked to %(hosts)s.",
            "Nothing approved before linked to these: %(hosts)s.",
            len(facts.new_hosts),
            hosts=", ".join(facts.new_hosts),
        )
        yield Reason(code="new_link_domain", level=MEDIUM, message=words)
    hidden = [host for host in facts.hosts if host in SHORTENERS]
    if hidden:
        words = _("A shortened link hides where it leads: %(hosts)s.", hosts=", ".join(hidden))
        yield Reason(code="hidden_link", level=MEDIUM, message=words)
    odd = [host for host in facts.hosts if _is_odd(host)]
    if odd:
        words = _("A link leads to a bare number or to letters that look like others: %(hosts)s.", hosts=", ".join(odd))
        yield Reason(code="odd_link", level=HIGH, message=words)


def _of_words(facts: RiskFacts) -> Iterator[Reason]:
    if "urgency" in facts.finding_codes:
        yield Reason(code="urgency", level=MEDIUM, message=_("It presses for time."))
    if CAREFUL & set(facts.finding_codes):
        yield Reason(code="claims", level=MEDIUM, message=_("It makes claims that may need proof or terms."))
    if facts.warnings and not CAREFUL & set(facts.finding_codes):
        yield Reason(code="warnings", level=MEDIUM, message=_("The checks warn about it."))


def _is_odd(host: str) -> bool:
    """Say whether a host is an address in numbers, or written in punycode."""
    is_number = ":" in host or host.replace(".", "").isdigit()
    return is_number or any(label.startswith("xn--") for label in host.split("."))
