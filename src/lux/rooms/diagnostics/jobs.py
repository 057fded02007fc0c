"""Old errors and counters go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lux.kit import idempotency, rates
from lux.kit.i18n import lazy_gettext as _
from lux.kit.jobs import JobKind, Schedule
from lux.rooms.diagnostics import service

if TYPE_CHECKING:
    from lux.kit.jobs import JobContext


def forget(context: JobContext, _args: dict[str, Any]) -> None:
    """Forget errors nobody has seen for long, and counters of limits that are over."""
    service.forget_old(context.db)
    rates.prune(context.db)
    idempotency.prune(context.db)


KINDS = (JobKind(name="diagnostics.forget", handler=forget, title=_("Forget old errors")),)
SCHEDULES = (Schedule(name="diagnostics.forget", rule="17 3 * * *", kind="diagnostics.forget"),)
