"""What a drill works on: an installation, a whole LUX whose points can fail, and a mail server that judges."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import or_, update

from lux.kit import clock
from lux.rooms.contacts.models import Contact
from tests.emulators.smtp import SmtpServer
from tests.factories import Firm, Installation, installation
from tests.faults.server import RunningServer, RunningWorker
from tests.house.sources import ROOT
from tests.services import run

DRILL = Path(__file__).with_name("drill")
PATIENCE = 3.0  # seconds that LUX waits for a mail server here; in the product a final dot may take two minutes
ROWS = 40  # of a transaction of an import, so that a short file has several
PACE = 400  # messages per second, so that faults fall into the middle
TUNED = {
    "lux.connectors.smtp:SmtpConnector.__init__.__kwdefaults__": {
        "ca_file": None, "allow_hosts": [], "timeout": PATIENCE, "dot_timeout": PATIENCE,
    },
    "lux.rooms.contacts.importing.run:ROWS": {"sqlite": ROWS, "postgresql": ROWS, "mysql": ROWS},
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Step:
    """A fault that waits for its point."""

    point: str
    nth: int = 1
    action: str = "kill"


@dataclass
class Plan:
    """The file that the processes under drill read."""

    path: Path
    has_clock: bool = False  # the wall clock can jump
    serial: int = 0
    current: list[dict[str, Any]] = field(default_factory=list)

    def write(self, *steps: Step) -> None:
        """Ask for these steps, one after the other, and for nothing of before."""
        self.current = []
        for step in steps:
            after = self.serial if self.current else None
            self.serial += 1
            self.current.append({**vars(step), "serial": self.serial, "after": after})
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps({"steps": self.current, "tuned": TUNED, "has_clock": self.has_clock}))
        fresh.replace(self.path)

    def taken(self) -> list[dict[str, Any]]:
        """Return who took which step when (`at` by the machine's clock that never goes back)."""
        marks = [self.path.with_name(f"step-{step['serial']}") for step in self.current]
        return [json.loads(mark.read_text() or "{}") for mark in marks if mark.exists() and mark.stat().st_size]

    @property
    def is_done(self) -> bool:
        """Say whether every step has been taken."""
        return len(self.taken()) == len(self.current)


@dataclass
class Stage:
    """Everything of one run of drills."""

    lux: Installation
    firm: Firm
    smtp: SmtpServer
    plan: Plan
    server: RunningServer
    account: str
    folder: Path
    workers: list[RunningWorker] = field(default_factory=list)
    database: object = None  # whatever can stop and start it
    numbers: int = 0
    began: float = field(default_factory=time.monotonic)

    def number(self) -> int:
        """Return a number that no drill had yet."""
        self.numbers += 1
        return self.numbers

    def forget_people(self, pattern: str = "", person: int = 0) -> None:
        """Put contacts into the trash, so that the next campaign does not go to them."""
        with self.lux.db.begin(self.firm.id) as session:
            session.execute(
                update(Contact)
                .where(or_(Contact.email_key.like(pattern), Contact.id == person))
                .values(trashed_at=clock.now())
            )

    def another_worker(self) -> RunningWorker:
        """Start one more worker beside."""
        log = self.folder / f"worker{len(self.workers)}.log"
        worker = RunningWorker(self.lux.settings, log, more=drilled(self.plan))
        worker.port = self.lux.settings.port
        worker.start()
        self.workers.append(worker)
        return worker

    def worker_pids(self) -> list[int]:
        """Return the processes that run jobs."""
        return [pid for pid, words in _processes(self.server.pid) if "worker" in words]

    def page_pids(self) -> list[int]:
        """Return the processes that answer requests."""
        return [pid for pid, words in _processes(self.server.pid) if "lux.supervisor" in words]

    def thaw(self, after: float) -> None:
        """Let what a step has frozen go on after so many seconds."""
        run.wait(lambda: self.plan.is_done, seconds=60)
        for one in self.plan.taken():
            time.sleep(max(0.0, one["at"] + after - time.monotonic()))
            with contextlib.suppress(ProcessLookupError):
                os.kill(one["pid"], signal.SIGCONT)


def drilled(plan: Plan) -> dict[str, str]:
    """Return what makes a process of LUX read the plan."""
    return {"LUX_DRILL": str(plan.path), "PYTHONPATH": f"{DRILL}{os.pathsep}{ROOT}"}


@contextlib.contextmanager
def opened(url: str, folder: Path, *, has_clock: bool = False, ca_file: str = "", **smtp: Any) -> Iterator[Stage]:
    """Set a stage on a database: LUX as `lux serve` runs it, a company, a mail server."""
    lux = installation(
        url, folder / "home", is_migrated=True, port=run.free_port(), allow_hosts=("127.0.0.1",), mail_pace=PACE,
        resume_ramp_minutes=0, tls_ca_file=ca_file,
    )  # fmt: skip
    judge = SmtpServer(**smtp)
    plan = Plan(folder / "plan.json", has_clock=has_clock)
    plan.write()
    firm = lux.firm()
    lux.sender(firm)
    lux.switch_on(firm)
    account = lux.mail_server(firm, judge.port, security="starttls" if judge.tls == "starttls" else "none")
    server = RunningServer(lux.settings, folder / "server.log", more={**drilled(plan), "LUX_TLS_CA_FILE": ca_file})
    server.port = lux.settings.port  # what links in mails name
    stage = Stage(lux, firm, judge, plan, server, account, folder)
    try:
        server.start()
        yield stage
    finally:
        for worker in [server, *stage.workers]:
            worker.stop()
        judge.stop()
        lux.db.close()


def eventually(done: Callable[[], bool], seconds: float) -> float | None:
    """Return the moment at which something became true, None when it did not in time."""
    return time.monotonic() if run.wait(done, seconds=seconds) else None


def _processes(root: int) -> Sequence[tuple[int, list[str]]]:
    """Return the processes below one, with their words."""
    found, children = [], {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError, IndexError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                words = (entry / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
                children.setdefault(parent, []).append((int(entry.name), words))
    waiting = [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += [pid for pid, _words in below]
    return found
