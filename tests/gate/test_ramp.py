"""After a stop a run comes back at a tenth of its pace: seen where the messages arrive."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lux.gate import stop
from tests.emulators.smtp import SmtpServer
from tests.factories import Firm, Installation, installation
from tests.gate.conftest import Told
from tests.gate.test_halts import on_its_way, until, working
from tests.gate.test_smtp import hurry

PACE = 50  # messages per second
LOOKED_AT = 1.6  # seconds: eight messages at a tenth of the pace, eighty at all of it


@pytest.fixture
def lux_sqlite(migrated_sqlite_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Return an installation that may reach mail servers on this machine, with the ramp of ten minutes."""
    made = installation(migrated_sqlite_url, tmp_path / "home", is_migrated=True, allow_hosts=("127.0.0.1",))
    assert made.settings.resume_ramp_minutes == 10
    yield made
    made.db.close()


def press(lux: Installation, firm: Firm) -> None:
    """Stop the company."""
    with lux.db.begin(firm.id) as session:
        stop.press(session, company_id=firm.id, by=firm.person)


@pytest.mark.parametrize("pace", [str(PACE), ""], ids=["set", "measured"])
def test_a_run_comes_back_at_a_tenth_of_its_pace(
    lux_sqlite: Installation, told_sqlite: Told, smtp_server: SmtpServer, pace: str
) -> None:
    """Pressed in its middle and resumed: with a set pace, and with what the server's slowness made of none."""
    lux, received = lux_sqlite, smtp_server.messages
    if not pace:
        smtp_server.script.delays = {".": 1 / PACE}
    firm, _outbound_id = on_its_way(lux, smtp_server, count=200, pace=pace)
    with working(lux):
        until(lambda: received)
        began = time.monotonic()
        until(lambda: len(received) >= 25)
        before = (len(received) - 1) / (time.monotonic() - began)
        press(lux, firm)
    at_rest = len(received)
    assert at_rest < 150
    with lux.db.begin(firm.id) as session:
        stop.resume(session, company_id=firm.id, by=firm.person, reason="looked")
    hurry(lux)
    with working(lux):
        until(lambda: len(received) > at_rest)
        first = len(received)
        time.sleep(LOOKED_AT)
        after = (len(received) - first) / LOOKED_AT
        press(lux, firm)
    assert 0 < after < before / 5, f"{before:.1f} a second before the stop, {after:.1f} after it"
