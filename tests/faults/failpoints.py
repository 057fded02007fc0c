"""Wraps the points' functions as LUX imports them, and acts when the plan names one: kill, freeze, raise, wait.

The plan is a file that the harness rewrites while LUX runs: a list of steps, each with a serial number, a point, the
how-manieth time in one process, and an action. A step acts once: who makes its mark file first, acts.
"""

from __future__ import annotations

import errno
import functools
import importlib
import importlib.abc
import importlib.machinery
import json
import os
import signal
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.faults.points import POINTS

ACTIONS = ("kill", "freeze", "raise", "disk", "database", "delay")
DELAY_SECONDS = 2.0
CLOCK_LOOK_SECONDS = 0.1


class Plan:
    """What is asked for now; read again whenever the file was rewritten."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = 0
        self._steps: list[dict[str, Any]] = []
        self._counts: dict[int, int] = defaultdict(int)
        self._lock = threading.Lock()

    def reach(self, name: str) -> None:
        """Act if this is the point, and the time, of a step that nobody has taken yet."""
        with self._lock:
            step = self._step(name)
        if step is not None:
            act(step["action"])

    def _step(self, name: str) -> dict[str, Any] | None:
        for step in self._fresh():
            if step["point"] != name:
                continue
            after = step.get("after")
            if after is not None and not self._mark(after).exists():
                continue
            self._counts[step["serial"]] += 1
            if self._counts[step["serial"]] >= step["nth"] and self._take(step):
                return step
        return None

    def _fresh(self) -> list[dict[str, Any]]:
        stamp = self._path.stat().st_mtime_ns
        if stamp != self._stamp:
            self._stamp, self._steps = stamp, json.loads(self._path.read_text())["steps"]
        return self._steps

    def _mark(self, serial: int) -> Path:
        return self._path.with_name(f"step-{serial}")

    def _take(self, step: dict[str, Any]) -> bool:
        try:
            descriptor = os.open(self._mark(step["serial"]), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return False
        os.write(descriptor, json.dumps({"pid": os.getpid(), "at": time.monotonic()}).encode())
        os.close(descriptor)
        return True


def act(action: str) -> None:
    """Let this process fail in one way."""
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "freeze":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif action == "raise":
        raise RuntimeError("a drill")
    elif action == "disk":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    elif action == "database":
        from sqlalchemy.exc import OperationalError

        raise OperationalError("a drill", {}, Exception("the database is not there"))
    elif action == "delay":
        time.sleep(DELAY_SECONDS)
    else:
        raise ValueError(action)


def install(path: str) -> None:
    """Watch imports from now on, so that each function is wrapped before anybody can take it by name."""
    plan = Plan(Path(path))
    options = json.loads(Path(path).read_text())
    sys.meta_path.insert(0, _Finder(plan, options.get("tuned", {})))
    if options.get("has_clock"):
        threading.Thread(target=_set_clock, args=(Path(path).with_name("clock"),), daemon=True).start()


def resolve(target: str) -> tuple[Any, str, Any]:
    """Return where a target lives, by which name, and what it is now."""
    module, _, path = target.partition(":")
    return _found(importlib.import_module(module), path)


def _found(module: Any, path: str) -> tuple[Any, str, Any]:
    owner, (*parts, name) = module, path.split(".")
    for part in parts:
        owner = getattr(owner, part)
    return owner, name, vars(owner).get(name)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of the points as Python does, and adds a step after they are run."""

    def __init__(self, plan: Plan, tuned: dict[str, Any]) -> None:
        self._plan = plan
        self._tuned = tuned
        self._modules = {point.target.partition(":")[0] for point in POINTS} | {key.partition(":")[0] for key in tuned}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in self._modules:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                run(module)
                self._change(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec

    def _change(self, module: Any) -> None:
        moments: dict[str, set[str]] = defaultdict(set)
        places: dict[str, str] = {}
        for point in POINTS:
            where, _, path = point.target.partition(":")
            if where == module.__name__:
                moments[path].add(point.moment)
                places[path] = point.name.partition(":")[0]
        for path, wanted in moments.items():
            owner, name, function = _found(module, path)
            setattr(owner, name, _wrapped(function, places[path], wanted, self._plan))
        for key, value in self._tuned.items():
            where, _, path = key.partition(":")
            if where == module.__name__:
                owner, name, _old = _found(module, path)
                setattr(owner, name, value)


def _wrapped(function: Any, place: str, moments: set[str], plan: Plan) -> Any:
    @functools.wraps(function)
    def wrapper(*arguments: Any, **options: Any) -> Any:
        if "call" in moments:
            plan.reach(f"{place}:call")
        result = function(*arguments, **options)
        if "return" in moments:
            plan.reach(f"{place}:return")
        if "commit" in moments:
            _arm(_session(arguments, options), place, plan)
        return result

    return wrapper


def _session(arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Return the session of a call: an argument, or what an argument holds as `session`."""
    from sqlalchemy.orm import Session

    for value in (*arguments, *options.values()):
        for each in (value, getattr(value, "session", None)):
            if isinstance(each, Session):
                return each
    raise TypeError("a point of a commit needs a function that is handed its session")


def _arm(session: Any, place: str, plan: Plan) -> None:
    """Act around the end of this session's present transaction; what it runs inside (savepoints) does not count."""
    from sqlalchemy import event

    armed: set[str] | None = session.info.get("drill")
    if armed is None:
        armed = session.info["drill"] = set()

        def before(ending: Any) -> None:
            if not ending.in_nested_transaction():
                for one in sorted(armed):
                    plan.reach(f"{one}:commit")

        def after(ended: Any) -> None:
            if not ended.in_nested_transaction():
                done, _ = sorted(armed), armed.clear()
                for one in done:
                    plan.reach(f"{one}:committed")

        event.listen(session, "before_commit", before)
        event.listen(session, "after_commit", after)
    armed.add(place)


def _set_clock(path: Path) -> None:
    """Let the wall clock jump by the seconds written in a file; clocks that never go back stay as they are."""
    import time_machine

    now, traveller = 0.0, None
    while True:
        wanted = float(path.read_text() or 0) if path.exists() else 0.0
        if wanted != now:
            if traveller is not None:
                traveller.stop()
            traveller = time_machine.travel(time.time() + wanted, tick=True)
            traveller.start()
            now = wanted
        time.sleep(CLOCK_LOOK_SECONDS)
