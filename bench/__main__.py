"""Measures import, sending, pages and memory of a real LUX: `make bench` (`SIZE=small` for a quick look)."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from bench import audit_chain, decisions, limits, load, people, runtime, table, tracking
from bench.house import FIVE, House, Imported, Sent
from bench.memory import MemoryWatch, Peak, settle
from bench.prober import Latency, Prober
from bench.sink import Catcher, Sink, is_there
from bench.table import Row
from examples.page import PageError
from examples.server import Server, free_port
from lux.kit.settings import Settings

PAGE: Final = Path(__file__).parent.parent / "docs" / "benchmarks.md"
PAGE_MS, PEAK_MB = 300.0, 300.0
PICTURE_RATIO, INSERT_RATIO = 3.0, 10.0
STOP_SECONDS, SETTLED_SECONDS = 2.0, 15.0  # what the emergency stop promises
NOTES: Final = (
    "Latency is what a person waits: the request until the last byte of the answer, over a kept connection, at a fixed"
    " beat of 150 ms over all pages. A page fails when 5 % of its answers take longer than the goal.",
    "“PSS” shares out memory that processes have in common; “RSS” counts it in each of them. The tree is looked at"
    " twice a second: the supervisor, the pages' process and the worker, all together.",
    "LUX runs in an environment of its own with the packages that `make run` installs, and no others.",
    "Limits of the machine are measured in the same run: a bare SQLite table without any index, one sequential read,"
    " Liquid alone, postfix's own smtp-source. LUX writes more than the bare table (contact, search words, tags,"
    " consent with its proof, facts, the line it came from), which is why rows are compared with rows.",
    "Everything shares the machine's cores: server, worker, prober, mail sink. A single run; figures move by a tenth.",
)
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is measured."""

    contacts: int
    readers: int
    rest: float  # seconds of the phase in which nothing else happens
    patience: float  # seconds until something counts as hung


SIZES: Final = {
    "full": Size(contacts=100_000, readers=20_000, rest=15, patience=1800),
    "small": Size(contacts=1_000, readers=200, rest=2, patience=180),
}


