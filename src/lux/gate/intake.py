"""Looking outward without effect: what providers need, and one harmless call that shows whether it works."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lux.gate.registry import connector, open_account
from lux.gate.registry import schemas as registered
from lux.ports.connector import ConnectorSchema, ProbeResult
from lux.vault import accounts

if TYPE_CHECKING:
    from lux.kit.db import Database
    from lux.kit.settings import Settings

__all__ = ["probe", "schemas"]


def schemas(settings: Settings) -> Mapping[str, ConnectorSchema]:
    """Return what every provider is called and needs, by its name."""
    return registered(settings)


def probe(db: Database, settings: Settings, company_id: int, public_id: uuid.UUID) -> ProbeResult:
    """Make one real, harmless call with a company's account, keep what it said, and return it.

    It takes the database: no transaction is open while the other side is waited for. Raises NotFound, VaultLocked.
    """
    with db.begin(company_id) as session:
        account = open_account(session, company_id, str(public_id), purpose="probe")
    result = connector(account.provider, settings).probe(account)
    with db.begin(company_id) as session:
        accounts.note_probe(session, accounts.by_public_id(session, public_id), result)
    return result
