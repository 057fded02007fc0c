"""Asks one server for many addresses over kept connections, as fast as it answers; by wrk where it is installed."""

from __future__ import annotations

import asyncio
import multiprocessing
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

CONNECTIONS: Final = 32
PROCESSES: Final = 2
_SCRIPT: Final = """
local paths, at = {}, 0
for line in io.lines("%s") do paths[#paths + 1] = line end
wrk.headers["User-Agent"] = "%s"
request = function() at = at %% #paths + 1; return wrk.format("GET", paths[at]) end
"""
AGENT: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/139.0 Safari/537.36"


def requests_per_second(url: str, paths: Sequence[str], seconds: float) -> float:
    """Return how many answers came in a second; the paths are asked for in turn."""
    return _by_wrk(url, paths, seconds) if shutil.which("wrk") else _by_hand(url, paths, seconds)


def generator() -> str:
    """Return what asks."""
    return "wrk" if shutil.which("wrk") else "bench/load.py"


def _by_wrk(url: str, paths: Sequence[str], seconds: float) -> float:
    with tempfile.TemporaryDirectory() as folder:
        listed, script = Path(folder) / "paths", Path(folder) / "ask.lua"
        listed.write_text("\n".join(paths))
        script.write_text(_SCRIPT % (listed, AGENT))
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "-s", str(script), url]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if found is None or "Non-2xx" in told:
        raise RuntimeError(f"wrk: {told}")
    return float(found[1])


def _by_hand(url: str, paths: Sequence[str], seconds: float) -> float:
    address = urlsplit(url)
    asked = [f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nUser-Agent: {AGENT}\r\n\r\n".encode() for path in paths]
    place = (str(address.hostname), int(address.port or 80))
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        parts = [(place, asked[number::PROCESSES] or asked, seconds) for number in range(PROCESSES)]
        return sum(pool.starmap(_ask, parts))


def _ask(place: tuple[str, int], asked: Sequence[bytes], seconds: float) -> float:
    return asyncio.run(_ask_all(place, asked, seconds))


async def _ask_all(place: tuple[str, int], asked: Sequence[bytes], seconds: float) -> float:
    until, each = time.perf_counter() + seconds, CONNECTIONS // PROCESSES
    counts = await asyncio.gather(*(_talk(place, asked[number::each] or asked, until) for number in range(each)))
    return sum(counts) / seconds


async def _talk(place: tuple[str, int], asked: Sequence[bytes], until: float) -> int:
    reader, writer = await asyncio.open_connection(*place)
    done = 0
    while time.perf_counter() < until:
        writer.write(asked[done % len(asked)])
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        if b" 200 " not in head[:20] or length is None:
            raise RuntimeError(head.decode("latin-1"))
        await reader.readexactly(int(length[1]))
        done += 1
    writer.close()
    return done
