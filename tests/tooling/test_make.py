"""`make` lists its targets, each of them has a recipe, and the scripts behind them parse."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

import check

ROOT = Path(__file__).resolve().parents[2]
TARGETS = [
    "run", "demo", "test", "test-core", "check", "format", "full", "torture", "bench", "assets", "watch", "lock",
    "messages", "clean",
]  # fmt: skip


def make(*arguments):
    # These tests may run under make themselves; what that hands down is not meant for this one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "--no-print-directory", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_make_alone_lists_every_target_with_what_it_does():
    lines = make().splitlines()
    named = [line.split()[1] for line in lines]
    assert named == ["help", *TARGETS]
    assert all(len(line.split()) > 3 for line in lines)


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_has_a_recipe(target):
    assert make("--dry-run", target).strip()


def test_arguments_reach_the_command():
    assert ".venv/bin/lux serve --port 5001" in make("--dry-run", "run", "ARGS=--port 5001")


@pytest.mark.parametrize("script", ["tools/python", ".ci/run"])
def test_scripts_are_executable_and_parse(script):
    path = ROOT / script
    assert os.access(path, os.X_OK)
    shell = re.match(r"#!(?:/usr/bin/env )?(\S+)", path.read_text())[1]
    subprocess.run([shell, "-n", path], check=True)


def test_a_check_that_is_not_known_is_refused(capsys):
    assert check.main(["spelling"]) == 2
    assert "no check is named spelling" in capsys.readouterr().out


def outcome(**options):
    return check.run(check.Check(name="x", command=("sh", "-c", options.pop("script", "true")), **options))


def test_a_check_passes_or_fails_by_its_exit_code_and_keeps_its_output():
    assert outcome().passed
    failed = outcome(script="echo wrong >&2; exit 3")
    assert (failed.passed, failed.output) == (False, "wrong")


@pytest.mark.parametrize("ci", [True, False])
def test_a_missing_tool_is_skipped_but_never_in_ci(monkeypatch, tmp_path, ci):
    monkeypatch.setenv("CI", "1" if ci else "")
    skipped = outcome(needs=tmp_path / "biome")
    assert skipped.passed is not ci
    assert "skipped: no biome here" in skipped.output
