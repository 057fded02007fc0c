"""What an operator does from the command line when pages are not the way: stop, resume, verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from lux.gate import stop as stops
from lux.identity.models import Company
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.errors import NotFound
from lux.ledger import audit
from lux.vault import rotation
from lux.vault.secrets import Vault

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.settings import Settings


def stop(settings: Settings, slug: str | None, *, includes_system: bool, reason: str) -> str:
    """Press the emergency stop; returns what happened."""
    db = Database.of(settings)
    try:
        with db.begin(ALL_COMPANIES) as session:
            company_id = _company(session, slug)
            epoch = stops.press(session, company_id=company_id, by=None, reason=reason, includes_system=includes_system)
        return f"Stopped: {slug or 'the whole installation'} (epoch {epoch}). Nothing new leaves within 2 seconds."
    finally:
        db.close()


def resume(settings: Settings, slug: str | None, *, reason: str) -> str:
    """End a stop; returns what happened."""
    db = Database.of(settings)
    try:
        with db.begin(ALL_COMPANIES) as session:
            company_id = _company(session, slug)
            epoch = stops.resume(session, company_id=company_id, by=None, reason=reason)
        text = f"Resumed: {slug or 'the whole installation'} (epoch {epoch})."
        if stops.is_stop_file_there(settings.home):
            text += f" The file {settings.home / stops.STOP_FILE} still stops everything: remove it."
        return text
    finally:
        db.close()


def verify_audit(settings: Settings) -> tuple[list[str], bool]:
    """Walk every audit chain; returns a line for each and whether all hold."""
    db = Database.of(settings)
    lines, is_whole = [], True
    try:
        with db.read(ALL_COMPANIES) as session:
            for company_id in audit.chains(session):
                count, fault = audit.verify(session, company_id)
                name = f"company {company_id}" if company_id else "installation"
                if fault is None:
                    lines.append(f"{name}: {count} rows hold")
                else:
                    is_whole = False
                    lines.append(f"{name}: row {fault.seq} does not hold: {fault.reason}")
    finally:
        db.close()
    return lines or ["There is nothing in the audit log yet."], is_whole


def verify_vault(settings: Settings) -> tuple[str, bool]:
    """Say whether the vault opens."""
    db = Database.of(settings)
    try:
        with db.read(ALL_COMPANIES) as session:
            state = Vault(settings).state(session)
    finally:
        db.close()
    return ("The vault opens." if state.is_open else f"{state.reason} {state.fix}"), state.is_open


def rotate_master(settings: Settings) -> list[str]:
    """Change the vault's master key; returns notes. Raises VaultLocked, WrongState."""
    db = Database.of(settings)
    try:
        return rotation.rotate_master(settings, db)
    finally:
        db.close()


def _company(session: Session, slug: str | None) -> int | None:
    if slug is None:
        return None
    found = session.scalar(select(Company.id).where(Company.slug == slug))
    if found is None:
        raise NotFound(f"There is no company with the short name {slug}.")
    return found
