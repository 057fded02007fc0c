"""By which door what happens now has come in: a context variable, set where a request, a job or a command begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

BROWSER, API, GUEST, PUBLIC, JOB, CLI = "browser", "api", "guest", "public", "job", "cli"
# What a door is known by: a web session's or a key's public id, the kind of a job, the name of a command. No address.
REFERENCES: Final[Mapping[str, str]] = {BROWSER: "session", API: "key", JOB: "job", CLI: "command"}
DOORS: Final = (BROWSER, API, GUEST, PUBLIC, JOB, CLI)

_present: ContextVar[tuple[str, str] | None] = ContextVar("lux_origin", default=None)


def enter(door: str, reference: object = "") -> None:
    """Say by which door what follows in this context has come in."""
    if door not in DOORS:
        raise ValueError(f"{door} is no door: {', '.join(DOORS)}")
    _present.set((door, str(reference) if door in REFERENCES else ""))


def leave() -> None:
    """Forget it: what follows in this context came in by no door that is known."""
    _present.set(None)


@contextmanager
def through(door: str, reference: object = "") -> Iterator[None]:
    """Let what happens inside have come in by a door; afterwards it is as before."""
    before = _present.get()
    enter(door, reference)
    try:
        yield
    finally:
        _present.set(before)


def present() -> dict[str, str]:
    """Return the door and what it is known by, {} where nobody has said: {"door": "browser", "session": "0190…"}."""
    found = _present.get()
    if found is None:
        return {}
    door, reference = found
    return {"door": door} | ({REFERENCES[door]: reference} if reference else {})
