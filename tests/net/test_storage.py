"""The file store keeps files whole, below its root, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

from lux.kit import settings
from lux.net.storage import FsspecStore, store_of


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FsspecStore:
    """Return a store on a folder and on another file system of the same port."""
    if request.param == "folder":
        return FsspecStore(fsspec.filesystem("file", auto_mkdir=True), str(tmp_path / "files"))
    return FsspecStore(fsspec.filesystem("memory"), f"/{tmp_path.name}")


def write(store: FsspecStore, key: str, content: bytes) -> None:
    with store.open_write(key) as file:
        file.write(content)


def test_what_was_written_is_read(store: FsspecStore):
    write(store, "imports/a.csv", b"one\n" * 1000)
    with store.open_read("imports/a.csv") as file:
        assert file.read() == b"one\n" * 1000
    assert store.size("imports/a.csv") == 4000
    assert store.exists("imports/a.csv")


def test_writing_again_replaces_the_file(store: FsspecStore):
    write(store, "a.txt", b"first and longer")
    write(store, "a.txt", b"second")
    with store.open_read("a.txt") as file:
        assert file.read() == b"second"


def test_a_failed_write_leaves_what_was_there(store: FsspecStore):
    write(store, "a.txt", b"old")

    def fail() -> None:
        with store.open_write("a.txt") as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with store.open_read("a.txt") as file:
        assert file.read() == b"old"
    assert list(store.list("")) == ["a.txt"]


def test_keys_are_listed_in_order_below_a_prefix(store: FsspecStore):
    for key in ("b/2.txt", "a/1.txt", "b/1.txt"):
        write(store, key, b"x")
    assert list(store.list("b")) == ["b/1.txt", "b/2.txt"]
    assert list(store.list("nothing")) == []


def test_deleting_twice_is_fine(store: FsspecStore):
    write(store, "a.txt", b"x")
    store.delete("a.txt")
    store.delete("a.txt")
    assert not store.exists("a.txt")
    with pytest.raises(FileNotFoundError), store.open_read("a.txt"):
        pass


@pytest.mark.parametrize(
    "key", ["../x", "/etc/passwd", "a/../../x", "a//b", "./a", "a\\..\\b", "a\0b", "", "..", "a*", "b[1]", "c?"]
)
def test_a_key_can_not_leave_the_root(store: FsspecStore, key: str):
    with pytest.raises(ValueError, match="key"), store.open_write(key):
        pass
    with pytest.raises(ValueError, match="key"):
        store.exists(key)


def test_without_a_setting_files_live_in_the_data_folder(tmp_path: Path):
    store = store_of(settings.load(home=tmp_path, file_store=""))
    with store.open_write("exports/1.csv") as file:
        file.write(b"x")
    assert (tmp_path / "files" / "exports" / "1.csv").read_bytes() == b"x"


def test_another_file_system_is_named_by_its_address(tmp_path: Path):
    store = store_of(settings.load(home=tmp_path, file_store=f"memory://{tmp_path.name}/lux"))
    with store.open_write("a.txt") as file:
        file.write(b"x")
    assert fsspec.filesystem("memory").cat(f"/{tmp_path.name}/lux/a.txt") == b"x"
