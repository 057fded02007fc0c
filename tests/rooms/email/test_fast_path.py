"""In front of Flask: readers get what the pages would answer, and what they did is in the figures as ever."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from lux import house
from lux.gate import engagement, hits, judging, stop
from lux.gate.hits import Hit
from lux.gate.models import Delivery
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.spool import Spool, segments
from lux.kit.spool.models import SpoolSegment
from lux.ledger import recount, rollups
from lux.ledger.models import Fact
from lux.render import tokens
from lux.rooms.contacts.models import Contact
from lux.rooms.email import tracking
from lux.rooms.email.fast import health, lines, loading
from lux.rooms.email.fast.path import FastPath
from lux.rooms.email.fast.targets import Targets
from tests.rooms.email import campaigns
from tests.rooms.email.campaigns import BROWSER
from tests.rooms.email.test_tracking import LINKS, token

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Iterable, Sequence

    from werkzeug.test import TestResponse

    from tests.factories import Firm, Installation

AGENTS = (BROWSER["User-Agent"], "", "Mozilla/5.0", "Barracuda Sentinel", "tëst\\x0a\tüñ" + "x" * 2000)
VARIES = ("X-Request-ID", "Content-Security-Policy", "Set-Cookie")  # the last by pages of Flask alone


def in_front(lux: Installation) -> tuple[FastPath, Spool]:
    """Put the fast path in front of an application, as a served one has it."""
    spool = Spool(lux.settings.home / "spool")
    made = FastPath(
        lux.app.wsgi_app,
        key=tracking.token_key(lux.settings),
        spool=spool,
        targets=Targets(lux.db),
        on_error=pytest.fail,
    )
    return made, spool


def asker(lux: Installation) -> tuple[Callable[..., TestResponse], Spool]:
    """Return a browser that comes by the fast path, and where its hits lie."""
    from werkzeug.test import Client

    front, spool = in_front(lux)
    return Client(front).open, spool


def load(lux: Installation, spool: Spool) -> None:
    """Load everything, so that nothing is left."""
    spool.close()
    loader = loading.Loader(lux.db, spool.folder, on_error=pytest.fail)
    loader.look()
    assert list(spool.folder.iterdir()) == []


def sent(lux: Installation, count: int = 1, firm: Firm | None = None) -> tuple[Firm, uuid.UUID, list[int]]:
    """Send a campaign an hour ago; returns its deliveries."""
    firm = firm or campaigns.ready(lux, count)
    public_id = campaigns.sent(lux, firm)
    campaigns.later(lux, firm)
    return firm, public_id, sorted(one.id for one in campaigns.deliveries(lux, firm, public_id))


def kinds(lux: Installation, firm: Firm) -> list[str]:
    """Return the facts of engagement in order, and see that every figure is what a recount finds."""
    assert not [row for row in recount.rebuild(lux.db, firm.id, is_dry=True) if row.differing]
    with lux.db.read(firm.id) as session:
        wanted = ("email.opened", "email.clicked", "email.trapped")
        rows = session.scalars(select(Fact).where(Fact.kind.in_(wanted)).order_by(Fact.at, Fact.id))
        return [row.kind.removeprefix("email.") for row in rows]


def requests(lux: Installation, delivery: int) -> list[tuple[str, str, dict[str, str]]]:
    """Return requests of every sort: method, address, headers."""
    picture = f"/o/{token(lux, tokens.OPEN, delivery)}.gif"
    link = f"/c/{token(lux, tokens.CLICK, delivery)}"
    plain = [
        picture, f"{picture}?x=1&y=%0a", f"{link}/1", f"{link}/2?url=https://evil.example", f"{link}/3", f"{link}/01",
        f"{link}/0", f"{link}/-1", f"{link}/1/", f"{link}/", link, f"{link}/1x", f"{link}/%c2%b2",
        f"{link}/9" + "9" * 30,
        f"/o/{token(lux, tokens.CLICK, delivery)}.gif", f"/c/{token(lux, tokens.OPEN, delivery)}/1", "/o/", "/c/",
        "/o/.gif",
        "/o/" + "A" * 24 + ".gif", "/c/" + "é" * 24 + "/1", f"//o/{token(lux, tokens.OPEN, delivery)}.gif",
        picture.upper(), f"{picture}/..", f"{picture[:-4]}.png", "/c/%00/1", "/o/a%2fb.gif",
    ]  # fmt: skip
    made = [("GET", path, BROWSER) for path in plain]
    made += [
        (method, path, BROWSER) for method in ("HEAD", "OPTIONS", "POST", "PUT") for path in (picture, f"{link}/1")
    ]
    odd = (
        {"Range": "bytes=0-3"}, {"Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}, {"X-Moz": "prefetch"},
        {"If-None-Match": "*"}, {"Cookie": "sid=1; lux_session=x"}, {"Accept-Language": "de"}, {"User-Agent": ""},
    )  # fmt: skip
    return made + [("GET", path, headers) for headers in odd for path in (picture, f"{link}/2")]


def shown(answer: TestResponse) -> tuple[object, ...]:
    """Return what a reader sees of an answer; random values only as far as they are there."""
    names = {name: ("" if name in VARIES else value) for name, value in answer.headers.items()}
    policy = answer.headers.get("Content-Security-Policy", "").partition("nonce-")
    if answer.status_code >= 400:  # a page of Flask's own in both cases, with a token in it
        del names["Content-Length"]
    body = answer.data if answer.status_code in {200, 302} and answer.request.method != "OPTIONS" else b""
    return answer.status, names, policy[0], len(policy[2]), len(answer.headers["X-Request-ID"]), body


def test_every_answer_is_the_one_that_the_pages_give(lux_sqlite: Installation) -> None:
    """Status, headers and body; over http and https; with what is known and with what is not."""
    _firm, _public_id, (delivery,) = sent(lux_sqlite)
    ask, spool = asker(lux_sqlite)
    plain = lux_sqlite.client()
    ask(f"/c/{token(lux_sqlite, tokens.CLICK, delivery)}/1")  # from here on links are answered in front
    differing: list[tuple[object, ...]] = []
    for base in ("http://localhost", "https://localhost"):
        for method, path, headers in requests(lux_sqlite, delivery):
            given_now = {"method": method, "headers": headers, "base_url": base}
            ours, theirs = shown(ask(path, **given_now)), shown(plain.open(path, **given_now))
            pairs = zip(ours, theirs, strict=True)
            differing += [(*pair, method, path, headers) for pair in pairs if pair[0] != pair[1]]
    assert differing == []
    spool.close()
    found = [hit for one in segments(spool.folder) for hit in lines.hits(one.read().lines)[0]]
    # picture, picture with a query, links 1 and 2; of the odd ones all but the three prefetches; over http and https
    assert len(found) == 2 * (4 + 2 * 5)
    assert BROWSER["User-Agent"] in {hit.agent for hit in found}


def test_what_readers_did_is_counted_by_the_segment(lux: Installation) -> None:
    firm, public_id, deliveries = sent(lux, 3)
    other, _other_id, (foreign,) = sent(lux)
    ask, spool = asker(lux)
    for number in (*deliveries, foreign):
        assert ask(f"/o/{token(lux, tokens.OPEN, number)}.gif", headers=BROWSER).data == tracking.PIXEL
    path = f"/c/{token(lux, tokens.CLICK, deliveries[0])}/1"
    assert [ask(path, headers=BROWSER).headers["Location"] for _time in range(3)] == [LINKS[1]] * 3
    assert kinds(lux, firm) == ["clicked"]  # the first one taught the way; nothing else was written yet
    load(lux, spool)
    assert sorted(kinds(lux, firm)) == ["clicked"] * 3 + ["opened"] * 3
    assert kinds(lux, other) == ["opened"]
    after = campaigns.deliveries(lux, firm, public_id)
    assert all(one.first_opened_at is not None for one in after)
    with lux.db.read(firm.id) as session:
        counts = {key[1]: value for key, value in rollups.counts(session, "campaign").items()}
        assert counts["email.opened"] == (3, 3, 3, 3, 0)
        assert counts["email.clicked"] == (3, 1, 3, 1, 0)
        contact = session.get_one(Contact, after[0].contact_id)
        assert contact.last_activity_at is not None
        assert {
            row.properties["agent"] for row in session.scalars(select(Fact).where(Fact.kind == "email.opened"))
        } == {BROWSER["User-Agent"]}
    with lux.db.read(ALL_COMPANIES) as session:
        assert [(row.loaded, row.refused, row.torn, row.dropped) for row in session.scalars(select(SpoolSegment))] == [
            (6, 0, 0, 0)
        ]


def test_an_emergency_stop_does_not_keep_readers_out_nor_their_clicks(lux_sqlite: Installation) -> None:
    firm, _public_id, (delivery,) = sent(lux_sqlite)
    with lux_sqlite.db.begin(firm.id) as session:
        stop.press(session, company_id=firm.id, by=firm.person)
    ask, spool = asker(lux_sqlite)
    assert ask(f"/o/{token(lux_sqlite, tokens.OPEN, delivery)}.gif", headers=BROWSER).status_code == 200
    load(lux_sqlite, spool)
    assert kinds(lux_sqlite, firm) == ["opened"]


def written(spool: Spool, *made: Hit) -> None:
    """Write hits of the past into a spool, as they would have been written then."""
    for hit in made:
        moment = round(hit.at.timestamp() * 1_000_000)
        agent = hit.agent[: lines.AGENT_LENGTH].encode("unicode_escape")
        assert spool.append(b"h1 %d %d %d %s\n" % (hit.delivery_id, hit.number, moment, agent))
    spool.close()


def hit(delivery: int, number: int = 0, *, seconds: float = 0.0, agent: str = AGENTS[0]) -> Hit:
    """Return a hit a while ago."""
    at = clock.now() - timedelta(minutes=10) + timedelta(seconds=seconds)
    return Hit(delivery_id=delivery, number=number, at=at, agent=agent)


def test_a_line_says_what_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    made = [lines.line(number, 3, agent) for number, agent in enumerate((*AGENTS, "a\nh1 1 0 5 b\r\0"), start=1)]
    assert all(one.count(b"\n") == 1 and one.endswith(b"\n") and one.isascii() for one in made)
    found, refused = lines.hits(one[:-1] for one in made)
    assert refused == 0
    assert [(one.delivery_id, one.number, one.at) for one in found] == [(n, 3, now) for n in range(1, len(made) + 1)]
    assert [one.agent for one in found] == [agent[:1000] for agent in (*AGENTS, "a\nh1 1 0 5 b\r\0")]


def test_lines_that_say_nothing_are_counted_and_hold_up_nothing(
    lux: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a line that reads well and only then proves impossible, and deliveries and links that nobody knows."""
    firm, _public_id, (delivery, _second) = sent(lux, 2)
    _made, spool = in_front(lux)
    poison = (b"", b"h1", b"h1 1 1", b"h2 1 1 1 x", b"h1 9999999999999999999 0 1 x", b"\xff\xfe", b"h1 1 0 1 \\x")
    for one in (*poison, b"h1 %d 0 9999999999999999 far ahead" % delivery):
        spool.append(one + b"\n")
    real = judging.of_open

    def of_open(agent: str, since: float | None) -> judging.Judgement:
        if agent == "impossible":
            raise ValueError(agent)
        return real(agent, since)

    monkeypatch.setattr(judging, "of_open", of_open)
    odd = (hit(delivery, 99), hit(2**62), hit(delivery, agent="impossible"), hit(delivery, agent="a\0b"))
    written(spool, hit(delivery), *odd, hit(delivery, seconds=1))
    told: list[BaseException] = []
    loading.Loader(lux.db, spool.folder, on_error=told.append).look()
    assert list(spool.folder.iterdir()) == []
    assert [str(one) for one in told] == ["impossible"]
    assert kinds(lux, firm) == ["opened"] * 3
    with lux.db.read(ALL_COMPANIES) as session:
        (row,) = session.scalars(select(SpoolSegment))
        assert (row.refused, row.torn) == (len(poison) + 2, 0)


