"""Run every check that needs no test: `make check`. Names of checks as arguments choose some.

They run side by side; what passes is one line, what fails prints what it found.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PACKAGES = ROOT / "frontend" / "node_modules"
BIOME = {"x86_64": "cli-linux-x64", "aarch64": "cli-linux-arm64"}


@dataclass(frozen=True, kw_only=True)
class Check:
    """One tool and how it is started."""

    name: str
    command: tuple[str, ...]
    folder: Path = ROOT
    needs: Path | None = None  # without this path the check has nothing to do here


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a check said, and how long it took in seconds."""

    check: Check
    passed: bool
    output: str
    seconds: float


def _tool(name: str, *arguments: str) -> tuple[str, ...]:
    return (str(BIN / name), *arguments)


def checks() -> list[Check]:
    """Return all checks, the slow ones first."""
    biome = PACKAGES / "@biomejs" / BIOME.get(platform.machine(), "none") / "biome"
    return [
        Check(name="types", command=_tool("mypy", "--no-error-summary")),
        Check(name="templates", command=_tool("djlint", "src/lux", "--extension=html", "--quiet", "--lint")),
        Check(name="imports", command=_tool("lint-imports", "--no-logo")),
        Check(name="dependencies", command=_tool("deptry", "--no-ansi", "src", "tests")),
        Check(name="lint", command=_tool("ruff", "check", "--quiet", ".")),
        Check(name="format", command=_tool("ruff", "format", "--check", "--quiet", ".")),
        Check(name="locks", command=_tool("python", "tools/lock.py", "--check")),
        Check(
            name="front-end",
            command=(str(biome), "ci", "--colors=off", "."),
            folder=ROOT / "frontend",
            needs=biome,
        ),
    ]


def run(check: Check) -> Outcome:
    """Run one check; a tool that is missing for this machine is a failure only under CI."""
    began = time.monotonic()
    if check.needs is not None and not check.needs.exists():
        is_ci = bool(os.environ.get("CI"))
        return Outcome(check=check, passed=not is_ci, output=f"skipped: no {check.needs.name} here", seconds=0)
    done = subprocess.run(
        check.command,
        cwd=check.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Outcome(
        check=check,
        passed=done.returncode == 0,
        output=done.stdout.strip(),
        seconds=time.monotonic() - began,
    )


def main(names: list[str]) -> int:
    """Run the chosen checks, print what they found, and return the exit code."""
    known = {check.name: check for check in checks()}
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"lux: no check is named {unknown[0]}; there are: {', '.join(known)}")
        return 2
    chosen = [known[name] for name in names] or list(known.values())
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        outcomes = list(pool.map(run, chosen))
    for outcome in outcomes:
        if not outcome.passed:
            print(f"\n── {outcome.check.name} " + "─" * 60 + f"\n{outcome.output}")
    print()
    for outcome in outcomes:
        note = f"  ({outcome.output})" if outcome.output.startswith("skipped:") else ""
        word = "ok    " if outcome.passed else "FAILED"
        print(f"  {word} {outcome.check.name:16} {outcome.seconds:5.1f} s{note}")
    return 0 if all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
