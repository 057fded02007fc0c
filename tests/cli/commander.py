"""Runs `lux` commands as processes of their own: each is a fork of one process that has loaded LUX once.

Reads a JSON line per command from standard input (words, environment, limit of a file's bytes, a line of code's name to
interrupt at) and answers with exit code, output and errors.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Callable
from typing import Any

from lux import house
from lux.cli import main as lux
from lux.rooms.safekeeping.archive import filling, restoring, trying, writing

# Where a command can be interrupted: the step is taken, and Ctrl+C comes.
STEPS: dict[str, tuple[Any, str]] = {
    "rows": (writing, "_lines"),
    "trial": (trying, "fill"),
    "filling": (filling, "insert_rows"),
    "files": (restoring, "_put_database"),
}


def interrupted(step: Callable[..., Any]) -> Callable[..., Any]:
    """Send this process what Ctrl+C sends, then go on."""

    def run(*values: Any, **named: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return step(*values, **named)

    return run


def command(words: list[str], environment: dict[str, str], most_bytes: int | None, step: str | None) -> None:
    """Run one command in this process, as `lux` does."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.update(environment)
    if most_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    if step is not None:
        module, name = STEPS[step]
        setattr(module, name, interrupted(getattr(module, name)))
    lux(words, prog_name="lux")


def answer(line: str) -> dict[str, Any]:
    """Fork, run, wait, and return how it ended."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        child = os.fork()
        if child == 0:
            os.dup2(out.fileno(), 1)
            os.dup2(errors.fileno(), 2)
            code = 255
            try:
                command(*json.loads(line))
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _pid, status = os.waitpid(child, 0)
        said = []
        for file in (out, errors):
            file.seek(0)
            said.append(file.read().decode())
    return {"code": os.waitstatus_to_exitcode(status), "out": said[0], "errors": said[1]}


def main() -> None:
    """Answer line by line."""
    house.install()
    for line in sys.stdin:
        print(json.dumps(answer(line)), flush=True)


if __name__ == "__main__":
    main()
