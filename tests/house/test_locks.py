"""Lock files pin everything by hash, fit what is asked for, and name no place to get it from."""

from __future__ import annotations

import json
import re

import pytest

import lock
from tests.house import sources

PYTHON_LOCKS = ["run", "dev", "node"]
NPM_LOCK = sources.ROOT / "frontend" / "package-lock.json"


def text_of(name):
    return (sources.ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PYTHON_LOCKS)
def test_every_python_package_has_hashes_and_no_address(name):
    text = text_of(name)
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE), "options name places; a lock has none"
    packages = re.split(r"\n(?=[a-z0-9])", text)
    assert not [package.split()[0] for package in packages if "--hash=sha256:" not in package]


def test_every_npm_package_has_a_hash_and_no_address():
    assert "://" not in NPM_LOCK.read_text(encoding="utf-8")
    packages = json.loads(NPM_LOCK.read_text(encoding="utf-8"))["packages"]
    assert len(packages) > 10
    assert not [name for name, package in packages.items() if name and "integrity" not in package]


def test_what_serves_is_pinned_as_in_the_tests():
    pins = {name: set(re.findall(r"^([\w.-]+==\S+)", text_of(name), re.MULTILINE)) for name in PYTHON_LOCKS}
    assert pins["run"] <= pins["dev"]


def test_the_locks_fit_what_the_project_asks_for():
    assert list(lock.problems()) == []
