"""Says in plain words what failed and what people can do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.kit.jobs import JobState, kinds, label_of
from lux.ports.contributions import installed
from lux.rooms.diagnostics.models import ErrorGroup, GroupState, Severity

if TYPE_CHECKING:
    from lux.kit.jobs import Job


@dataclass(frozen=True, kw_only=True)
class Plain:
    """One error for people who do not read traces."""

    title: str
    touched: str
    fix: str


def of_group(group: ErrorGroup) -> Plain:
    """Return what happened, what it touched and what to do, in the error's own words where it has any."""
    title, fix = group.words or _what_failed(group), group.fix or _what_to_do(group)
    return Plain(title=title, touched=_what_it_touched(group), fix=fix)


def where(group: ErrorGroup) -> str:
    """Return what people were using when it happened."""
    if group.source == "job":
        return label_of(group.endpoint)
    if group.source != "web":
        return source(group.source)
    found = area(group.endpoint)
    return _("Page of “%(area)s”", area=found) if found else _("Page")


def area(endpoint: str) -> str:
    """Return the area of LUX that an endpoint belongs to, as the navigation calls it; empty when it has no name."""
    room = endpoint.partition(".")[0]
    if room.startswith("api_"):
        return _("API")
    return next((item.label() for item in installed().nav if item.endpoint.partition(".")[0] == room), "")


def source(name: str) -> str:
    """Return where errors come from, in a word or two."""
    names = {"web": _("Pages and API"), "job": _("Background work"), "clock": _("Clock"), "cli": _("Command line")}
    return names.get(name, name)


def within(days: int) -> str:
    """Return a period that ends now, in words."""
    return ngettext("In the last 24 hours", "In the last %(num)s days", days)


def kinds_named(text: str) -> list[str]:
    """Return the kinds of jobs whose names for people hold the text."""
    wanted = text.casefold()
    return [name for name, kind in kinds.installed().items() if wanted in kind.label.casefold()]


def came_back(group: ErrorGroup) -> str:
    """Return why an open group is open again."""
    if group.ignored_until is not None or group.ignored_to_count is not None:
        return _("It opened again: the time for which it was ignored is over.")
    return _("It came back after it was resolved.")


def ignored(group: ErrorGroup) -> str:
    """Return for how long an ignored group is let be."""
    if group.ignored_until is not None:
        return _("Until something happens after this moment, then it opens again by itself.")
    if group.ignored_to_count is not None:
        left = max(group.ignored_to_count - group.count, 1)
        return ngettext(
            "Once more, then it opens again by itself.", "%(num)s more times, then it opens again by itself.", left
        )
    return _("For good, until somebody reopens it.")


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


def _what_it_touched(group: ErrorGroup) -> str:
    if group.severity is Severity.WARNING:
        return _("Nothing is lost so far; what was to be done is late.")
    if group.source == "job":
        return _("What it had done before stands. The rest of it did not happen.")
    if group.source == "cli":
        return _("The command ended early. Nobody's pages are touched by that.")
    if group.source == "clock":
        return _("What starts by its schedule may start late.")
    return _("What was being done there was not saved. Everything else works on.")


def _what_to_do(group: ErrorGroup) -> str:
    if group.severity is Severity.WARNING:
        return _("It is tried again by itself. Look again in a while.")
    if group.source == "job":
        return _("Start it again under Background work. If it fails again, tell the people who run this installation.")
    if group.source == "web":
        return _("Try again. If it goes on, give the code below to the people who run this installation.")
    return _("It has been recorded. If it goes on, tell the people who run this installation.")
