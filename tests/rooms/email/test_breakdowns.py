"""Days and hours are the company's, also when the clocks change; what it is broken down by adds up to the whole."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from lux.gate.models import Outbound
from lux.identity.models import Company
from lux.kit.db import ALL_COMPANIES
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.ledger.rollups import Count
from lux.render import tokens
from lux.rooms.email import breakdowns
from lux.rooms.email.breakdowns import CLICKED, OPENED
from tests.rooms.email import campaigns
from tests.rooms.email.test_machines import click, look
from tests.rooms.email.test_report import of
from tests.rooms.email.test_tracking import token

if TYPE_CHECKING:
    from tests.factories import Installation

BERLIN = "Europe/Berlin"
PHONE = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"}


def at(text: str, *, total: int = 1, human: int = 1) -> breakdowns.Slot:
    """Return a quarter of an hour (UTC) in which something was opened."""
    moment = dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
    return moment, OPENED, Count(total=total, firsts=0, human=human, human_firsts=0, machine=total - human)


def test_the_day_the_clocks_go_forward_has_23_hours() -> None:
    """Berlin, 29 March 2026: from 00:00 (23:00 UTC) to 24:00 (22:00 UTC)."""
    found = [at("2026-03-28T22:45"), at("2026-03-28T23:00"), at("2026-03-29T21:45"), at("2026-03-29T22:00")]
    series = breakdowns.by_day(found, BERLIN, found[0][0])
    assert list(zip(series.days, series.total[OPENED], strict=True)) == [
        (dt.date(2026, 3, 28), 1),
        (dt.date(2026, 3, 29), 2),
        (dt.date(2026, 3, 30), 1),
    ]


def test_the_day_the_clocks_go_back_has_25_hours() -> None:
    """Berlin, 25 October 2026: from 00:00 (22:00 UTC) to 24:00 (23:00 UTC)."""
    found = [at("2026-10-24T21:45"), at("2026-10-24T22:00"), at("2026-10-25T22:45"), at("2026-10-25T23:00")]
    series = breakdowns.by_day(found, BERLIN, found[0][0])
    assert series.total[OPENED] == [1, 2, 1]
    assert series.labels == ["2026-10-24", "2026-10-25", "2026-10-26"]


def test_an_hour_that_is_skipped_or_comes_twice_is_neither_lost_nor_merged() -> None:
    spring = breakdowns.by_hour([at("2026-03-29T00:30"), at("2026-03-29T01:00")], BERLIN, at("2026-03-29T00:15")[0])
    assert spring.labels[:2] == ["2026-03-29 01:00", "2026-03-29 03:00"]
    assert spring.total[OPENED][:2] == [1, 1]
    autumn = breakdowns.by_hour([at("2026-10-25T00:30"), at("2026-10-25T01:30")], BERLIN, at("2026-10-25T00:15")[0])
    assert autumn.labels[:2] == ["2026-10-25 02:00", "2026-10-25 02:00"]
    assert autumn.total[OPENED][:2] == [1, 1]
    assert len(autumn.labels) == breakdowns.FIRST_HOURS


def test_zones_of_quarters_of_an_hour_have_their_own_days() -> None:
    found = [at("2026-06-01T18:00"), at("2026-06-01T18:15")]  # Kathmandu is 5:45 ahead: 23:45 and 00:00
    assert breakdowns.by_day(found, "Asia/Kathmandu", found[0][0]).total[OPENED] == [1, 1]


def test_the_week_counts_people_alone() -> None:
    found = [at("2026-11-30T08:00", total=9, human=4), at("2026-11-30T08:45", total=2, human=2)]
    heat = breakdowns.heat(found, BERLIN)
    assert heat.rows[0][9] == heat.most == 6
    assert sum(map(sum, heat.rows)) == 6
    assert (heat.step(0), heat.step(1), heat.step(6)) == (0, 1, breakdowns.HEAT_STEPS)


def test_a_report_is_in_the_companys_zone_and_adds_up(lux: Installation) -> None:
    firm = campaigns.ready(lux, 3)
    public_id = campaigns.sent(lux, firm)
    campaigns.later(lux, firm)
    with lux.db.begin(ALL_COMPANIES) as session:
        session.get(Company, firm.id).timezone = "Pacific/Kiritimati"
        session.query(Outbound).update({"started_at": dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)})
    first, second, third = campaigns.deliveries(lux, firm, public_id)
    look(lux, first.id)
    look(lux, second.id, PHONE)
    click(lux, second.id, 1, PHONE)
    look(lux, third.id, {"User-Agent": "Mozilla/5.0"})
    found, _counted = of(lux, firm, public_id)
    assert found.zone == "Pacific/Kiritimati"
    for series in (found.days, found.hours):
        assert (sum(series.total[OPENED]), sum(series.human[OPENED])) == (3, 2)
    assert sum(map(sum, found.heat.rows)) == 3
    assert {row.name: row.count(OPENED).total for row in found.devices} == {"Desktop": 1, "Phone": 1, "Not known": 1}
    (domain,) = found.domains
    assert (domain.name, domain.reached, domain.bounced) == ("example.com", 3, 0)
    assert (domain.count(OPENED).firsts, domain.count(OPENED).human_firsts) == (3, 2)
    assert domain.count(CLICKED)[:4] == (1, 1, 1, 1)
    opened = found.figure("unique_opens")
    assert (opened.value, opened.human, opened.of) == (3, 2, 3)


def test_people_and_all_stand_side_by_side_on_every_page(lux_sqlite: Installation) -> None:
    firm = campaigns.ready(lux_sqlite, 4)
    public_id = campaigns.sent(lux_sqlite, firm)
    campaigns.later(lux_sqlite, firm)
    first, second, *_rest = campaigns.deliveries(lux_sqlite, firm, public_id)
    look(lux_sqlite, first.id)
    look(lux_sqlite, second.id, {"User-Agent": "Mozilla/5.0"})
    client = lux_sqlite.client(firm)
    report = client.get(f"/campaigns/{public_id}/report").text
    assert "1 of 4 recipients reached" in report
    assert "2 of 4 recipients reached" in report
    assert "by weekday and hour" in report
    for path in ("/campaigns/", "/", f"/campaigns/{public_id}"):
        shown = client.get(path).text
        assert "1 of 4" in shown, path
        assert "all 2" in shown, path
    file = client.get(f"/campaigns/{public_id}/recipients.csv").text.splitlines()
    assert file[0].endswith("First opened by a person,First clicked by a person")
    assert "not known to be a person" in client.get(f"/campaigns/{public_id}/recipients").text


def test_a_domain_tells_sent_captured_delivered_and_bounced_apart(lux: Installation) -> None:
    firm = campaigns.ready(lux, 2)
    public_id = campaigns.sent(lux, firm)
    with lux.db.begin(firm.id) as session:
        campaign = campaigns.load(session, public_id)
        for kind, number in (("email.sent", 4), ("email.bounced", 1)):
            new = NewFact(
                kind=kind, subject=("campaign", campaign.id), channel="email", facets={"domain": "tide.example"}
            )
            facts.record_many(session, [new] * number)

    def table() -> list[list[str]]:
        shown = lux.client(firm).get(f"/campaigns/{public_id}/report").text
        part = shown[shown.index('id="domains"') :].partition("</table>")[0]
        cells = [re.sub(r"<[^>]+>|\s", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", part, re.DOTALL)]
        return [cells[start : start + 9][:5] for start in range(0, len(cells), 9)]

    assert table() == [
        ["Domain", "Sent", "Captured", "Delivered", "Bounced"],
        ["tide.example", "4", "0", "notknown", "1"],
        ["example.com", "0", "2", "notknown", "0"],
    ]
    with lux.db.begin(firm.id) as session:
        new = NewFact(kind="email.delivered", subject=("campaign", campaign.id), channel="email",
                      facets={"domain": "tide.example"})  # fmt: skip
        facts.record_many(session, [new] * 3)
    assert table()[1:] == [["tide.example", "4", "0", "3", "1"], ["example.com", "0", "2", "0", "0"]]


def test_an_erased_persons_domain_is_no_longer_told(lux: Installation) -> None:
    from lux.ledger import recount

    firm = campaigns.ready(lux, 2)
    public_id = campaigns.sent(lux, firm)
    one = campaigns.deliveries(lux, firm, public_id)[0]
    lux.client().get(f"/o/{token(lux, tokens.OPEN, one.id)}.gif")
    with lux.db.begin(firm.id) as session:
        facts.forget_contact(session, one.contact_id)
    found, _counted = of(lux, firm, public_id)
    assert [(row.name, row.reached) for row in found.domains] == [("example.com", 1), ("All others", 1)]
    assert not [row for row in recount.rebuild(lux.db, firm.id, is_dry=True) if row.differing]
