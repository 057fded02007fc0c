"""Says in plain words what failed and what people can do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lux.kit.i18n import gettext as _
from lux.kit.jobs import JobState, label_of
from lux.rooms.diagnostics.models import ErrorGroup, GroupState, Severity

if TYPE_CHECKING:
    from lux.kit.jobs import Job


@dataclass(frozen=True, kw_only=True)
class Plain:
    """One error for people who do not read traces."""

    title: str
    fix: str


def of_group(group: ErrorGroup) -> Plain:
    """Return what happened and what to do, in the error's own words where it has any."""
    return Plain(title=group.words or _what_failed(group), fix=group.fix or _what_to_do(group))


def where(group: ErrorGroup) -> str:
    """Return what people were using when it happened."""
    if group.source == "job":
        return label_of(group.endpoint)
    if group.source == "cli":
        return _("Command line")
    if group.source == "clock":
        return _("Clock")
    return _("Page “%(name)s”", name=group.endpoint) if group.endpoint else _("Page")


def job_state(job: Job) -> str:
    """Return a job's state in a word."""
    if job.state is JobState.RUNNING and job.is_cancelling:
        return _("Is being cancelled")
    return {
        JobState.QUEUED: _("Queued"),
        JobState.RUNNING: _("Running"),
        JobState.DONE: _("Done"),
        JobState.FAILED: _("Failed"),
        JobState.CANCELLED: _("Cancelled"),
    }[job.state]


def group_state(state: GroupState) -> str:
    """Return a group's state in a word."""
    return {GroupState.OPEN: _("Open"), GroupState.RESOLVED: _("Resolved"), GroupState.IGNORED: _("Ignored")}[state]


def severity(found: Severity) -> str:
    """Return a severity in a word."""
    return {Severity.WARNING: _("Will be tried again"), Severity.ERROR: _("Did not happen")}[found]


def job_tab(tab: str) -> str:
    """Return the name of a tab of jobs."""
    return {
        "running": _("Running"),
        "queued": _("Queued"),
        "overdue": _("Overdue"),
        "failed": _("Failed"),
        "ended": _("Ended"),
    }[tab]


def nothing_in(tab: str) -> str:
    """Return what an empty tab of jobs means."""
    return {
        "running": _("Nothing runs in the background right now."),
        "queued": _("Nothing waits for its turn."),
        "overdue": _("Nothing is late."),
        "failed": _("Nothing has failed."),
        "ended": _("Nothing has ended lately."),
    }[tab]


def _what_failed(group: ErrorGroup) -> str:
    if group.source == "job":
        return _("“%(what)s” did not work.", what=label_of(group.endpoint))
    if group.source == "cli":
        return _("A command on the server failed.")
    if group.source == "clock":
        return _("The clock could not do its work (%(what)s).", what=group.endpoint)
    return _("A page could not be shown.")


def _what_to_do(group: ErrorGroup) -> str:
    if group.severity is Severity.WARNING:
        return _("It is tried again by itself. Look again in a while.")
    return _("It has been recorded. If it goes on, tell the people who run this installation.")
