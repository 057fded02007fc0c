"""The dashboard: five questions in their order, each tile in one of six states, none able to take another down."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from lux.identity import users
from lux.identity.access import Role
from lux.kit.db import ALL_COMPANIES
from lux.ports import contributions
from lux.ports.contributions import Contributions, SetupStep, Tile
from lux.rooms.home import board
from tests.factories import PASSWORD
from tests.rooms.email import campaigns

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from tests.factories import Installation

TITLES = ["What waits for a yes", "What is broken", "What goes out today", "How it went", "Where to go"]


@dataclass
class Made:
    """A tile made by a function."""

    key: str
    make: Callable[[Session], Tile | None]

    def tile(self, session: Session, _company_id: int, _role: str) -> Tile | None:
        """Return what the function makes."""
        return self.make(session)


@dataclass
class Step:
    """A step of the set-up path."""

    key: str
    is_done: bool

    def step(self, _session: Session, _company_id: int) -> SetupStep:
        """Return it."""
        return SetupStep(key=self.key, title=f"Step {self.key}", detail="", url="/", is_done=self.is_done)


@contextmanager
def installed(*tiles: Made, steps: tuple[Step, ...] = ()) -> Iterator[None]:
    """Show these tiles and no others."""
    before = contributions.installed()
    kept = Contributions(nav=before.nav, tiles=tiles, setup_steps=steps)
    contributions.install(kept)
    yield
    contributions.install(before)


def hub(**values: object) -> Tile:
    """Return a tile that shows a small body of the e-mail room."""
    plain: dict[str, object] = {
        "key": "made", "section": "hubs", "title": "A made tile", "template": "email/_hub_tile.html",
        "context": {"number": 3},
    }  # fmt: skip
    return Tile(**{**plain, **values})  # type: ignore[arg-type]


def broken(session: Session) -> Tile:
    """Fail as a query does, with the transaction in ruins."""
    session.execute(text("SELECT * FROM no_such_table"))
    raise AssertionError("unreachable")


def test_the_sections_stand_in_their_order_whatever_the_rooms_order(lux_sqlite: Installation) -> None:
    firm = lux_sqlite.firm()
    made = [
        Made(key, lambda _session, key=key: hub(key=key, section=key))  # type: ignore[misc]
        for key in ("hubs", "result", "today", "broken", "waits")
    ]
    client = lux_sqlite.client(firm)
    with installed(*made):
        shown = client.get("/").text
    found = re.findall(r"<h2>([^<]+)", shown)
    assert [title for title in found if title in TITLES] == TITLES


def test_a_tile_that_raises_shows_its_error_and_the_others_go_on(lux: Installation) -> None:
    firm = lux.firm()
    client, noted = lux.client(firm), []
    runtime = lux.app.extensions["lux"]
    lux.app.extensions["lux"] = type(runtime)(settings=runtime.settings, db=runtime.db, on_error=noted.append)
    good = Made("good", lambda session: hub(key="good", context={"number": session.execute(text("SELECT 7")).scalar()}))
    unrendered = Made("unrendered", lambda _session: hub(key="unrendered", section="today", template="no/such.html"))
    with installed(Made("bad", broken), unrendered, good):
        answer = client.get("/")
    assert answer.status_code == 200
    assert answer.text.count('data-tile="error"') == 2
    assert "7 campaigns" in answer.text
    assert len(noted) == 2
    assert 'id="tile-unrendered"' in answer.text


@pytest.mark.parametrize(
    ("state", "context", "words"),
    [
        ("ready", {"number": 3}, "3 campaigns"),
        ("loading", {}, "Loading"),
        ("empty", {"text": "Nothing yet.", "action": ("Begin", "/x"), "example": "such"}, "Nothing yet."),
        ("error", {"what": "It broke.", "fix": "Mend it."}, "Mend it."),
        ("stale", {"number": 3, "as_of": "as of 14:02"}, "as of 14:02"),
        ("partial", {"number": 3, "as_of": "3 of 4 sources"}, "3 of 4 sources"),
        ("forbidden", {"text": "Ask an owner."}, "Ask an owner."),
    ],
)
def test_every_state_of_a_tile_is_drawn(
    lux_sqlite: Installation, state: str, context: dict[str, object], words: str
) -> None:
    firm = lux_sqlite.firm()
    client = lux_sqlite.client(firm)
    with installed(Made("made", lambda _session: hub(state=state, context=context))):
        shown = client.get("/").text
    assert f'data-tile="{state}"' in shown
    assert words in shown


def test_an_unknown_state_is_an_error_and_not_a_guess(lux_sqlite: Installation) -> None:
    assert board.framed(hub(state="sparkling")).state == "error"
    assert board.framed(hub(state="stale")).state == "stale"


def test_the_setup_path_stands_on_top_until_it_is_finished(lux_sqlite: Installation) -> None:
    firm = lux_sqlite.firm()
    client = lux_sqlite.client(firm)
    with installed(steps=(Step("a", is_done=True), Step("b", is_done=False), Step("c", is_done=False))):
        shown = client.get("/").text
        assert "1 of 3 done" in shown
        assert shown.count('aria-current="step"') == 1
        assert shown.count('class="step step-') == 2, "what is done takes no room here"
        assert 'href="/setup"' in shown
    with installed(steps=(Step("a", is_done=True),)):
        assert "set-up path" not in client.get("/").text.lower()


def test_a_step_that_raises_counts_as_open(lux: Installation) -> None:
    firm = lux.firm()

    class Broken:
        def step(self, session: Session, _company_id: int) -> SetupStep:
            session.execute(text("SELECT * FROM no_such_table"))
            raise AssertionError("unreachable")

    noted: list[BaseException] = []
    before = contributions.installed()
    contributions.install(Contributions(setup_steps=(Broken(), Step("a", is_done=True))))
    with lux.db.read(firm.id) as session:
        path = board.setup_path(session, firm.id, on_error=noted.append)
    contributions.install(before)
    assert (path.done, len(path.steps), path.is_finished, len(noted)) == (1, 2, False, 1)


def test_somebody_without_a_company_is_told_how_to_get_into_one(lux_sqlite: Installation) -> None:
    lux_sqlite.firm()
    with lux_sqlite.db.begin(ALL_COMPANIES) as session:
        user = users.create(session, name="Alone", email="alone@example.com", password=PASSWORD)
        user_id = user.id
    from lux.identity import sessions

    with lux_sqlite.db.begin(ALL_COMPANIES) as session:
        token = sessions.start(session, users.by_id(session, user_id), lux_sqlite.settings)
    client = lux_sqlite.app.test_client()
    with client.session_transaction() as cookie:
        cookie["sid"] = token
    answer = client.get("/")
    assert answer.status_code == 200
    assert "You do not belong to a company yet." in answer.text


def test_nobody_sees_the_dashboard_without_signing_in(lux_sqlite: Installation) -> None:
    answer = lux_sqlite.client().get("/")
    assert answer.status_code == 303
    assert "sign-in" in answer.headers["Location"]


@pytest.mark.parametrize("role", list(Role))
def test_the_real_dashboard_answers_before_and_after_a_campaign(lux: Installation, role: Role) -> None:
    firm = campaigns.ready(lux)
    looker = lux.client(lux.member(firm.id, role))
    empty = looker.get("/")
    assert empty.status_code == 200
    assert 'data-tile="error"' not in empty.text
    public_id = campaigns.draft(lux, firm)
    campaigns.submit(lux, firm, public_id)
    assert "Autumn" in looker.get("/").text
    campaigns.approve(lux, firm, public_id)
    assert "Goes out today" in looker.get("/").text
    lux.work()
    after = looker.get("/").text
    assert 'data-tile="error"' not in after
    assert "Captured, not sent" in after


def test_one_companys_dashboard_shows_nothing_of_another(lux: Installation) -> None:
    firm, stranger = campaigns.ready(lux), lux.firm()
    campaigns.sent(lux, firm, name="Secret autumn")
    public_id = campaigns.draft(lux, firm, name="Secret winter")
    campaigns.submit(lux, firm, public_id)
    assert "Secret" not in lux.client(stranger).get("/").text
