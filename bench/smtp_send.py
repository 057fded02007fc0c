"""How fast messages leave over SMTP to postfix's smtp-sink on this machine, next to its own smtp-source."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from lux.net.smtp import Security, SmtpServer, connect

BODY = b"".join(b"%06d " % number + b"x" * 66 + b"\r\n" for number in range(180))  # 13 KB
MESSAGE = b"From: a@shop.example\r\nSubject: bench\r\nMessage-ID: <1@shop.example>\r\n\r\n" + BODY
COUNT = 6000


def send(port: int, count: int) -> float:
    """Send over one connection; return CPU seconds of this thread."""
    server = SmtpServer(host="127.0.0.1", port=port, security=Security.NONE, allow_hosts=("127.0.0.1",))
    connection = connect(server)
    start = time.thread_time()
    for number in range(count):
        connection.send("a@shop.example", f"p{number}@example.org", MESSAGE, leaving=lambda: None)
    spent = time.thread_time() - start
    connection.quit()
    return spent


def threads(port: int, number: int, count: int) -> float:
    """Send over several connections in one process; return CPU seconds."""
    with ThreadPoolExecutor(number) as pool:
        return sum(pool.map(send, [port] * number, [count // number] * number))


def program(name: str) -> str:
    """Return a postfix program's path, or end with a word."""
    found = shutil.which(name, path="/usr/sbin:/usr/bin")
    if found is None:
        sys.exit(f"{name} is missing: apt-get install postfix")
    return found


def report(name: str, seconds: float, cpu: float) -> None:
    """Print one row."""
    print(f"{name:34} {COUNT / seconds:8.0f} msg/s {cpu / COUNT * 1e6:8.1f} us CPU each")


def main() -> None:
    """Start a sink and print the table."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    as_user = ["-u", "nobody"] if os.geteuid() == 0 else []
    sink = subprocess.Popen(
        [program("smtp-sink"), *as_user, "-c", f"127.0.0.1:{port}", "1024"], stdout=subprocess.DEVNULL
    )
    time.sleep(0.5)
    try:
        start = time.perf_counter()
        size = str(len(MESSAGE))
        source = [program("smtp-source"), "-d", "-s", "4", "-m", str(COUNT), "-l", size]
        subprocess.run([*source, f"127.0.0.1:{port}"], check=True)
        report("smtp-source -d, 4 sessions", time.perf_counter() - start, 0)
        for number in (1, 2, 4):
            start = time.perf_counter()
            cpu = threads(port, number, COUNT)
            report(f"ours, {number} connection(s), 1 process", time.perf_counter() - start, cpu)
        with ProcessPoolExecutor(2) as pool:
            list(pool.map(len, ["warm", "up"]))
            start = time.perf_counter()
            cpu = sum(pool.map(threads, [port] * 2, [2] * 2, [COUNT // 2] * 2))
            report("ours, 2 processes x 2 connections", time.perf_counter() - start, cpu)
    finally:
        sink.terminate()


if __name__ == "__main__":
    main()
