"""Lets LUX fail at every named point and prints what became of each message: python -m tests.faults.torture --help."""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.conftest import migrated_file
from tests.faults import stage
from tests.faults.cases import CASES, Case
from tests.faults.judge import Row
from tests.faults.stage import Stage
from tests.services import run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the drills that were asked for; returns how many broke a promise."""
    options = _options(arguments)
    run.begin()
    try:
        more = {"seed": options.seed, "patience": options.patience, "tell": print_row}
        rows = list(drills(options.points, options.messages, options.database, **more))
    finally:
        run.end()
    broken = [row for row in rows if row.violations]
    print(
        f"\n{len(rows)} drills, {sum(row.n for row in rows)} messages, rows and requests, {len(broken)} promises broken"
    )
    return len(broken)


def drills(
    wanted: Sequence[str],
    messages: int,
    database: str,
    *,
    seed: int,
    patience: float = 1.0,
    tell: Callable[[Row], None] = lambda _row: None,
) -> Iterator[Row]:
    """Run drills, as many on one stage as go on the same; yield their lines.

    `patience` multiplies the time within which work has to go on, for a machine that does other things besides.
    """
    chosen = [case for case in CASES if _is_wanted(case, wanted) and database in case.databases]
    if not chosen:
        raise SystemExit(f"no drill is called {', '.join(wanted)}; there are:\n" + "\n".join(c.name for c in CASES))
    for setting in dict.fromkeys(case.setting for case in chosen):
        with _place(database) as (url, folder, server), stage.opened(url, folder, **setting.values(folder)) as made:
            made.database = server
            made.lux.contacts(made.firm, messages)
            for case in (one for one in chosen if one.setting == setting):
                row = _run(case, made, messages, random.Random(f"{seed} {case.name}"))
                limit = None if case.recovery is None else case.recovery * patience
                row.check(
                    f"recovered after {row.recovered or 0:.1f} s", holds=not limit or (row.recovered or 0) <= limit
                )
                tell(row)
                yield row


def _run(case: Case, made: Stage, messages: int, chance: random.Random) -> Row:
    row = Row(point=case.name, n=case.size(messages), fault=case.fault)
    started = time.monotonic()
    try:
        case.run(made, row, chance)
    except Exception as error:  # noqa: BLE001 - one drill that can't be carried out does not keep the next ones from it
        row.violations.append(f"{type(error).__name__}: {error}")
    row.seconds = time.monotonic() - started
    return row


def _is_wanted(case: Case, wanted: Sequence[str]) -> bool:
    exact = {one.name for one in CASES}.intersection(wanted)
    return "all" in wanted or case.name in exact or any(case.name.startswith(one) for one in {*wanted} - exact)


@contextlib.contextmanager
def _place(database: str) -> Iterator[tuple[str, Path, object]]:
    folder = Path(tempfile.mkdtemp(prefix="torture-", dir=run.folder()))
    if database == "sqlite":
        shutil.copyfile(migrated_file(), folder / "lux.db")
        yield f"sqlite:///{folder / 'lux.db'}", folder, None
    else:
        from tests.factories import migrate
        from tests.faults.database import OwnPostgres

        with OwnPostgres.running() as server:
            migrate(server.url)
            yield server.url, folder, server
    shutil.rmtree(folder, ignore_errors=True)


HEAD = ("point", "fault", "n", "recovered", "lost", "duplicates", "unknown", "unapproved")


def print_row(row: Row) -> None:
    """Print one line of the table, and below it what it broke."""
    recovered = "–" if row.recovered is None else f"{row.recovered:.1f} s"
    cells = (row.lost, row.duplicates, row.unknown, row.unapproved)
    print(
        f"{row.point:32} {row.fault:10} {row.n:7} {recovered:>9} " + " ".join(f"{cell:10}" for cell in cells),
        flush=True,
    )
    for words in row.violations:
        print(f"    BROKEN: {words}", flush=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    reader = argparse.ArgumentParser(prog="python -m tests.faults.torture", description=__doc__)
    reader.add_argument("--messages", type=int, default=300, help="recipients of each campaign, rows of each file")
    reader.add_argument("--points", nargs="+", default=["all"], help="names of drills or their beginnings, or all")
    reader.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    reader.add_argument("--seed", type=int, default=1, help="decides the how-manieth time at each point")
    reader.add_argument("--patience", type=float, default=1.0, help="times the promised seconds, for a busy machine")
    options = reader.parse_args(arguments)
    print(f"{HEAD[0]:32} {HEAD[1]:10} {HEAD[2]:>7} {HEAD[3]:>9} " + " ".join(f"{name:>10}" for name in HEAD[4:]))
    return options


if __name__ == "__main__":
    sys.exit(min(main(), 100))
