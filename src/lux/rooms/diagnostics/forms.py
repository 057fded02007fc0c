"""What people say about errors, and how they look for them."""

import datetime as dt
import uuid
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from lux.kit import clock
from lux.rooms.diagnostics.decision import Decision
from lux.rooms.diagnostics.models import GroupState
from lux.ui.parsing import FormModel

MOST_AT_ONCE: Final = 200
DAYS: Final = {"day": 1, "week": 7, "month": 30}
TIMES: Final = {"10": 10, "100": 100, "1000": 1000}


class DecideForm(FormModel):
    """Resolve, ignore or reopen a group of errors; an ignoring may end by itself."""

    state: Literal["open", "resolved", "ignored"]
    note: Annotated[str, StringConstraints(max_length=500)] = ""
    ends: Literal["", "day", "week", "month", "10", "100", "1000"] = ""  # days, or so many more times

    @property
    def decision(self) -> Decision:
        """Return what was decided."""
        until = clock.now() + dt.timedelta(days=DAYS[self.ends]) if self.ends in DAYS else None
        return Decision(state=GroupState(self.state), note=self.note, until=until, more=TIMES.get(self.ends))


class BulkForm(FormModel):
    """The same for several groups at once."""

    ids: Annotated[list[uuid.UUID], Field(min_length=1, max_length=MOST_AT_ONCE)] = Field(
        default_factory=list, validate_default=True
    )
    state: Literal["open", "resolved", "ignored"]
