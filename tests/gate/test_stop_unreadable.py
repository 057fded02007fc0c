"""What can't be read is a stop: a table that is gone, a row that is none, a data folder that is a file."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import text

from lux.gate import stop
from lux.gate.jobs import sweep
from lux.gate.stop import looking, noticing, scopes
from lux.gate.stop.watching import StopWatch
from lux.kit.errors import WrongState
from tests.factories import Firm, Installation
from tests.gate.test_smtp import hurry
from tests.rooms.email import campaigns

PAGES = ("/", "/approvals/stop", "/campaigns/", "/contacts")


def ready(lux: Installation) -> Firm:
    """Approve a campaign; nothing has been sent yet."""
    firm = campaigns.ready(lux)
    public_id = campaigns.draft(lux, firm)
    campaigns.submit(lux, firm, public_id)
    campaigns.approve(lux, firm, public_id)
    return firm


def run(lux: Installation, *statements: str) -> None:
    """Damage the table, or mend it, by hand."""
    with lux.db.engine.begin() as connection:
        for one in statements:
            connection.execute(text(one))


def is_halted(lux: Installation, firm: Firm, banner: str) -> None:
    """Assert that nothing leaves, system mails included, and that every page answers and says so."""
    assert StopWatch(lux.db, firm.id).is_stopped()
    lux.work()
    assert sent(lux) == 0
    client = lux.client(firm)
    for path in PAGES:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert banner in answer.text, path
        assert 'class="stop-banner"' in answer.text, path


def sent(lux: Installation) -> int:
    """Return how many messages were sent."""
    with lux.db.engine.connect() as connection:
        count = text("SELECT COUNT(*) FROM delivery WHERE state IN ('sent', 'captured')")
        return int(connection.execute(count).scalar_one())


def goes_on(lux: Installation, firm: Firm) -> None:
    """Assert that after the repair every recipient gets exactly one."""
    sweep(lux.db)
    hurry(lux)
    lux.work()
    with lux.db.engine.connect() as connection:
        rows = connection.execute(text("SELECT address, state FROM delivery")).all()
    assert Counter(state for _address, state in rows) == Counter(captured=3)
    assert len({address for address, _state in rows}) == 3
    assert 'class="stop-banner"' not in lux.client(firm).get("/").text


def test_without_the_table_nothing_leaves_and_nothing_is_lost(lux: Installation) -> None:
    """The table is renamed and comes back; pages stand all the while."""
    firm = ready(lux)
    run(lux, "ALTER TABLE stop RENAME TO gone")
    is_halted(lux, firm, "Everything is stopped, for all companies.")
    assert StopWatch(lux.db, firm.id, is_system=True).is_stopped()
    run(lux, "ALTER TABLE gone RENAME TO stop")
    goes_on(lux, firm)


@pytest.mark.parametrize("key", ["company", "campaign"])
def test_a_row_that_is_none_holds_what_it_names(lux: Installation, key: str) -> None:
    """A moment that is none: shown by name, never ended unseen; pressed anew it can be ended."""
    firm = ready(lux)
    scope = {"company": scopes.of_company(firm.id), "campaign": scopes.of_campaign(firm.id, 1)}[key]
    with lux.db.begin(firm.id) as session:
        stop.press(session, scope=scope, by=None)
        stop.resume(session, scope=scope, by=None, reason="over")
    run(lux, f"UPDATE stop SET changed_at = {damaged(lux)} WHERE scope = '{scope.key}'")
    with lux.db.read(firm.id) as session:
        found = stop.active(session, firm.id)
        assert [(one.token, one.since) for one in found] == [(scope.form_token, None)]
        assert "can't be read" in found[0].reason
    touching = scopes.touching(firm.id, channel="email", subject=("campaign", 1))
    assert StopWatch(lux.db, firm.id, touching=touching).is_stopped()
    lux.work()
    assert sent(lux) == 0
    for path in ("/", "/approvals/stop"):
        answer = lux.client(firm).get(path)
        words = {"company": "Everything is stopped.", "campaign": "Stopped: The campaign"}[key]
        assert (answer.status_code, words in answer.text) == (200, True), path
    assert "Press it anew" in answer.text
    with pytest.raises(WrongState, match="can't be read"), lux.db.begin(firm.id) as session:
        stop.resume(session, scope=scope, by=firm.person, reason="unseen")
    with lux.db.begin(firm.id) as session:
        assert looking.look(session, firm.id) == [], "what holds already is not pressed"
        assert stop.press_by_system(session, scope, cause="errors", evidence="", reason="many") is None
    with lux.db.begin(firm.id) as session:
        stop.press(session, scope=scope, by=None, reason="anew")
        assert [one.reason for one in stop.active(session, firm.id)] == ["anew"]
        stop.resume(session, scope=scope, by=None, reason="seen")
    run(lux, "UPDATE stop SET changed_at = '2026-01-01 00:00:00'")  # the ramp is over
    goes_on(lux, firm)


def damaged(lux: Installation) -> str:
    """Return what no clock says: SQLite keeps any text, PostgreSQL has a moment after all others."""
    return "'yesterday'" if lux.db.dialect == "sqlite" else "'infinity'"


def test_a_file_in_place_of_the_data_folder_stops(lux: Installation) -> None:
    """Nobody can see whether STOP is there: halted, told, written down; put back, it goes on."""
    firm = ready(lux)
    aside = lux.settings.home.parent / "aside"
    lux.client(firm).get("/")  # the page's own files are read
    lux.settings.home.rename(aside)
    lux.settings.home.write_text("not a folder")
    try:
        noticing.tick(lux.db)
        is_halted(lux, firm, "The data folder can&#39;t be read")
    finally:
        lux.settings.home.unlink()
        aside.rename(lux.settings.home)
    assert StopWatch(lux.db, firm.id).is_stopped(), "until it is noticed"
    noticing.tick(lux.db)
    run(lux, "UPDATE stop SET changed_at = '2026-01-01 00:00:00'")
    goes_on(lux, firm)