@dataclass
class Bench:
    """One run."""

    size: Size
    server: Server
    home: Path
    rows: list[Row] = field(default_factory=list)
    peak: Peak | None = None
    problems: list[str] = field(default_factory=list)

    def run(self, *, with_smtp: bool) -> None:
        """Take every measurement in turn."""
        house = House(self.server)
        file = self.home / "contacts.csv"
        rows = people.write(file, self.size.contacts, self.size.readers)
        campaign = house.write_campaign("Before there is anybody")
        settle(self._pid)
        self._phase("At rest, nobody there", house, campaign, lambda: time.sleep(self.size.rest))
        self._import(house, file, rows, campaign)
        self._expect(house.choose_readers(), self.size.readers, "contacts in the segment")
        self._sending(house, "built-in mailbox", "Captured")
        self._phase("At rest, everybody there", house, campaign, lambda: time.sleep(self.size.rest))
        if with_smtp:
            port = free_port()
            with Catcher(port) as catcher:
                house.use_mail_server(port, catcher.code)
            with Sink(port) as sink:
                rate = self._sending(house, "SMTP", "Sent")
                self._compare_smtp(sink, rate)
        self._stop(house)
        self._segment(house)
        self._build()
        self._chain()
        self._pictures()

    def _pictures(self) -> None:
        name = f"Pictures of mails, asked for by {load.generator()}"
        pace = tracking.measure(self.server, self.home, seconds=min(self.size.rest, tracking.SECONDS))
        self._add(name, "fast path and spool", f"{pace.fast:,.0f}/s; {pace.behind:.1f} s until the last is counted")
        for against, rate, least in (
            ("a Flask route without storage", pace.flask, PICTURE_RATIO),
            ("an insert for each request", pace.insert, INSERT_RATIO),
        ):
            self.rows.append(table.at_least(name, f"against {against} ({rate:,.0f}/s)", pace.fast / rate, least, "×"))

    def _import(self, house: House, file: Path, rows: int, campaign: str) -> None:
        before = limits.rows_in(self.home / "lux.db")
        name = f"Import of {rows:,} rows"
        done: Imported = self._phase(name, house, campaign, lambda: house.bring_in(file, patience=self.size.patience))
        self._expect(done.created, self.size.contacts, "contacts created")
        self._expect(done.refused, rows - self.size.contacts, "rows refused")
        written = limits.rows_in(self.home / "lux.db") - before
        bare = limits.insert_rows_per_second(file)
        rate = written / done.seconds
        self._add(name, "upload and first look", f"{done.upload_seconds:.1f} s")
        self._add(name, "from start to the last row", f"{done.seconds:.1f} s ({rows / done.seconds:,.0f} rows/s)")
        self._add(name, "rows written to all tables", f"{written:,} ({rate:,.0f}/s)")
        self._add(name, "limit: rows/s of a bare table", f"{bare:,.0f}/s ({bare / rate:.1f} × ours)")

    def _sending(self, house: House, way: str, word: str) -> float:
        name = f"Campaign to {self.size.readers:,} recipients, {way}"
        campaign = house.write_campaign(name)
        done: Sent = self._phase(name, house, campaign, lambda: house.send(campaign, patience=self.size.patience))
        self._expect(done.outcomes.get(word, 0), self.size.readers, f"recipients {word.lower()}")
        rate = self.size.readers / done.seconds
        self._add(name, "from the yes to the last outcome", f"{done.seconds:.1f} s ({rate:,.0f} messages/s)")
        began = time.perf_counter()
        house.browser.open(f"{campaign}/report")
        self._add(name, "report page", f"{(time.perf_counter() - began) * 1000:.0f} ms")
        return rate

    def _compare_smtp(self, sink: Sink, rate: float) -> None:
        size = limits.message_bytes()
        limit = sink.limit(min(self.size.readers, 6000), size)
        name = f"Campaign to {self.size.readers:,} recipients, SMTP"
        self._add(
            name,
            f"limit: smtp-source, {size / 1000:.0f} kB",
            f"{limit:,.0f} messages/s ({rate / limit:.2f} of it reached)",
        )

    def _stop(self, house: House) -> None:
        name = "Emergency stop, rehearsed"
        done = house.rehearse_stop(patience=self.size.patience)
        self.rows.append(table.at_most(name, "from the press to the last message", done.last, STOP_SECONDS, "s"))
        self.rows.append(table.at_most(name, "until nothing is under way", done.settled, SETTLED_SECONDS, "s"))
        self._add(name, "the last message, as a share of the bound", f"{done.last / STOP_SECONDS:.2f} ×")

    def _segment(self, house: House) -> None:
        name = f"Segment of five conditions, {self.size.contacts:,} contacts"
        place = house.ask_five_things()
        seconds, people_in = limits.segment_count_seconds(
            Settings(home=self.home, database_url=f"sqlite:///{self.home / 'lux.db'}"), FIVE
        )
        limit = limits.sequential_count_seconds(self.home / "lux.db")
        page = limits.best_seconds(lambda: house.browser.open(place))
        self._add(name, "size with its split", f"{seconds * 1000:.1f} ms ({people_in:,} contacts)")
        self._add(name, "limit: one sequential read", f"{limit * 1000:.1f} ms ({seconds / limit:.1f} ×)")
        self._add(name, "its whole page", f"{page * 1000:.0f} ms")

    def _build(self) -> None:
        name = "One message"
        build, render = limits.build_microseconds()
        self._add(name, f"built: {limits.message_bytes() / 1000:.0f} kB, 42 counted links", f"{build:.0f} µs CPU")
        share = table.at_most(name, "as a share of Liquid alone", build / render, 0.3, "×")
        self.rows.append(share)

    def _chain(self) -> None:
        name = "Audit chain, a commit for each row"
        pace = audit_chain.measure()
        self._add(name, "rows appended", f"{pace.chained:,.0f}/s")
        self._add(name, "limit: bare inserts", f"{pace.bare:,.0f}/s ({pace.bare / pace.chained:.1f} × ours)")
        self._add(name, "rows verified", f"{pace.verified:,.0f}/s")
        name = f"Approvals over mails to {decisions.PEOPLE:,} contacts, a commit for each item"
        taken = decisions.measure()
        self._add(name, "items submitted, looked at and queued", f"{taken.submitted:,.0f}/s")
        self._add(name, "decisions", f"{taken.decided:,.0f}/s")
        share = f"{pace.bare / taken.decided:.1f} × ours"
        self._add(name, "limit: bare inserts with a commit", f"{pace.bare:,.0f}/s ({share})")

    def _phase(self, name: str, house: House, campaign: str, action: Callable[[], Result]) -> Result:
        print(f"… {name}", flush=True)
        settle(self._pid)
        prober = Prober(self.server.url, house.browser.cookies(), house.probes(campaign))
        with MemoryWatch(self._pid) as memory, prober:
            done = action()
        for one in prober.latencies():
            self.rows.append(_latency_row(name, one))
        self.problems += [f"{name}: {problem}" for problem in prober.failures()]
        if memory.peak is not None:
            self._add_peak(name, memory.peak)
        return done

    def _add_peak(self, name: str, peak: Peak) -> None:
        words = f"memory at its peak ({peak.processes} processes; RSS {peak.rss:.0f} MB)"
        self.rows.append(table.at_most(name, words, peak.pss, PEAK_MB, "MB PSS"))

    def _add(self, group: str, operation: str, figure: str) -> None:
        self.rows.append(table.plain(group, operation, figure))

    def _expect(self, found: int, wanted: int, what: str) -> None:
        if found != wanted:
            self.problems.append(f"{what}: {found:,} instead of {wanted:,}")

    @property
    def _pid(self) -> int:
        if self.server.process is None:
            raise PageError("the server is not running")
        return self.server.process.pid


