"""Word to those who run the installation that LUX has stopped something of all companies by itself."""

from __future__ import annotations

import structlog
from sqlalchemy import or_, select, update

from lux.gate import moves
from lux.gate.models import Stop
from lux.gate.stop import scopes
from lux.identity import operators
from lux.kit.db import ALL_COMPANIES, Database

log = structlog.get_logger(__name__)


def tell_operators(db: Database) -> None:
    """Tell each operator once of every such stop that is on; after a crash in between, rather twice than never."""
    with db.read(ALL_COMPANIES) as session:
        untold = session.execute(
            select(Stop.id, Stop.scope, Stop.epoch).where(
                Stop.is_on.is_(True), Stop.cause != "", or_(Stop.told_epoch.is_(None), Stop.told_epoch < Stop.epoch)
            )
        ).all()
        wide = [(number, epoch) for number, key, epoch in untold if scopes.from_key(key).company_id is None]
        homes = operators.homes(session) if wide else {}
    for number, epoch in wide:
        if None in homes.values() or not homes:
            log.warning("operator_not_told", stop=number, reason="who is in no company has neither bell nor mail")
        for company_id in sorted({home for home in homes.values() if home is not None}):
            with db.begin(company_id) as session:
                moves.tell_of(session, company_id, ("stop", number), "stopped")
        with db.begin(ALL_COMPANIES) as session:
            session.execute(update(Stop).where(Stop.id == number, Stop.epoch == epoch).values(told_epoch=epoch))
