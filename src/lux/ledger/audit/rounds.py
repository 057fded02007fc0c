"""Going round all chains: sign where each one is, verify each one. Jobs and the command line call it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from lux.kit.db import ALL_COMPANIES
from lux.ledger.audit import chain, checkpoints, checks

if TYPE_CHECKING:
    from lux.kit.db import Database
    from lux.kit.settings import Settings
    from lux.ledger.audit.checkpoints import Checkpoint
    from lux.ledger.audit.checks import Check


def sign(db: Database, settings: Settings, between: Callable[[], None] = lambda: None) -> Sequence[Checkpoint]:
    """Make a checkpoint of every chain that has moved on, and bring the files up to date; returns the new ones.

    A crash between table and file loses nothing: the next round writes what the file has not.
    """
    with db.read(ALL_COMPANIES) as session:
        numbers = chain.chains(session)
    made = []
    for company_id in numbers:
        between()
        with db.begin(ALL_COMPANIES) as session:
            found = checkpoints.make(session, settings, company_id)
        if found is not None:
            made.append(found)
        with db.read(ALL_COMPANIES) as session:
            checkpoints.write_file(session, settings, company_id)
    return made


def verify(db: Database, settings: Settings, between: Callable[[], None] = lambda: None) -> Iterator[Check]:
    """Verify every chain, keep what was found, and yield it."""
    with db.read(ALL_COMPANIES) as session:
        numbers = checks.all_chains(session, settings)
    for company_id in numbers:
        between()
        found = checks.verify_all(db, settings, company_id)
        with db.begin(ALL_COMPANIES) as session:
            checks.keep(session, found)
        yield found
