"""`lux company export | verify | import`: a company goes from one installation to another by hand."""

from __future__ import annotations

import re
import stat
import zipfile
from pathlib import Path

from sqlalchemy import func, select

from lux.identity import members
from lux.identity.models import Company
from lux.kit.db import ALL_COMPANIES
from tests.cli.conftest import Lux
from tests.cli.test_commands import database, with_owner


def test_a_company_goes_to_a_file_and_comes_back(prepared: Lux, home: Path, tmp_path: Path) -> None:
    """Export, verify, import beside the original; the file is for its owner's eyes."""
    slug, file = with_owner(home), tmp_path / "tide.zip"
    told = prepared("company", "export", slug, str(file))
    assert told.exit_code == 0, told.output
    assert f"“Tide” are in {file}" in told.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir() if one.name.endswith(".part")] == []

    looked = prepared("company", "verify", str(file))
    assert looked.exit_code == 0
    assert "every checksum is right" in looked.output
    assert "audit chain holds" in looked.output

    made = prepared("company", "import", str(file), "--owner", "ada@example.com", "--name", "Tide two", "--slug", "two")
    assert made.exit_code == 0, made.output
    assert "“Tide two” is here (short name two)" in made.output
    assert "Invite these people" in made.output
    assert "/reset/" not in made.output, "Ada is known here"


def test_somebody_new_gets_a_link_and_a_fresh_installation_its_operator(
    prepared: Lux, home: Path, tmp_path: Path
) -> None:
    """Where nobody is, whoever brings the company runs the installation."""
    slug, file = with_owner(home), tmp_path / "tide.zip"
    prepared("company", "export", slug, str(file))
    fresh = tmp_path / "fresh"
    assert prepared("migrate", LUX_HOME=str(fresh)).exit_code == 0
    made = prepared("company", "import", str(file), "--owner", "new@example.com", LUX_HOME=str(fresh))
    assert made.exit_code == 0, made.output
    assert re.search(r"/reset/[\w-]+", made.output)
    db = database(fresh)
    with db.read(ALL_COMPANIES) as session:
        company = session.scalars(select(Company)).one()
        assert company.slug == slug
    with db.read(company.id) as session:
        assert [one.email for one in members.listing(session)] == ["new@example.com"]
    db.close()
    assert "is an owner already" in prepared("owner-link", LUX_HOME=str(fresh)).output


def test_what_goes_wrong_is_one_sentence(prepared: Lux, home: Path, tmp_path: Path) -> None:
    """Exit code 1, the thing named, and what to do; no company is left behind."""
    slug, file = with_owner(home), tmp_path / "tide.zip"
    assert prepared("company", "export", slug, str(file)).exit_code == 0
    broken = tmp_path / "broken.zip"
    broken.write_bytes(file.read_bytes()[:-40])
    owner = ("--owner", "ada@example.com")
    tried = {
        ("export", "nobody", str(tmp_path / "x.zip")): "There is no company “nobody”",
        ("export", slug, str(file)): "There is a file",
        ("export", slug, str(tmp_path / "no" / "x.zip")): "can't be written",
        ("verify", str(tmp_path / "none.zip")): "can't be read",
        ("verify", str(broken)): "broken, cut off",
        ("import", str(broken), *owner): "broken, cut off",
        ("import", str(tmp_path / "none.zip"), *owner): "can't be read",
        ("import", str(file), *owner, "--slug", slug): "short name",
        ("import", str(file), "--owner", "nobody"): "nobody",
    }
    for words, expected in tried.items():
        told = prepared("company", *words)
        assert told.exit_code == 1, words
        assert expected in told.output, (words, told.output)
        assert "Traceback" not in told.output
    db = database(home)
    with db.read(ALL_COMPANIES) as session:
        assert session.scalar(select(func.count()).select_from(Company)) == 1
    db.close()
    assert zipfile.is_zipfile(file)
