"""Campaigns side by side: people and all with their base, a difference only where there is one."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from tests.rooms.email import campaigns
from tests.rooms.email.test_machines import look

if TYPE_CHECKING:
    import uuid

    from tests.factories import Firm, Installation


def two(lux: Installation, people: int = 40) -> tuple[Firm, uuid.UUID, uuid.UUID]:
    """Send two campaigns: of the first half the readers open, of the second a few; one machine opens each."""
    firm = campaigns.ready(lux, people)
    sent = [campaigns.sent(lux, firm, name=name) for name in ("First", "=Second")]
    campaigns.later(lux, firm)
    for public_id, opens in zip(sent, (people // 2, people // 8), strict=True):
        rows = campaigns.deliveries(lux, firm, public_id)
        for row in rows[:opens]:
            look(lux, row.id)
        look(lux, rows[-1].id, {"User-Agent": "Mozilla/5.0"})
    return firm, sent[0], sent[1]


def test_a_difference_is_called_one_and_figures_have_their_base(lux: Installation) -> None:
    firm, first, second = two(lux)
    shown = lux.client(firm).get(f"/campaigns/compare?c={first}&c={second}").text
    assert "20 of 40" in shown
    assert "all 21" in shown
    assert "5 of 40" in shown
    assert "significantly less" in shown
    assert "too few to tell" in shown  # nobody clicked
    answer = lux.client(firm).get(f"/campaigns/compare.csv?c={first}&c={second}")
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert [line["Campaign"] for line in lines] == ["First", "'=Second"]
    assert [line["Opened by: people"] for line in lines] == ["20", "5"]
    assert [line["Opened by: all"] for line in lines] == ["21", "6"]
    assert float(lines[1]["Opened by: p-value"]) < 0.05


@pytest.mark.parametrize("wrong", ["one", "seven", "draft", "nonsense", "foreign"])
def test_a_wrong_choice_is_named_and_kept(lux_sqlite: Installation, wrong: str) -> None:
    firm = campaigns.ready(lux_sqlite, 1)
    sent = campaigns.sent(lux_sqlite, firm)
    other = campaigns.ready(lux_sqlite, 1)
    asked = {
        "one": [sent],
        "seven": [sent, *range(6)],
        "draft": [sent, campaigns.draft(lux_sqlite, firm)],
        "nonsense": [sent, "x"],
        "foreign": [sent, campaigns.sent(lux_sqlite, other)],
    }[wrong]
    client, query = lux_sqlite.client(firm), "&".join(f"c={one}" for one in asked)
    answer = client.get(f"/campaigns/compare?{query}")
    assert answer.status_code == 422
    assert "Choose from" in answer.text
    assert client.get(f"/campaigns/compare.csv?{query}").status_code == 422


def test_without_two_sent_campaigns_the_page_says_so(lux_sqlite: Installation) -> None:
    firm = campaigns.ready(lux_sqlite, 1)
    assert "Two campaigns have to be sent" in lux_sqlite.client(firm).get("/campaigns/compare").text
