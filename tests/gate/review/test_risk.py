"""Risk as a pure function: one row of facts, one level, the reasons."""

from __future__ import annotations

from typing import Any

import pytest

from lux.gate.review.risk import RiskFacts, assess, shown
from lux.kit.i18n import PSEUDO_LOCALE, use_locale


@pytest.mark.parametrize(
    ("facts", "level", "codes"),
    [
        ({}, "low", []),
        ({"author_type": "agent"}, "medium", ["automated_agent"]),
        ({"author_type": "api_key"}, "medium", ["automated_api_key"]),
        ({"confidence": 60}, "low", []),
        ({"confidence": 59}, "medium", ["low_confidence"]),
        ({"recipients": 10_000, "largest_before": 9_000}, "low", []),
        ({"recipients": 10_001, "largest_before": 9_000}, "medium", ["large_audience"]),
        ({"recipients": 100_001, "largest_before": 90_000}, "high", ["large_audience"]),
        ({"recipients": 301, "largest_before": 100}, "medium", ["unusual_audience"]),
        ({"recipients": 300, "largest_before": 100}, "low", []),
        ({"recipients": 99, "largest_before": 1}, "low", []),  # growth of a handful says nothing
        ({"recipients": 5_000, "largest_before": 0}, "low", []),  # nothing to compare with
        ({"sender": "a@example.com", "is_new_sender": True}, "medium", ["first_send"]),
        ({"is_new_sender": True}, "low", []),  # a page has no sender
        ({"new_hosts": ["a.example", "b.example"]}, "medium", ["new_link_domain"]),
        ({"hosts": ["bit.ly"]}, "medium", ["hidden_link"]),
        ({"hosts": ["10.1.2.3"]}, "high", ["odd_link"]),
        ({"hosts": ["::1"]}, "high", ["odd_link"]),
        ({"hosts": ["shop.xn--pple-43d.example"]}, "high", ["odd_link"]),
        ({"finding_codes": ["urgency"]}, "medium", ["urgency"]),
        ({"finding_codes": ["health_claim"], "warnings": 1}, "medium", ["claims"]),
        ({"finding_codes": ["banned_word"], "warnings": 1}, "medium", ["warnings"]),
        ({"author_type": "agent", "confidence": 10}, "medium", ["automated_agent", "low_confidence"]),
        (
            {"author_type": "agent", "confidence": 10, "finding_codes": ["urgency"]},
            "high",
            ["automated_agent", "low_confidence", "urgency"],
        ),
    ],
)
def test_level_and_reasons(facts: dict[str, Any], level: str, codes: list[str]) -> None:
    """The highest reason decides; three together are high; every reason has words."""
    found = assess(RiskFacts(**facts))
    assert (found.level, [one.code for one in found.reasons]) == (level, codes)
    assert all(one.message.endswith(".") and "%" not in one.message for one in found.reasons)


def test_a_reader_gets_the_reasons_in_their_own_language() -> None:
    """They are stored as words and as what the words name; whoever reads them later reads them in another language."""
    stored = [one.plain() for one in assess(RiskFacts(new_hosts=["a.example"])).reasons]
    assert stored[0]["message"] == "Nothing approved before linked to a.example."
    with use_locale(PSEUDO_LOCALE):
        read = shown([*stored, {"code": "gone", "level": "medium", "values": {}, "message": "As it was."}])
    assert read[0]["message"] != stored[0]["message"]
    assert "a.example" in read[0]["message"]
    assert read[1]["message"] == "As it was."
