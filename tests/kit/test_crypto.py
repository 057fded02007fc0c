"""Key files are whole or not there at all, whatever ends the process that writes them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lux.kit import crypto

DIE_WHILE_WRITING = """
import os, sys, pathlib
from lux.kit import crypto
os.fsync = lambda descriptor: os._exit(9)
crypto.{act}
"""


def die(act: str, path: Path) -> None:
    """Run an act in a process that ends before what it wrote is on the disk."""
    code = DIE_WHILE_WRITING.format(act=act.format(path=f"pathlib.Path({str(path)!r})"))
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "master.key"


def test_a_key_is_made_once_for_its_owner_alone(path: Path):
    assert crypto.make_key_file(path, "k1:") is True
    written = path.read_text()
    assert crypto.make_key_file(path, "k1:") is False
    assert path.read_text() == written
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert list(path.parent.iterdir()) == [path], "nothing half-made is left"


def test_a_crash_while_a_key_is_made_leaves_no_empty_file(path: Path):
    die("make_key_file({path}, 'k1:')", path)
    assert not path.exists()
    assert crypto.make_key_file(path, "k1:") is True
    assert path.read_text().startswith("k1:")


def test_a_crash_while_keys_are_replaced_leaves_the_earlier_ones(path: Path):
    crypto.make_key_file(path, "k1:")
    before = path.read_text()
    die("replace_key_file({path}, 'k2:…')", path)
    assert path.read_text() == before


def test_of_many_who_make_a_key_at_once_one_does(path: Path):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _number: crypto.make_key_file(path, "k1:"), range(8)))
    assert made.count(True) == 1
    assert list(path.parent.iterdir()) == [path], "nothing half-made is left"


@pytest.mark.parametrize(
    "act", [lambda path: crypto.make_key_file(path, "k1:"), lambda path: crypto.replace_key_file(path, "k2:x")]
)
def test_content_is_on_the_disk_before_the_name_and_the_name_before_anything_goes_on(
    path: Path, monkeypatch: pytest.MonkeyPatch, act
):
    done: list[str] = []
    real = {"fsync": os.fsync, "link": os.link, "replace": os.replace}

    def sync(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real["fsync"](descriptor)

    for name in ("link", "replace"):
        monkeypatch.setattr(os, name, lambda *places, name=name: (done.append("name"), real[name](*places)))
    monkeypatch.setattr(os, "fsync", sync)
    act(path)
    assert done == ["file", "name", "folder", "folder"]
