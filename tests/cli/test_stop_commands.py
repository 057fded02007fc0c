"""The commands of somebody who can't reach the pages, as they are typed: stops of every width, a copy of the log."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from sqlalchemy import select

from lux.gate import stop as stops
from lux.gate.stop.watching import StopWatch
from lux.identity.models import Company, User
from lux.kit.db import ALL_COMPANIES, Database
from lux.ledger.models import ApprovalAuditLog
from lux.rooms.email.models import Campaign
from tests.cli.conftest import Lux
from tests.cli.test_commands import database, with_owner


def made(home: Path) -> tuple[Database, str, int, Campaign]:
    """Make an owner, a company and a campaign; returns the open database, the company and the campaign."""
    slug, db = with_owner(home), database(home)
    with db.read(ALL_COMPANIES) as session:
        company_id = session.scalars(select(Company.id).where(Company.slug == slug)).one()
        owner_id = session.scalars(select(User.id)).one()
    with db.begin(company_id) as session:
        campaign = Campaign(name="Autumn", subject="Autumn", created_by=owner_id)
        session.add(campaign)
        session.flush()
        session.expunge(campaign)
    return db, slug, company_id, campaign


def test_everything_one_channel_and_one_campaign_are_stopped_and_resumed(prepared: Lux, home: Path) -> None:
    """`--all` holds system mails too, `--campaign` that campaign alone; each stands in its chain as an operator's."""
    db, slug, company_id, campaign = made(home)
    everything = stops.scopes.touching(company_id, channel="email", subject=("campaign", campaign.id))
    other = stops.scopes.touching(company_id, channel="email", subject=("campaign", campaign.id + 1))

    def held() -> tuple[bool, bool, bool]:
        """Return whether this campaign, another one, and system mails are held."""
        return (
            StopWatch(db, company_id, touching=everything).is_stopped(),
            StopWatch(db, company_id, touching=other).is_stopped(),
            StopWatch(db, company_id, touching=other, is_system=True).is_stopped(),
        )

    ways = {
        ("--all",): (True, True, True),
        (): (True, True, False),
        ("--company", slug): (True, True, False),
        ("--company", slug, "--channel", "email"): (True, True, False),
        ("--channel", "email"): (True, True, False),
        ("--channel", "webhook"): (False, False, False),
        ("--campaign", str(campaign.public_id)): (True, False, False),
        ("--company", slug, "--campaign", str(campaign.public_id)): (True, False, False),
    }
    for words, expected in ways.items():
        done = prepared("stop", *words, "--reason", "by hand")
        assert (done.exit_code, "Nothing new leaves within 2 seconds." in done.stdout) == (0, True), done.output
        assert held() == expected, words
        part = [one for one in words if one != "--all"]
        assert prepared("resume", *part, "--reason", "looked").exit_code == 0
        assert held() == (False, False, False), words
    with db.read(ALL_COMPANIES) as session:
        rows = session.scalars(select(ApprovalAuditLog).where(ApprovalAuditLog.object_type == "stop")).all()
        assert {row.actor_type for row in rows} == {"operator"}
        assert [row.action for row in rows].count("stop.pressed") == len(ways)
    db.close()
    wrong = prepared("stop", "--campaign", str(campaign.public_id)[:-1])
    assert (wrong.exit_code, "There is no campaign" in wrong.stderr) == (1, True)


def test_the_log_is_exported_for_somebody_outside(prepared: Lux, home: Path, tmp_path: Path) -> None:
    """A folder, or a zip; of one company or all; from a day on; verified by a Python that knows no LUX."""
    slug = with_owner(home)
    prepared("stop", "--company", slug, "--reason", "x")
    out = tmp_path / "copy"
    done = prepared("audit", "export", "--company", slug, str(out))
    assert (done.exit_code, "To verify: python3 -I verify.py" in done.stdout) == (0, True), done.output
    rows = [json.loads(line) for line in next((out / "chains").iterdir()).read_text().splitlines()]
    assert "stop.pressed" in {row["action"] for row in rows}
    alone = subprocess.run(
        [sys.executable, "-I", str(out / "verify.py")], capture_output=True, text=True, check=False, cwd=out
    )
    assert (alone.returncode, f"{len(rows)} rows hold" in alone.stdout) == (0, True), alone.stdout
    again = prepared("audit", "export", "--company", slug, str(out))
    assert (again.exit_code, "already" in again.stderr) == (1, True)
    zipped = prepared("audit", "export", "--since", "2020-01-01", str(tmp_path / "copy.zip"))
    assert (zipped.exit_code, (tmp_path / "copy.zip").stat().st_size > 1000) == (0, True)
    assert prepared("audit", "export", "--since", "yesterday", str(tmp_path / "x")).exit_code == 2
    missed = prepared("audit", "export", "--company", "nobody", str(tmp_path / "y"))
    assert (missed.exit_code, (tmp_path / "y").exists()) == (1, False)
