"""The named points at which a drill lets LUX fail: before and after each commit and call on its working paths.

A point is a function of the product and a moment of it; the product knows nothing of them
(docs/decisions/0023). tests/house/test_failpoints.py holds that each of them exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Moment = Literal["call", "return", "commit", "committed"]
Often = Literal["message", "window", "once"]
CALL: tuple[Moment, ...] = ("call", "return")  # right before the function begins, right after it has returned
COMMIT: tuple[Moment, ...] = ("commit", "committed")  # around the end of the transaction in which it was called


@dataclass(frozen=True, kw_only=True)
class Point:
    """One point."""

    name: str  # place:moment
    target: str  # module:function or module:class.function
    moment: Moment
    path: str  # what has to go on for it to be reached: send | recover | long | cron | import | track
    often: Often


def _both(place: str, target: str, moments: tuple[Moment, ...], path: str, often: Often = "once") -> tuple[Point, ...]:
    return tuple(
        Point(name=f"{place}:{moment}", target=f"lux.{target}", moment=moment, path=path, often=often)
        for moment in moments
    )


POINTS: tuple[Point, ...] = (
    *_both("send.recover", "gate.recovery:recover", COMMIT, "recover"),
    *_both("send.clear", "gate.checks:clear", COMMIT, "send"),
    *_both("send.write-down", "gate.deliveries:write_down", COMMIT, "send"),
    *_both("send.claim", "gate.deliveries:claim", COMMIT, "send"),
    *_both("send.leave", "gate.deliveries:mark_leaving", COMMIT, "send", "window"),
    *_both("send.outcomes", "gate.outcomes:record", COMMIT, "send", "window"),
    *_both("send.close", "gate.deliveries:close", COMMIT, "send"),
    *_both("smtp.connect", "net.smtp:connect", CALL, "send"),
    *_both("smtp.write", "net.smtp_wire:Wire.write", CALL, "send", "message"),
    *_both("smtp.read", "net.smtp_wire:Wire.read", CALL, "send", "message"),
    *_both("journal.leaving", "gate.journal:Journal.leaving", CALL, "send", "message"),
    *_both("journal.answered", "gate.journal:Journal.answered", CALL, "send", "message"),
    *_both("journal.close", "gate.journal:Journal.close", CALL, "send"),
    *_both("job.claim", "kit.jobs.claims:_take", COMMIT, "send"),
    *_both("job.renew", "kit.jobs.claims:renew", COMMIT, "long"),
    *_both("job.end", "kit.jobs.claims:release", COMMIT, "send"),
    *_both("job.lead", "kit.jobs.leader:Leadership._take", COMMIT, "send"),
    *_both("job.cron", "kit.jobs.slots:_job_for", COMMIT, "cron"),
    *_both("import.begin", "rooms.contacts.importing.run:_begin", CALL, "import"),
    *_both("import.chunk", "rooms.contacts.importing.run:_write_at", COMMIT, "import", "window"),
    *_both("import.end", "rooms.contacts.importing.run:_end", CALL, "import"),
    *_both("import.file", "net.storage:FsspecStore.delete", CALL, "import"),
    *_both("track.open", "gate.engagement:opened", COMMIT, "track", "window"),
    *_both("track.click", "gate.engagement:clicked", COMMIT, "track", "window"),
    *_both("track.unsubscribe", "gate.engagement:unsubscribe", COMMIT, "track"),
    *_both("track.site", "rooms.site.service.recording:record", COMMIT, "track", "window"),
)
BY_NAME = {point.name: point for point in POINTS}
