"""The measurements measure what they say; at small size the whole bench runs and comes out right."""

from __future__ import annotations

import csv
import http.server
import os
import subprocess
import sys
import threading
import time

import pytest

from bench import limits, people, table
from bench.memory import tree
from bench.prober import Prober, Request
from bench.sink import is_there


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_file_is_the_same_for_the_same_seed_and_has_as_many_readers_as_asked_for(tmp_path):
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    assert people.write(first, 1000, 200) == people.write(second, 1000, 200) == 1005
    assert first.read_bytes() == second.read_bytes()
    good = [row for row in rows_of(first) if "@" in row["E-mail"]]
    readers = [row for row in good if people.READER in row["Tags"].split(", ")]
    assert (len(good), len(readers), len({row["E-mail"] for row in good})) == (1000, 200, 1000)
    assert {row["Newsletter"] for row in readers} == {"yes"}
    assert people.write(second, 1000, 200, seed=8) == 1005
    assert first.read_bytes() != second.read_bytes()


class Slow(http.server.BaseHTTPRequestHandler):
    """Answers /fast at once, /slow after 0.2 s, anything else with 500."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/slow":
            time.sleep(0.2)
        self.send_response(200 if self.path in ("/fast", "/slow") else 500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments):
        pass


def test_the_prober_tells_slow_pages_from_fast_ones_and_counts_failures():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        wanted = [Request(page=path, path=path) for path in ("/fast", "/slow", "/broken")]
        with Prober(f"http://127.0.0.1:{server.server_port}", "a=b", wanted, beat=0.02) as prober:
            time.sleep(1)
        server.shutdown()
    fast, slow, broken = prober.latencies()
    assert fast.count > slow.count >= 3
    assert slow.p50 >= 200 > fast.p50
    assert (fast.failures, slow.failures) == (0, 0)
    assert broken.failures == broken.count > 0
    assert prober.failures()[0] == "/broken: status 500"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells what a process takes")
def test_the_memory_of_children_is_counted():
    script = (
        "import subprocess, sys, time; x = bytearray(80_000_000); subprocess.run([sys.executable, '-c', sys.argv[1]])"
    )
    child = "import time; y = bytearray(80_000_000); print('ready', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script, child], stdout=subprocess.PIPE) as parent:
        parent.stdout.readline()
        found = tree(parent.pid)
        for pid in sorted(pids_below(parent.pid), reverse=True):
            os.kill(pid, 9)
    assert found.processes == 2
    assert 160 < found.pss < 260


def pids_below(pid):
    from bench.memory import _descendants

    return _descendants(pid)


def test_the_limit_of_inserts_is_that_of_the_rows_in_the_file(tmp_path):
    file = tmp_path / "people.csv"
    people.write(file, 2000, 10)
    assert limits.insert_rows_per_second(file) > 1000


def test_a_table_names_what_was_missed():
    rows = [
        table.at_most("Pages", "dashboard", 412.3, 300, "ms"),
        table.at_least("Mail", "sending", 7, 5, "×"),
        table.plain("Mail", "report page", "12 ms"),
    ]
    assert [row.verdict for row in rows] == ["MISSED", "pass", ""]
    page = table.as_page(rows, ["2 cores"], ["a note"])
    assert "| dashboard | 412 ms | ≤ 300 ms | **MISSED** |" in page
    assert "## Mail" in page
    assert "MISSED" in table.as_text(rows)


@pytest.mark.slow  # it installs an environment of its own
@pytest.mark.server
def test_the_whole_bench_runs_at_small_size_and_comes_out_right():
    command = [sys.executable, "-m", "bench", "--size", "small"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "wrong" not in done.stderr
    for words in (
        "Import of 1,005 rows",
        "tag a contact (a write)",
        "built-in mailbox",
        "memory at its peak",
        "one sequential",
    ):
        assert words in done.stdout
    assert ("smtp-source" in done.stdout) is is_there()
