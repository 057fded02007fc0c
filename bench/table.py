"""The figures as a table: for a terminal, and as a page of the documentation."""

from __future__ import annotations

import datetime as dt
import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

HEAD = ("operation", "figure", "goal", "")
PACKAGES = ("flask", "granian", "sqlalchemy", "python-liquid", "cryptography")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure; `is_met` is None where there is no goal."""

    group: str
    operation: str
    figure: str
    goal: str = ""
    is_met: bool | None = None

    @property
    def verdict(self) -> str:
        """Return the last column."""
        return {True: "pass", False: "MISSED", None: ""}[self.is_met]


def at_most(group: str, operation: str, value: float, limit: float, unit: str) -> Row:
    """Return a row whose figure has an upper limit."""
    return Row(
        group=group, operation=operation, figure=f"{_short(value)} {unit}", goal=f"≤ {_short(limit)} {unit}",
        is_met=value <= limit,
    )  # fmt: skip


def at_least(group: str, operation: str, value: float, limit: float, unit: str) -> Row:
    """Return a row whose figure has a lower limit."""
    return Row(
        group=group, operation=operation, figure=f"{_short(value)} {unit}", goal=f"≥ {_short(limit)} {unit}",
        is_met=value >= limit,
    )  # fmt: skip


def plain(group: str, operation: str, figure: str) -> Row:
    """Return a row without a goal."""
    return Row(group=group, operation=operation, figure=figure)


def as_text(rows: Sequence[Row]) -> str:
    """Return the table for a terminal."""
    cells = [HEAD, *((row.operation, row.figure, row.goal, row.verdict) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    lines: list[str] = []
    group = ""
    for row in rows:
        if row.group != group:
            lines += ["", row.group] if lines else [row.group]
            group = row.group
        line = (row.operation, row.figure, row.goal, row.verdict)
        lines.append("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    return "\n".join(lines)


def as_page(rows: Sequence[Row], facts: Sequence[str], notes: Sequence[str]) -> str:
    """Return the page of the documentation."""
    lines = [
        "# Benchmarks", "",
        "Written by `make bench`, which starts a real LUX with its embedded default (SQLite, one worker beside the",
        "pages, a fresh data folder), uses it over HTTP as its owner, and asks for pages all the while.", "",
        *(f"- {fact}" for fact in facts),
    ]  # fmt: skip
    group = ""
    for row in rows:
        if row.group != group:
            lines += ["", f"## {row.group}", "", "| operation | figure | goal | |", "|---|---|---|---|"]
            group = row.group
        verdict = f"**{row.verdict}**" if row.is_met is False else row.verdict
        lines.append(f"| {row.operation} | {row.figure} | {row.goal} | {verdict} |")
    return "\n".join([*lines, "", "## How to read it", "", *(f"- {note}" for note in notes), ""])


def machine() -> list[str]:
    """Return what the figures were measured on, and when."""
    model = next((line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if "model name" in line), "")
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    load = os.getloadavg()[0]
    return [
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}",
        f"{os.cpu_count()} cores ({model or platform.machine()}), {memory / 1024**2:.0f} GiB, {platform.system()}"
        f" {platform.release().partition('-')[0]}; load when it began: {load:.1f}",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        + ", ".join(f"{name} {version(name)}" for name in PACKAGES),
    ]


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _short(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}".rstrip("0").rstrip(".")
