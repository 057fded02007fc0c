"""What a handler may raise to steer its job, and what the engine raises to stop it."""

from __future__ import annotations

from lux.kit.i18n import gettext as _


class JobInterrupted(Exception):
    """Leave the handler now: the job was cancelled, or its worker stops."""


class JobCancelled(JobInterrupted):
    """A person cancelled this job."""


class WorkerStopping(JobInterrupted):
    """The worker stops: the job goes back to the queue and goes on elsewhere."""


class LeaseLost(JobInterrupted):
    """Another worker has taken this job over: nothing more is written here."""


class RetryLater(Exception):
    """Run this job again after some seconds.

    Without `is_failure` it is the next step of a long work: attempts start anew, nothing is
    recorded as an error.
    """

    def __init__(self, after: float, message: str = "", *, is_failure: bool = False) -> None:
        """Keep the seconds, and for a failure the words."""
        super().__init__(message or _("Tried again in %(seconds)s s.", seconds=f"{after:g}"))
        self.after = max(0.0, after)
        self.message = message
        self.is_failure = is_failure


class GiveUp(Exception):
    """Another attempt would not help: the job fails now, with these words."""


class UnknownKind(KeyError):
    """No room handles this kind of job."""

    def __str__(self) -> str:
        """Return the words plainly; KeyError would quote them."""
        return str(self.args[0]) if self.args else (self.__doc__ or "")