def _latency_row(group: str, one: Latency) -> Row:
    figure = f"p50 {one.p50:.0f}, p95 {one.p95:.0f}, worst {one.worst:.0f} ms ({one.count}×)"
    return Row(
        group=group, operation=one.page, figure=figure, goal=f"p95 ≤ {PAGE_MS:.0f} ms", is_met=one.p95 <= PAGE_MS
    )


def main() -> int:
    """Run it; the exit code is 1 when something came out wrong, or a goal was missed at full size."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that it ends its server as well
    size = SIZES[options.size]
    facts = [*table.machine(), f"{size.contacts:,} contacts, {size.readers:,} recipients"]
    with_smtp = is_there() and not options.no_smtp
    with ExitStack() as stack:
        home = options.home or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lux-bench-")))
        port = free_port()
        environment = {
            "LUX_HOME": str(home), "LUX_PORT": str(port), "LUX_DATABASE_URL": "", "DATABASE_URL": "",
            "LUX_PUBLIC_URL": "", "LUX_ALLOW_HOSTS": '["127.0.0.1"]', "LUX_LOG_LEVEL": "warning",
        }  # fmt: skip
        url, log = f"http://127.0.0.1:{port}", home / "server.log"
        server = Server(url, environment=environment, log=log, python=runtime.python())
        bench = Bench(size=size, server=server, home=home)
        try:
            server.start()
            stack.callback(server.stop)
            bench.run(with_smtp=with_smtp)
        except PageError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    return _tell(bench, facts, options)


def _tell(bench: Bench, facts: list[str], options: argparse.Namespace) -> int:
    rows = _grouped(bench.rows)
    print("\n".join(["", *facts, "", table.as_text(rows)]))
    if not is_there():
        print("\nNot measured: SMTP (smtp-sink is missing: apt-get install postfix).")
    for problem in bench.problems[:20]:
        print(f"bench: wrong: {problem}", file=sys.stderr)
    missed = [row for row in rows if row.is_met is False]
    if options.size == "full":
        for row in missed:
            print(f"bench: missed: {row.group}: {row.operation}: {row.figure}, goal {row.goal}", file=sys.stderr)
    if options.write and not bench.problems:
        PAGE.write_text(table.as_page(rows, facts, NOTES), encoding="utf-8")
        print(f"\nWritten to {PAGE.relative_to(PAGE.parent.parent)}.")
    return 1 if bench.problems or (missed and options.size == "full") else 0


def _grouped(rows: list[Row]) -> list[Row]:
    order = list(dict.fromkeys(row.group for row in rows))
    return sorted(rows, key=lambda row: order.index(row.group))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--size", choices=tuple(SIZES), default=os.environ.get("SIZE") or "full")
    parser.add_argument("--write", action="store_true", help="write the figures to docs/benchmarks.md")
    parser.add_argument("--home", type=Path, help="an empty folder for the data, kept afterwards for a closer look")
    parser.add_argument("--no-smtp", action="store_true", help="leave out the run over postfix's smtp-sink")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