DYING = """
import os, signal, sys
from pathlib import Path
from sqlalchemy.orm import Session
from lux import house
from lux.kit.db import Database
from lux.kit.settings import Settings
from lux.kit.spool import Segment
moment, url, home = sys.argv[1:]
settings = Settings(home=Path(home), database_url=url)
house.install()
die = lambda *_arguments: os.kill(os.getpid(), signal.SIGKILL)
if moment == "before the commit":
    commit = Session.commit  # of the segment's own transaction: sessions within it commit nothing
    Session.commit = lambda session: die() if session.info["company_id"] == 0 else commit(session)
else:
    Segment.remove = die
house.loader(Database.of(settings), settings).look()
"""


@pytest.mark.parametrize(
    "url", ["migrated_sqlite_url", pytest.param("pg_url", marks=(pytest.mark.postgres, pytest.mark.slow))]
)
def test_a_loader_killed_at_any_point_counts_everything_once(
    request: pytest.FixtureRequest, tmp_path: Path, url: str
) -> None:
    """Before its commit nothing is counted; after it, and before the file is gone, everything is, and stays so."""
    from tests.factories import installation

    lux = installation(request.getfixturevalue(url), tmp_path / "home")
    firm, _public_id, deliveries = sent(lux, 3)
    _made, spool = in_front(lux)
    written(spool, *(hit(number, link) for number in deliveries for link in (0, 1)))
    for moment, counted in (("before the commit", 0), ("before the file is gone", 6)):
        command = [sys.executable, "-c", DYING, moment, lux.settings.database, str(lux.settings.home)]
        assert subprocess.run(command, check=False, timeout=120).returncode == -signal.SIGKILL
        assert (len(kinds(lux, firm)), len(list(spool.folder.iterdir()))) == (counted, 1)
    load(lux, spool)
    assert sorted(kinds(lux, firm)) == ["clicked"] * 3 + ["opened"] * 3
    lux.db.close()


