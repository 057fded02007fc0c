"""The file STOP leaves its traces: that it came and went stands in the table of stops and in the audit chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from lux.gate.models import Stop
from lux.gate.stop import ramp, waiting
from lux.gate.stop.file import is_stop_file_there, reason_of
from lux.gate.stop.scopes import FILE
from lux.identity.models import Company
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES, Database
from lux.ledger import audit

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TICK_SECONDS: Final = 2.0  # how soon it is noticed that the file came or went; workers hear of it by themselves


def tick(db: Database) -> None:
    """Notice that the file came or went since somebody looked last; whoever notices first writes it down, once.

    Until its end is noticed nothing leaves, so that what missed its window is asked for anew and the pace grows.
    """
    if db.settings is None:
        return
    is_there = is_stop_file_there(db.settings.home)
    with db.read(ALL_COMPANIES) as session:
        is_noted = session.scalar(select(Stop.is_on).where(Stop.scope == FILE.key))
    if bool(is_noted) is is_there:
        return
    try:
        with db.begin(ALL_COMPANIES) as session:
            is_first = note(session, is_there=is_there, reason=reason_of(db.settings.home))
    except IntegrityError:  # another process made the row at the same moment, and wrote it down
        return
    if is_first and not is_there:
        _return_missed(db)


def note(session: Session, *, is_there: bool, reason: str) -> bool:
    """Write down that the file came or went; False when that is known already."""
    row = session.scalar(select(Stop).where(Stop.scope == FILE.key).with_for_update())
    if bool(row is not None and row.is_on) is is_there:
        return False
    if row is None:
        row = Stop(scope=FILE.key, epoch=0, includes_system=False)
        session.add(row)
    row.rate = None if is_there else ramp.measured(session, row.changed_at)
    row.is_on, row.epoch, row.reason, row.by_name = is_there, row.epoch + 1, reason, ""
    row.changed_at = clock.now()
    session.flush()
    action = "stop.pressed" if is_there else "stop.resumed"
    audit.append(session, audit.INSTALLATION, actor=audit.Actor(type="operator"), action=action, object_type="stop",
                 object_id=FILE.key, detail={"reason": reason})  # fmt: skip
    return True


def _return_missed(db: Database) -> None:
    with db.read(ALL_COMPANIES) as session:
        companies = session.scalars(select(Company.id).order_by(Company.id)).all()
    for company_id in companies:
        with db.begin(company_id) as session:
            waiting.return_missed(session, FILE)
