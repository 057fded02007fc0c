"""`.ci/run` runs every group to its end, tells each one's time, and fails when one failed or all took too long."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path: Path):
    """Return a function that runs the script with other groups in the place of its own."""

    def go(groups: str) -> tuple[int, str]:
        frame, cut, _own = (ROOT / ".ci" / "run").read_text().partition("\ngroup packages packages\n")
        assert cut
        script = tmp_path / ".ci" / "run"
        script.parent.mkdir()
        script.write_text(f"{frame}\n{groups}\n")
        done = subprocess.run(["bash", script], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    return go


def test_all_that_passes_is_said_with_its_time(run):
    code, said = run("group one true; group two true")
    assert code == 0
    assert "0 s  one" in said
    assert said.endswith("=== all passed\n")


def test_a_group_that_failed_fails_the_whole_after_the_others_ran(run):
    code, said = run("group one false || true; group two echo ran")
    assert code == 1
    assert "0 s  one  FAILED" in said
    assert "\nran\n" in said
    assert said.endswith("=== FAILED: one\n")


def test_what_the_others_need_ends_it_at_once(run):
    code, said = run("group one false; group two echo ran")
    assert code == 1
    assert "\nran\n" not in said


@pytest.mark.parametrize(("seconds", "code"), [(1490, 0), (1500, 1)])
def test_twenty_five_minutes_are_too_long(run, seconds: int, code: int):
    ended, said = run(f"SECONDS={seconds}; group one true")
    assert ended == code
    assert ("it must stay below 1500 s" in said) is bool(code)


def test_it_proves_the_readmes_first_command_from_a_clean_clone():
    assert "\ngroup clone python3 tests/tooling/clean_clone.py || true\n" in (ROOT / ".ci" / "run").read_text()