def test_what_came_back_from_the_dead_is_not_counted_again(lux_sqlite: Installation) -> None:
    """A segment whose name is known is taken away, however it came to be there once more."""
    firm, _public_id, (delivery,) = sent(lux_sqlite)
    _made, spool = in_front(lux_sqlite)
    written(spool, hit(delivery))
    (file,) = spool.folder.iterdir()
    copy = file.read_bytes()
    load(lux_sqlite, spool)
    file.write_bytes(copy)
    load(lux_sqlite, spool)
    assert kinds(lux_sqlite, firm) == ["opened"]


def judged(lux: Installation, firm: Firm, delivery: int) -> tuple[object, ...]:
    """Return who did what of a delivery, as it stands, with times in seconds since the message left."""
    with lux.db.read(firm.id) as session:
        row = session.get_one(Delivery, delivery)
        start = row.sent_at
        wrong = {one.corrects_id for one in session.scalars(select(Fact).where(Fact.corrects_id.is_not(None)))}
        own = select(Fact).where(Fact.unit_id == delivery, Fact.kind.in_(("email.opened", "email.clicked")))
        facts = sorted(
            ((one.at - start).total_seconds(), one.kind, one.part_id or 0, "machine" if one.id in wrong else one.human)
            for one in session.scalars(own)
        )
        marks = (row.first_opened_at, row.human_opened_at, row.first_clicked_at, row.human_clicked_at)
        return facts, [(mark - start).total_seconds() if mark else None for mark in marks]


