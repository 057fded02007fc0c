"""One leader over all processes: a row with a lease, taken over when its holder falls silent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import CursorResult, or_, update
from sqlalchemy.exc import IntegrityError

from lux.kit import clock
from lux.kit.db.session import ALL_COMPANIES, Database
from lux.kit.jobs.claims import lease_clock
from lux.kit.jobs.models import Leader

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LEASE_SECONDS: Final = 9.0
RENEW_SECONDS: Final = 3.0  # so a silent leader is replaced within 12 s, and leases swept within 15


class Leadership:
    """This process's part in the election."""

    def __init__(
        self,
        db: Database,
        name: str,
        holder: str,
        *,
        lease_seconds: float = LEASE_SECONDS,
        dead: Callable[[], Sequence[str]] = lambda: (),
    ) -> None:
        """Stand for election under a name; nothing is written yet. `dead` names who surely leads no more."""
        self._db = db
        self._name = name
        self._holder = holder
        self._lease = lease_seconds
        self._dead = dead
        self._until = 0.0  # by this process's own clock that never goes back

    @property
    def is_held(self) -> bool:
        """Say whether this process leads, going by the last renewal and not by hope."""
        return clock.monotonic() < self._until

    def campaign(self) -> bool:
        """Renew the lead, or take it when nobody has it; says whether this process leads now."""
        asked = clock.monotonic()
        with self._db.begin(ALL_COMPANIES) as session:
            won = self._take(session)
        self._until = asked + self._lease if won else 0.0
        return won

    def resign(self) -> None:
        """Let the lead go, so that another process takes it at once."""
        self._until = 0.0
        with self._db.begin(ALL_COMPANIES) as session:
            mine = update(Leader).where(Leader.name == self._name, Leader.holder == self._holder)
            _count(session, mine.values(lease_until=lease_clock(session)))

    def _take(self, session: Session) -> bool:
        now = lease_clock(session)
        values = {
            "holder": self._holder,
            "lease_until": now + timedelta(seconds=self._lease),
            "renewed_at": now,
        }
        former = [self._holder, *self._dead()]
        open_to_me = or_(Leader.holder.in_(former), Leader.lease_until <= now)
        if _count(session, update(Leader).where(Leader.name == self._name, open_to_me).values(**values)):
            return True
        if session.get(Leader, self._name) is not None:
            return False
        try:
            with session.begin_nested():
                session.add(Leader(name=self._name, **values))
        except IntegrityError:
            return False
        return True


def _count(session: Session, statement: Any) -> int:  # noqa: ANN401 - any UPDATE
    result = cast("CursorResult[Any]", session.execute(statement.execution_options(synchronize_session=False)))
    return result.rowcount
