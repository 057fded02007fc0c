"""What deploy/ starts exists: commands, settings, files; and the guide names every file."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from lux.cli import main
from lux.kit.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
SETTINGS = {f"LUX_{name.upper()}" for name in Settings.model_fields}


def assert_is_a_command(words: list[str]) -> None:
    program, name, *flags = words
    assert Path(program).name == "lux"
    known = {flag for option in main.commands[name].params for flag in option.opts}
    assert set(flags) <= known


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_command_that_exists_with_settings_that_exist(unit):
    lines = unit.read_text().splitlines()
    (start,) = (line.removeprefix("ExecStart=") for line in lines if line.startswith("ExecStart="))
    assert_is_a_command(shlex.split(start))
    assert set(re.findall(r"\bLUX_\w+", unit.read_text())) <= SETTINGS


def test_compose_starts_pages_workers_and_clocks_with_the_same_settings():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    for name in ("web", "worker", "clock"):
        assert_is_a_command(services[name]["command"])
        assert set(services[name]["environment"]) <= SETTINGS
        assert services[name]["environment"] == services["web"]["environment"]
    assert services["web"]["command"] == ["lux", "serve", "--no-jobs"]
    assert (ROOT / "deploy" / services["web"]["build"]["context"] / services["web"]["build"]["dockerfile"]).is_file()


def test_the_guide_names_every_file_and_only_settings_that_exist():
    guide = (ROOT / "docs" / "howto" / "scale-out.md").read_text()
    for unit in ("lux-web.service", "lux-worker@.service", "lux-clock.service", "compose.yaml"):
        assert f"../../deploy/{unit}" in guide
    assert set(re.findall(r"\bLUX_\w+", guide)) <= SETTINGS
