"""`.replit` names a file that is there and targets that make knows."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.tooling.test_make import ROOT, TARGETS

REPLIT = tomllib.loads((ROOT / ".replit").read_text())


def test_the_entry_point_is_a_file_that_is_there():
    assert (ROOT / REPLIT["entrypoint"]).is_file()


@pytest.mark.parametrize("command", [REPLIT["run"], REPLIT["deployment"]["run"], REPLIT["deployment"]["build"]])
def test_what_it_runs_is_a_target_of_make(command):
    program, target = command
    assert program == "make"
    assert target in TARGETS


def test_its_port_is_the_default_one():
    from lux.kit.settings import Settings

    (port,) = REPLIT["ports"]
    assert port["localPort"] == Settings.model_fields["port"].default


def test_what_it_hides_is_made_by_tools():
    ignored = (ROOT / ".gitignore").read_text()
    assert all(f"/{Path(name)}/" in ignored for name in REPLIT["hidden"])