SCRIPT = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=240),  # quarters of a second after the message left
        st.integers(min_value=0, max_value=2),
        st.sampled_from(AGENTS[:4]),
    ),
    min_size=1,
    max_size=7,
    unique_by=lambda one: one[0],
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=SCRIPT, trap=st.one_of(st.none(), st.integers(min_value=0, max_value=70)), seed=st.integers(0, 2**16))
def test_hits_by_the_segment_are_judged_as_hits_one_by_one(
    shared: tuple[Installation, Firm, list[int]], script: list[tuple[int, int, str]], trap: int | None, seed: int
) -> None:
    """Whatever comes when, in one segment or in two of which the later one is loaded first."""
    lux, firm, deliveries = shared
    one, other, third = _fresh(lux, firm, deliveries)
    with lux.db.read(firm.id) as session:
        start = session.get_one(Delivery, one).sent_at
    acts = sorted((start + timedelta(seconds=quarter / 4), number, agent) for quarter, number, agent in script)
    with pytest.MonkeyPatch.context() as patch, lux.db.begin(firm.id) as session:
        _one_by_one(
            session, patch, one, acts, None if trap is None else start + timedelta(seconds=trap, microseconds=5)
        )
    chance = random.Random(seed)
    for number, parts in ((other, 1), (third, 2)):
        made = [Hit(delivery_id=number, number=link, at=at, agent=agent) for at, link, agent in acts]
        cut = chance.randrange(len(made) + 1) if parts == 2 else 0
        with pytest.MonkeyPatch.context() as patch, lux.db.begin(firm.id) as session:
            if trap is not None:
                at = start + timedelta(seconds=trap, microseconds=5)
                patch.setattr(clock, "now", lambda at=at: at)
                engagement.trapped(session, number, agent="trap")
        for part in (made[cut:], made[:cut]):
            with lux.db.begin(firm.id) as session:
                hits.record(session, part)
    assert judged(lux, firm, other) == judged(lux, firm, one)
    assert judged(lux, firm, third) == judged(lux, firm, one)
    assert not [row for row in recount.rebuild(lux.db, firm.id, is_dry=True) if row.differing]


