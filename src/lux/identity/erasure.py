"""Removing a whole company: every row it owns, children first; its audit chain stays."""

from __future__ import annotations

import uuid
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from lux.identity import companies, members
from lux.identity.access import Person, Right, Role
from lux.identity.models import Company, Membership, WebSession
from lux.identity.trail import note
from lux.kit.db import Base
from lux.kit.db.session import company_of
from lux.kit.errors import InvalidInput, NotFound
from lux.kit.i18n import gettext as _
from lux.ledger.models import ApprovalAuditLog, AuditCheckpoint

# The chain proves what was decided and sent, also when the company is gone; no personal data.
KEPT: Final = frozenset({ApprovalAuditLog.__tablename__, AuditCheckpoint.__tablename__})


def erase_company(session: Session, company_id: int) -> dict[str, int]:
    """Delete every row that belongs to a company; returns how many rows per table.

    Needs a session over all companies, or over this one. People keep their accounts; a browser that
    looked at the company is turned to another of the person's companies.
    """
    for membership in session.scalars(select(Membership).where(Membership.company_id == company_id)).all():
        _turn_away(session, membership.user_id, company_id)
    session.execute(update(WebSession).where(WebSession.company_id == company_id).values(company_id=None))
    session.flush()
    counts: dict[str, int] = {}
    for table in reversed(Base.metadata.sorted_tables):
        if table.name in KEPT or table.name == Company.__tablename__ or "company_id" not in table.c:
            continue
        found = session.connection().execute(delete(table).where(table.c.company_id == company_id))
        if found.rowcount:
            counts[table.name] = found.rowcount
    session.execute(delete(Company).where(Company.id == company_id))
    session.expire_all()
    return counts


def remove_company(session: Session, actor: Person, *, typed_name: str) -> dict[str, int]:
    """Erase the session's company after its name was typed; raises InvalidInput naming `confirmation`."""
    actor.require(Right.OWN)
    company = session.get_one(Company, company_of(session))
    _check_typed(company, typed_name)
    return _erase_and_note(session, actor, company)


def remove_sample(session: Session, actor: Person, public_id: uuid.UUID, *, typed_name: str) -> int:
    """Erase a sample company (session over all companies) as its owner or as an operator; returns its id.

    Raises NotFound when it is no sample or none of one's own, InvalidInput naming `confirmation`.
    """
    company = companies.by_public_id(session, public_id)
    own = {row.id: row.role for row in members.companies_of(session, actor.user_id)}
    may_remove = actor.is_operator or own.get(company.id) is Role.OWNER
    if not company.is_sample or not may_remove:
        raise NotFound
    _check_typed(company, typed_name)
    company_id = company.id
    _erase_and_note(session, actor, company)
    return company_id


def _check_typed(company: Company, typed_name: str) -> None:
    if " ".join(typed_name.split()).casefold() != company.name.casefold():
        raise InvalidInput(
            field="confirmation",
            message=_("This is not the company's name."),
            fix=_("Type “%(name)s”.", name=company.name),
        )


def _erase_and_note(session: Session, actor: Person, company: Company) -> dict[str, int]:
    company_id, public_id, is_sample = company.id, company.public_id, company.is_sample
    counts = erase_company(session, company_id)
    detail = {"rows": sum(counts.values()), "is_sample": is_sample}
    for chain in (None, company_id):
        note(session, chain, actor, "company.erased", about=("company", public_id), detail=detail)
    return counts


def _turn_away(session: Session, user_id: int, company_id: int) -> None:
    """Let a person's browsers go on in another of their companies, or in none."""
    others = [row.id for row in members.companies_of(session, user_id) if row.id != company_id]
    session.execute(
        update(WebSession)
        .where(WebSession.user_id == user_id, WebSession.company_id == company_id)
        .values(company_id=min(others, default=None))
    )
