"""Who does something and from where, as facts and proofs name it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import phonenumbers

from lux.identity import companies
from lux.identity.access import mark_of
from lux.kit.db.session import company_of
from lux.ledger import audit
from lux.rooms.contacts.values import region_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.access import Person


def actor_of(person: Person | None) -> str:
    """Return the actor of a fact: "person:<id>", "api_key:<id>" or "system"."""
    return mark_of(person)


def auditor_of(person: Person | None) -> audit.Actor:
    """Return the actor of an audit row."""
    return person.actor if person else audit.SYSTEM


def region_of_company(session: Session) -> str:
    """Return the country that phone numbers without a country code are taken for; "" when it is not known."""
    company = companies.by_id(session, company_of(session))
    return region_of(company.locale, company.timezone)


def calling_code_of_company(session: Session) -> str:
    """Return the digits that complete a number of the company's country ("49"); "" when it is not known."""
    code = phonenumbers.country_code_for_region(region_of_company(session))
    return str(code) if code else ""