def _one_by_one(session, patch, delivery, acts, trap):
    """Let things happen in time, each recorded at its moment."""
    events = [(at, "hit", number, agent) for at, number, agent in acts]
    events += [(trap, "trap", 0, "")] if trap is not None else []
    for at, what, number, agent in sorted(events, key=lambda one: one[0]):
        patch.setattr(clock, "now", lambda at=at: at)
        if what == "trap":
            engagement.trapped(session, delivery, agent="trap")
        elif number:
            engagement.clicked(session, delivery, number, agent=agent)
        else:
            engagement.opened(session, delivery, agent=agent)
        session.flush()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterable[tuple[Installation, Firm, list[int]]]:
    """Return one installation for all examples, with recipients to be used up."""
    from tests.conftest import migrated_file
    from tests.factories import installation

    folder = tmp_path_factory.mktemp("shared")
    (folder / "lux.db").write_bytes(Path(migrated_file()).read_bytes())
    lux = installation(f"sqlite:///{folder / 'lux.db'}", folder / "home", is_migrated=True)
    firm, _public_id, deliveries = sent(lux, 120)
    with lux.db.begin(firm.id) as session:
        at = clock.now() - timedelta(hours=1)
        for row in session.scalars(select(Delivery)):
            row.sent_at = at
    yield lux, firm, deliveries
    lux.db.close()


def _fresh(lux: Installation, firm: Firm, deliveries: list[int]) -> Sequence[int]:
    """Return three recipients of whom nothing is known yet."""
    return [deliveries.pop() for _each in range(3)]


def test_links_that_say_who_follows_them_are_answered_by_the_pages(lux_sqlite: Installation) -> None:
    """To the company's own website a click carries a word of its own for every reader."""
    from lux.rooms.site.models import SiteDomain, SiteSetup

    firm, _public_id, (delivery,) = sent(lux_sqlite)
    with lux_sqlite.db.begin(firm.id) as session:
        session.add(SiteSetup(site_key="k" * 22, identifies_clicks=True))
        session.add(SiteDomain(host="shop.example.com"))
    ask, _spool = asker(lux_sqlite)
    path = f"/c/{token(lux_sqlite, tokens.CLICK, delivery)}/1"
    words = {ask(path, headers=BROWSER).headers["Location"] for _time in range(3)}
    assert len(words) == 3
    assert all(word.startswith(f"{LINKS[1]}#") for word in words)
    assert kinds(lux_sqlite, firm) == ["clicked"] * 3


