"""The bounds of a series, pure: what may be asked for, what is still inside, and the same in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from babel import dates

from lux.gate.refusals import Effect, Refusal
from lux.gate.series import rhythm
from lux.kit import clock
from lux.kit.errors import InvalidInput
from lux.kit.i18n import babel_locale, ngettext
from lux.kit.i18n import gettext as _
from lux.ports.acts import ActKind, QueuedAct, RunSeries, SendEmail

MOST: Final = 400  # runs of one yes: more than a year of days
MOST_PEOPLE: Final = 10_000_000
LONGEST: Final = dt.timedelta(days=2 * 366)
MOST_DRIFT: Final = 1000  # percent
DRIFT_PERCENT: Final = 50  # unless a company says otherwise
DRIFT_LEAST: Final = 20
# What a run may differ in from the mail that was approved: when it was counted, and that it is a run.
_OF_THE_RUN: Final = frozenset({"kind", "snapshot", "send_at"})


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A run as it would be now."""

    matching: int  # who matches the rule
    mailable: int  # of them, who may be written to
    before: int  # messages of the runs before it under the same yes


def refuse_unfit(act: QueuedAct, *, recipients: int | None = None) -> None:
    """Raise InvalidInput naming the bound that makes no sense; what is no series passes."""
    if not isinstance(act, RunSeries):
        return
    rhythm.check(act.rule, act.zone)
    until = dt.datetime.fromisoformat(act.until)
    now = clock.now()
    for field, value, least, most in (
        ("most", act.most, 1, MOST),
        ("most_recipients", act.most_recipients, 1, MOST_PEOPLE),
        ("most_messages", act.most_messages, 1, MOST_PEOPLE * MOST),
        ("drift_percent", act.drift_percent, 1, MOST_DRIFT),
        ("drift_least", act.drift_least, 0, MOST_PEOPLE),
    ):
        if not least <= value <= most:
            raise InvalidInput(field=field, message=_("Enter a number from %(a)s to %(b)s.", a=least, b=most))
    if until > now + LONGEST:
        raise InvalidInput(field="until", message=_("A yes reaches two years ahead at most."))
    if first_slot(act, now) is None:
        raise InvalidInput(
            field="until", message=_("There is no run before its end."), fix=_("Choose a later last day.")
        )
    if recipients is not None and recipients > act.most_recipients:
        raise InvalidInput(
            field="most_recipients",
            message=_("%(n)s people may be written to already: the first run would be above this.", n=recipients),
            fix=_("Allow more of them, or choose a smaller audience."),
        )


def first_slot(act: RunSeries, after: dt.datetime) -> dt.datetime | None:
    """Return the first slot after a moment and before the end; None = there is none (any more)."""
    slot = rhythm.next_after(act.rule, act.zone, after)
    return slot if slot is not None and slot < dt.datetime.fromisoformat(act.until) else None


def mail_of(act: RunSeries) -> SendEmail:
    """Return the mail that a run sends, word for word as it was approved; its audience has yet to be counted."""
    values = {field.name: getattr(act, field.name) for field in fields(SendEmail)}
    return replace(SendEmail(**values), kind=ActKind.EMAIL_CAMPAIGN, snapshot=None, send_at=None)


def is_same_mail(series: Mapping[str, Any], run: Mapping[str, Any]) -> bool:
    """Say whether a stored run says, to the same rule, exactly what the stored series says."""
    names = {field.name for field in fields(SendEmail)} - _OF_THE_RUN
    return all(series.get(name) == run.get(name) for name in names) and run.get("kind") == "email_campaign"


def require_inside(act: RunSeries, counted: Counted) -> None:
    """Raise Refusal when a run would be outside: above a cap, or to an audience that is another one by now."""
    if counted.mailable > act.most_recipients:
        raise Refusal(
            check="cap",
            effect=Effect.RETURN,
            reason=_("%(n)s people would get it; the yes is for at most %(most)s each time.",
                     n=counted.mailable, most=act.most_recipients),
        )  # fmt: skip
    if counted.before + counted.mailable > act.most_messages:
        raise Refusal(
            check="cap",
            effect=Effect.RETURN,
            reason=_("With this run it would be %(n)s messages; the yes is for at most %(most)s in all.",
                     n=counted.before + counted.mailable, most=act.most_messages),
        )  # fmt: skip
    at_yes = act.snapshot.count if act.snapshot else 0
    if has_drifted(act, counted.matching):
        raise Refusal(
            check="drift",
            effect=Effect.RETURN,
            reason=_(
                "The audience had %(then)s people when it was approved and has %(now)s now: more than %(p)s %% apart.",
                then=at_yes,
                now=counted.matching,
                p=act.drift_percent,
            ),
        )


def has_drifted(act: RunSeries, matching: int) -> bool:
    """Say whether the audience differs by more than the yes allows from what it was then."""
    at_yes = act.snapshot.count if act.snapshot else 0
    apart = abs(matching - at_yes)
    return apart > act.drift_least and apart * 100 > act.drift_percent * at_yes


def sentence(act: RunSeries) -> str:
    """Return what one yes lets happen, in a sentence."""
    day = rhythm.last_day(dt.datetime.fromisoformat(act.until), act.zone)
    return _(
        "%(rhythm)s until %(day)s, %(runs)s at most, to at most %(people)s people each time",
        rhythm=rhythm.words(act.rule, act.zone),
        day=dates.format_date(day, format="long", locale=babel_locale()),
        runs=ngettext("one run", "%(num)s runs", act.most),
        people=act.most_recipients,
    )


def lines(act: RunSeries) -> list[tuple[str, str]]:
    """Return every bound with its label: nothing of it is only in the hash."""
    until = dt.datetime.fromisoformat(act.until)
    day = rhythm.last_day(until, act.zone)
    at_yes = act.snapshot.count if act.snapshot else 0
    return [
        (_("Runs"), rhythm.words(act.rule, act.zone)),
        (_("Last day"), dates.format_date(day, format="full", locale=babel_locale())),
        (_("Runs at most"), str(act.most)),
        (_("People each time at most"), str(act.most_recipients)),
        (_("Messages in all at most"), str(act.most_messages)),
        (_("Audience"), _("whoever matches “%(label)s” at each run", label=act.audience.label if act.audience else "")),
        (
            _("Stops by itself"),
            _("when the audience is more than %(p)s %% (and more than %(n)s people) away from the %(count)s of today",
              p=act.drift_percent, n=act.drift_least, count=at_yes),
        ),
    ]  # fmt: skip
