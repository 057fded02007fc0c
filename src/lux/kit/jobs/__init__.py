"""Background work: rows in the database are the truth, a runner carries them out, a clock ticks.

`enqueue` writes a job in the caller's transaction. A room registers a `JobKind` per handler; a
handler gets a `JobContext`, works in chunks (a transaction each, through `context.db`), may run
twice, and steers its job by raising `RetryLater`, `GiveUp`, or whatever went wrong.
"""

from lux.kit.jobs.claims import Claim
from lux.kit.jobs.context import JobContext
from lux.kit.jobs.errors import (
    GiveUp,
    JobCancelled,
    JobInterrupted,
    LeaseLost,
    RetryLater,
    WorkerStopping,
)
from lux.kit.jobs.kinds import QUEUES, JobKind, Kinds, Schedule, label_of
from lux.kit.jobs.models import Job, JobState, JobWorker, Leader
from lux.kit.jobs.queue import cancel, enqueue, retry, unfinished
from lux.kit.jobs.ticker import Tick

__all__ = [
    "QUEUES",
    "Claim",
    "GiveUp",
    "Job",
    "JobCancelled",
    "JobContext",
    "JobInterrupted",
    "JobKind",
    "JobState",
    "JobWorker",
    "Kinds",
    "Leader",
    "LeaseLost",
    "RetryLater",
    "Schedule",
    "Tick",
    "WorkerStopping",
    "cancel",
    "enqueue",
    "label_of",
    "retry",
    "unfinished",
]
