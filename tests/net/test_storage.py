"""The file store keeps files whole, below its root, and nowhere else."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from lux.kit import settings
from lux.kit.errors import SettingsProblem
from lux.net.storage import FsspecStore, store_of
from lux.ports.storage import FileStore


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    """Return the address of an S3 server on this machine."""
    from tests.services.s3 import serving

    with serving() as address:
        yield address


@pytest.fixture
def s3_settings(s3_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> settings.Settings:
    """Return settings that keep files in a folder of a bucket."""
    from tests.services.s3 import BUCKET, KEYS

    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return settings.load(
        home=tmp_path / "home", file_store=f"s3://{BUCKET}/{tmp_path.name}/lux", file_store_endpoint=s3_address
    )


@pytest.fixture(params=["folder", "memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    """Return a store on a folder, in memory, and on a real S3 protocol."""
    if request.param == "s3":
        return store_of(request.getfixturevalue("s3_settings"))
    if request.param == "folder":
        return FsspecStore(fsspec.filesystem("file", auto_mkdir=True), str(tmp_path / "files"))
    return FsspecStore(fsspec.filesystem("memory"), f"/{tmp_path.name}")


def write(store: FileStore, key: str, content: bytes) -> None:
    with store.open_write(key) as file:
        file.write(content)


def test_what_a_writer_that_died_left_is_found_and_goes_but_not_what_is_being_written(store: FileStore):
    assert isinstance(store, FsspecStore)
    write(store, "media/whole.png", b"whole")
    with store._system.open(store._path("media/half.png.abc.part"), "wb") as file:  # as a crash leaves it
        file.write(b"half")
    now = dt.datetime.now(dt.UTC)
    assert store.drop_unfinished("media", now - dt.timedelta(days=1)) == 0
    assert store.drop_unfinished("media", now + dt.timedelta(minutes=1)) == 1
    assert store.drop_unfinished("media", now + dt.timedelta(minutes=1)) == 0
    assert store.drop_unfinished("nothing", now) == 0
    assert list(store.list("media")) == ["media/whole.png"]


def test_what_was_written_is_read(store: FileStore):
    write(store, "imports/a.csv", b"one\n" * 1000)
    with store.open_read("imports/a.csv") as file:
        assert file.read() == b"one\n" * 1000
    assert store.size("imports/a.csv") == 4000
    assert store.exists("imports/a.csv")


def test_writing_again_replaces_the_file(store: FileStore):
    write(store, "a.txt", b"first and longer")
    write(store, "a.txt", b"second")
    with store.open_read("a.txt") as file:
        assert file.read() == b"second"


def test_a_failed_write_leaves_what_was_there(store: FileStore):
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


def test_keys_are_listed_in_order_below_a_prefix(store: FileStore):
    for key in ("b/2.txt", "a/1.txt", "b/1.txt"):
        write(store, key, b"x")
    assert list(store.list("b")) == ["b/1.txt", "b/2.txt"]
    assert list(store.list("nothing")) == []


def test_deleting_twice_is_fine(store: FileStore):
    write(store, "a.txt", b"x")
    store.delete("a.txt")
    store.delete("a.txt")
    assert not store.exists("a.txt")
    with pytest.raises(FileNotFoundError), store.open_read("a.txt"):
        pass


@pytest.mark.parametrize(
    "key", ["../x", "/etc/passwd", "a/../../x", "a//b", "./a", "a\\..\\b", "a\0b", "", "..", "a*", "b[1]", "c?"]
)
def test_a_key_can_not_leave_the_root(store: FileStore, key: str):
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


def test_a_large_file_goes_through_in_parts(store: FileStore):
    block, blocks = bytes(range(256)) * 4096, 20  # 20 MiB: several parts of a multipart upload
    with store.open_write("imports/large.csv") as file:
        for _ in range(blocks):
            file.write(block)
    assert store.size("imports/large.csv") == blocks * len(block)
    with store.open_read("imports/large.csv") as file:
        assert all(file.read(len(block)) == block for _ in range(blocks))
        assert file.read() == b""


def test_an_upload_to_s3_holds_one_part_of_the_file_at_most(s3_settings: settings.Settings):
    with store_of(s3_settings).open_write("imports/large.csv") as file:
        for _ in range(20):
            file.write(bytes(2**20))
            assert file.buffer.getbuffer().nbytes <= 9 * 2**20


def test_what_another_process_wrote_is_seen_at_once(s3_settings: settings.Settings, s3_address: str):
    import boto3

    from tests.services.s3 import BUCKET, KEYS

    store = store_of(s3_settings)
    write(store, "a/1.txt", b"x")
    assert list(store.list("a")) == ["a/1.txt"]
    other = boto3.client("s3", endpoint_url=s3_address, region_name=KEYS["AWS_DEFAULT_REGION"])
    folder = s3_settings.file_store.removeprefix(f"s3://{BUCKET}/")
    other.put_object(Bucket=BUCKET, Key=f"{folder}/a/2.txt", Body=b"later")
    other.close()
    assert store.exists("a/2.txt")
    assert list(store.list("a")) == ["a/1.txt", "a/2.txt"]
    assert store.size("a/2.txt") == 5


def test_without_its_package_an_s3_store_is_refused_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, "s3", raising=False)  # loaded by an earlier test
    with pytest.raises(SettingsProblem, match="LUX_FILE_STORE needs a package") as told:
        store_of(settings.load(home=tmp_path, file_store="s3://bucket/lux"))
    assert "make run" in told.value.fix


@pytest.mark.parametrize("address", ["nonsense://bucket", "s3://", "s3:///folder"])
def test_an_address_that_is_no_store_is_refused_at_the_start(tmp_path: Path, address: str):
    with pytest.raises(SettingsProblem, match="LUX_FILE_STORE"):
        store_of(settings.load(home=tmp_path, file_store=address))
