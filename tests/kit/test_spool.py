"""What a spool has taken is there, whoever died; what it can't take is counted, told, and no fault of who writes."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lux.kit import clock
from lux.kit.spool import Spool, content, segments, waiting

if TYPE_CHECKING:
    from pathlib import Path


def lines(folder: Path) -> list[bytes]:
    """Return what can be loaded now, and take it away."""
    found: list[bytes] = []
    for segment in segments(folder):
        found += segment.read().lines
        segment.remove()
    return found


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the clock's seconds, to be moved by hand."""
    at = [100.0]
    monkeypatch.setattr(clock, "monotonic", lambda: at[0])
    return at


def test_a_segment_can_be_loaded_once_it_is_closed_and_only_its_owner_may_read_it(tmp_path, time):
    spool = Spool(tmp_path / "spool")
    assert all(spool.append(b"%d\n" % number) for number in range(3))
    assert lines(spool.folder) == []  # it is being written to
    spool.turn()
    assert lines(spool.folder) == []  # and still within its second
    (file,) = spool.folder.iterdir()
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(spool.folder.stat().st_mode)) == (0o600, 0o700)
    time[0] += 1.1
    spool.turn()
    assert lines(spool.folder) == [b"0", b"1", b"2"]
    assert list(spool.folder.iterdir()) == []


def test_a_segment_ends_by_size_and_two_loaders_never_hold_the_same(tmp_path, time):
    spool = Spool(tmp_path / "spool", segment_bytes=20)
    for number in range(10):
        spool.append(b"line %d..\n" % number)
    spool.close()
    assert waiting(spool.folder)[0] == 4
    first, second = segments(spool.folder), segments(spool.folder)
    assert next(first).name != next(second).name
    first.close()
    second.close()
    assert lines(spool.folder) == [b"line %d.." % number for number in range(10)]


def test_who_is_patient_leaves_fresh_segments_to_others(tmp_path):
    spool = Spool(tmp_path / "spool")
    spool.append(b"1\n")
    spool.close()
    assert list(segments(spool.folder, patience=10)) == []
    (file,) = spool.folder.iterdir()
    os.utime(file, (file.stat().st_mtime - 11,) * 2)
    assert [one.read().lines for one in segments(spool.folder, patience=10)] == [(b"1",)]


def test_a_line_that_was_not_written_to_its_end_is_kept_out_and_counted():
    found = content(b"one\ntwo\nthr")
    assert (found.lines, found.torn, found.dropped) == ((b"one", b"two"), 1, None)
    assert (content(b"").lines, content(b"").torn) == ((), 0)
    told = content(b"!dropped 12 1700000000000000 28\none\n")
    assert (told.lines, told.torn, told.dropped.count, told.dropped.errno) == ((b"one",), 0, 12, errno.ENOSPC)
    assert content(b"!dropped many 1 1\n").dropped is None


def test_where_nothing_can_be_written_lines_are_dropped_counted_and_told_later(tmp_path, time):
    (tmp_path / "spool").write_text("in the way")
    spool = Spool(tmp_path / "spool")
    assert [spool.append(b"%d\n" % number) for number in range(5)] == [False] * 5
    assert (spool.dropped, spool.trouble) == (5, os.strerror(errno.EEXIST))
    (tmp_path / "spool").unlink()
    assert not spool.append(b"5\n")  # not looked at again within the second
    time[0] += 1.1
    spool.turn()  # told without waiting for the next reader
    assert (spool.dropped, spool.trouble) == (0, "")
    assert spool.append(b"6\n")
    spool.close()
    (found,) = [segment.read() for segment in segments(spool.folder)]
    assert (found.lines, found.dropped.count) == ((b"6",), 6)


FULL = """
import resource, sys
from pathlib import Path
from lux.kit.spool import Spool, segments
folder, limit = Path(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
spool = Spool(folder)
taken = sum(spool.append(b"%06d\\n" % number) for number in range(1000))
print(taken, spool.dropped)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
spool._shut_until = 0
spool.turn()
spool.close()
contents = [one.read() for one in segments(folder)]
print(sum(len(one.lines) for one in contents), sum(one.torn for one in contents))
print(sum(one.dropped.count for one in contents if one.dropped))
"""


@pytest.mark.parametrize("limit", [1000, 5])
def test_a_full_disk_is_no_fault_of_who_writes(tmp_path, limit):
    """A file that may not grow is followed by another; where not even a line fits, all are counted."""
    command = [sys.executable, "-c", FULL, str(tmp_path / "spool"), str(limit)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    taken, dropped, read, torn, later = (int(word) for word in told)
    assert taken + dropped == 1000
    assert (read, torn, later) == (taken, 0, dropped)
    assert dropped == (0 if limit == 1000 else 1000)


WRITE = """
import os, sys, threading
from pathlib import Path
from lux.kit.spool import Spool
spool = Spool(Path(sys.argv[1]), segment_bytes=2000)
def write(who):
    number = 0
    while True:
        line = b"%d-%d\\n" % (who, number)
        assert spool.append(line)
        os.write(1, line)
        number += 1
for who in range(4):
    threading.Thread(target=write, args=(who,), daemon=True).start()
threading.Event().wait()
"""


def test_what_a_killed_process_has_written_is_there(tmp_path):
    with subprocess.Popen([sys.executable, "-c", WRITE, str(tmp_path / "spool")], stdout=subprocess.PIPE) as writer:
        said = b"".join(writer.stdout.readline() for _line in range(2000))
        writer.send_signal(signal.SIGKILL)
        said += writer.stdout.read()
    told = said.split(b"\n")[:-1]  # every line it has told of was written before
    found = lines(tmp_path / "spool")
    assert set(told) <= set(found)
    assert len(found) == len(set(found)) <= len(told) + 4  # one per thread was written and not told yet