def test_a_number_between_two_others_is_asked_for_unless_all_about_it_is_known(lux: Installation) -> None:
    """What has no gap has no room for somebody else's delivery; anything else is asked each time."""
    _firm, _public_id, first = sent(lux, 3)
    _other, _other_id, second = sent(lux, 2)
    with lux.db.begin(ALL_COMPANIES) as session:
        found = hits.runs(session, 0, 10**6)
        assert sorted((run.first, run.last) for run in found) == [(first[0], first[-1]), (second[0], second[-1])]
        row = session.get_one(Delivery, first[1])
        row.outbound_id, row.company_id = (
            session.get_one(Delivery, second[0]).outbound_id,
            session.get_one(Delivery, second[0]).company_id,
        )
        session.flush()
        assert hits.runs(session, 0, 10**6) == []
        session.rollback()


def test_the_reader_gets_there_and_the_operator_is_told(lux_sqlite: Installation) -> None:
    """The folder of the spool can't be written to; later it can."""
    firm, _public_id, (delivery,) = sent(lux_sqlite)
    ask, spool = asker(lux_sqlite)
    health.watch(spool)
    link = f"/c/{token(lux_sqlite, tokens.CLICK, delivery)}/1"
    ask(link)
    spool.folder.write_text("in the way")
    for _time in range(2):
        assert ask(f"/o/{token(lux_sqlite, tokens.OPEN, delivery)}.gif").data == tracking.PIXEL
        assert ask(link).headers["Location"] == LINKS[1]
    assert [(one.level, one.message) for one in findings(lux_sqlite)] == [
        ("bad", "4 opens and clicks could not be written down and are not counted (File exists).")
    ]
    spool.folder.unlink()
    spool._shut_until = 0.0
    spool.turn()
    load(lux_sqlite, spool)
    (told,) = findings(lux_sqlite)
    assert told.level == "warn"
    assert told.message.startswith("4 opens and clicks from ")
    assert str(spool.folder) in told.fix
    assert kinds(lux_sqlite, firm) == ["clicked"]
    loading.forget(lux_sqlite.db)
    assert len(findings(lux_sqlite)) == 1
    written(spool, hit(delivery))
    (file,) = spool.folder.iterdir()
    os.utime(file, (0, 0))
    assert findings(lux_sqlite)[0].message[:42] == "Opens and clicks wait to be counted, for 5"


def findings(lux: Installation) -> Sequence[object]:
    """Return what the check of the installation's health says."""
    with lux.db.read(ALL_COMPANIES) as session:
        return health.HitsHealth().check(session, None)


def test_a_served_application_stands_behind_the_fast_path(lux_sqlite: Installation) -> None:
    from lux.app import create_app

    app = create_app(lux_sqlite.settings, db=lux_sqlite.db, is_serving=True)
    assert isinstance(app.wsgi_app, FastPath)
    assert not isinstance(lux_sqlite.app.wsgi_app, FastPath)
    assert isinstance(house.loader(lux_sqlite.db, lux_sqlite.settings), loading.Loader)


@pytest.mark.slow
def test_mariadb_counts_them_as_well(mariadb_url: str, tmp_path: Path) -> None:
    from tests.factories import installation

    lux = installation(mariadb_url, tmp_path / "home")
    firm, _public_id, deliveries = sent(lux, 3)
    ask, spool = asker(lux)
    for number in deliveries:
        ask(f"/o/{token(lux, tokens.OPEN, number)}.gif", headers=BROWSER)
        for link in (1, 2, 1, 2):  # the first teaches the way, and so many links at once are a machine's
            ask(f"/c/{token(lux, tokens.CLICK, number)}/{link}", headers=BROWSER)
    load(lux, spool)
    assert sorted(kinds(lux, firm)) == ["clicked"] * 12 + ["opened"] * 3
    with lux.db.read(firm.id) as session:
        counts = {key[1]: value for key, value in rollups.counts(session, "campaign").items()}
    assert counts["email.clicked"] == (12, 3, 0, 0, 12)
    lux.db.close()
