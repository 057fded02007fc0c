"""Which backups are kept: the newest ones, and one of each of the last days, weeks and months."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext

if TYPE_CHECKING:
    import datetime as dt

    from lux.kit.settings import Settings


class Kept(Protocol):
    """What the rule asks of a backup."""

    @property
    def id(self) -> int: ...  # noqa: D102 - its number; later ones have higher ones
    @property
    def started_at(self) -> dt.datetime: ...  # noqa: D102 - UTC
    @property
    def is_good(self) -> bool | None: ...  # noqa: D102 - what trying showed; None = never tried


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How many of each."""

    newest: int
    days: int
    weeks: int
    months: int

    @property
    def words(self) -> str:
        """Return the rule for people."""
        newest = ngettext("the newest", "the %(num)s newest", self.newest)
        spans = [
            ngettext("of the last day", "of each of the last %(num)s days", self.days) if self.days else "",
            ngettext("of the last week", "of each of the last %(num)s weeks", self.weeks) if self.weeks else "",
            ngettext("of the last month", "of each of the last %(num)s months", self.months) if self.months else "",
        ]
        listed = ", ".join(span for span in spans if span)
        return _("%(newest)s, and one %(spans)s", newest=newest, spans=listed) if listed else newest


_PERIODS: Final[tuple[tuple[str, Callable[[dt.datetime], object]], ...]] = (
    ("days", lambda moment: moment.date()),
    ("weeks", lambda moment: moment.isocalendar()[:2]),
    ("months", lambda moment: (moment.year, moment.month)),
)


def rule_of(settings: Settings) -> Rule:
    """Return the rule that the settings name."""
    return Rule(
        newest=settings.backup_keep, days=settings.backup_keep_days, weeks=settings.backup_keep_weeks,
        months=settings.backup_keep_months,
    )  # fmt: skip


def kept(backups: Sequence[Kept], rule: Rule) -> set[int]:
    """Return the ids of those that stay; `backups` has the newest first, its order is not looked at again.

    The newest good one stays in any case. Of a day, a week, a month the last one stays, unless trying it showed that it
    can't be relied on; only spans that have one count. Spans are those of UTC, weeks begin on Mondays.
    """
    found = {one.id for one in backups[: rule.newest]}
    found |= {one.id for one in [one for one in backups if one.is_good][:1]}
    usable = [one for one in backups if one.is_good is not False]
    for name, span_of in _PERIODS:
        last: dict[object, int] = {}
        for one in usable:
            last.setdefault(span_of(one.started_at), one.id)
        found |= set(list(last.values())[: getattr(rule, name)])
    return found
