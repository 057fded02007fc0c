"""Every tile that a room puts on the dashboard, in each of the six states; one that fails takes no other down."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from lux.gate import stop
from lux.gate.models import Outbound
from lux.ports import contributions
from tests.full_company import filled
from tests.rooms.email import campaigns
from tests.rooms.home.test_dashboard import Made, installed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.ports.contributions import DashboardTile, Tile
    from tests.factories import Firm, Installation

DESIGNED: dict[str, dict[str, object]] = {
    "ready": {},
    "loading": {},
    "empty": {"text": "There is nothing yet.", "action": ("Begin with it", "/begin"), "example": "such a thing."},
    "error": {"what": "It could not be worked out.", "fix": "Wait a minute.", "retry": "/again"},
    "stale": {"as_of": "as of 14:02"},
    "partial": {"as_of": "3 of 4 sources"},
    "forbidden": {"text": "Ask an owner of it."},
}
SHOWS_BODY = ("ready", "stale", "partial")


def troubled(lux: Installation) -> Firm:
    """Make a company for which every tile has something to say."""
    assert lux.app, "made first: it installs the house's contributions"
    firm = filled(lux)
    for _ in range(2):  # one that waits for a worker, one that is paused
        public_id = campaigns.draft(lux, firm)
        campaigns.submit(lux, firm, public_id)
        campaigns.approve(lux, firm, public_id)
    with lux.db.begin(firm.id) as session:
        number = campaigns.load(session, public_id).outbound_id
        paused = session.get(Outbound, number)
        assert paused is not None
        paused.is_paused, paused.pause_reason = True, "The password was refused."
        stop.press(session, company_id=firm.id, by=firm.person, reason="test")
    return firm


def tiles_of(lux: Installation, firm: Firm) -> dict[str, Tile]:
    """Return what every installed tile says for a company, by key."""
    with lux.db.read(firm.id) as session:
        made = {source.key: source.tile(session, firm.id, "owner") for source in contributions.installed().tiles}
    return {key: tile for key, tile in made.items() if tile is not None}


def drawn(lux: Installation, firm: Firm) -> dict[str, str]:
    """Return the HTML of each tile of the dashboard by its key."""
    answer = lux.client(firm).get("/")
    assert answer.status_code == 200
    parts = re.split(r'id="tile-([a-z_+]+)" ', answer.get_data(as_text=True))
    return {key: part.partition("</section>")[0] for key, part in zip(parts[1::2], parts[2::2], strict=True)}


def body(part: str) -> str:
    """Return the words in a tile's body; how many seconds ago something was is left out."""
    inner = part.partition('class="tile-body">')[2].partition('<div class="tile-foot"')[0]
    words = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", inner)).split())
    return re.sub(r"\d+ seconds? ago", "", words)


def in_every_state(tile: Tile) -> Iterator[Made]:
    """Yield a tile in each state, with what its frame is handed there."""
    for state, context in DESIGNED.items():
        shown = replace(tile, key=f"{tile.key}+{state}", state=state, context={**tile.context, **context})
        yield Made(shown.key, lambda _session, shown=shown: shown)  # type: ignore[misc]


def test_every_tile_is_drawn_in_every_state(lux_sqlite: Installation) -> None:
    """Body, freshness, skeleton, sentence with action and example, retry, whom to ask: as the design wants them."""
    lux = lux_sqlite
    firm = troubled(lux)
    tiles = tiles_of(lux, firm)
    assert tiles.keys() == {source.key for source in contributions.installed().tiles}
    with installed(*(made for tile in tiles.values() for made in in_every_state(tile))):
        found = drawn(lux, firm)
    for key, tile in tiles.items():
        parts = {state: found[f"{key}+{state}"] for state in DESIGNED}
        for state, part in parts.items():
            assert f'data-tile="{state}"' in part, (key, state)
            assert html.escape(tile.title) in part, (key, state)
            has_foot = 'class="tile-foot"' in part
            assert has_foot is (state in SHOWS_BODY and "next" in tile.context), (key, state)
        assert body(parts["ready"]), key
        assert body(parts["ready"]) == body(parts["stale"]) == body(parts["partial"]), key
        assert "Not current: as of 14:02" in parts["stale"]
        assert "Partial: 3 of 4 sources" in parts["partial"]
        shape = {"stat": "skeleton-value", "rows": "skeleton-row", "text": "skeleton-w3"}
        assert 'aria-busy="true"' in parts["loading"]
        assert shape[str(tile.context.get("shape", "text"))] in parts["loading"], key
        assert body(parts["empty"]) == "There is nothing yet. Begin with it For example: such a thing.", key
        assert 'href="/begin"' in parts["empty"]
        assert body(parts["error"]) == "It could not be worked out. Wait a minute. Try again", key
        assert 'href="/again"' in parts["error"]
        assert body(parts["forbidden"]) == "You may not see this. Ask an owner of it.", key


def test_a_tile_that_can_be_empty_says_what_to_do(lux_sqlite: Installation) -> None:
    """In a company in which nothing happened yet: one sentence, one action, one example, written by the tile itself."""
    found = tiles_of(lux_sqlite, lux_sqlite.firm())
    empty = {key: tile for key, tile in found.items() if tile.state == "empty"}
    assert len(empty) >= 3
    for key, tile in empty.items():
        assert tile.context["text"], key
        assert tile.context["example"], key
        label, url = tile.context["action"]  # type: ignore[misc]
        assert lux_sqlite.client(lux_sqlite.firms[0]).get(url).status_code == 200, key
        assert label, key


@dataclass
class Failing:
    """A tile whose query fails, as its own would."""

    source: DashboardTile

    @property
    def key(self) -> str:
        """Return the tile's key."""
        return self.source.key

    @property
    def section(self) -> str:
        """Return where the tile stands, where it says so."""
        return str(getattr(self.source, "section", "broken"))

    def tile(self, session: Session, _company_id: int, _role: str) -> Tile | None:
        """Fail in the database."""
        session.execute(text("SELECT * FROM no_such_table"))
        raise AssertionError("unreachable")


def test_a_tile_whose_query_fails_shows_its_error_and_no_other_does(
    lux: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each installed tile in turn: it alone is in the error state, to be tried again; the others are as before."""
    firm = troubled(lux)
    before, sources = drawn(lux, firm), contributions.installed().tiles
    everything = contributions.installed()
    for failing in sources:
        put = tuple(Failing(one) if one is failing else one for one in sources)
        monkeypatch.setattr(contributions, "_installed", replace(everything, tiles=put))
        after = drawn(lux, firm)
        assert after.keys() == before.keys()
        broken = {key for key, part in after.items() if 'data-tile="error"' in part}
        assert broken == {failing.key}
        assert "Try again" in after[failing.key]
        for key in after.keys() - broken:
            assert body(after[key]) == body(before[key]) or key == "errors", key  # which counts this very fault
