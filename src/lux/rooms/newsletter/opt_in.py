"""Double opt-in: one mail asks, a button on the page behind its link answers; looking at the page changes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, or_
from sqlalchemy.exc import IntegrityError

from lux.gate import consent
from lux.gate.consent import ConsentEntry, ConsentState, Standing, SuppressionReason
from lux.gate.submit import submit_system_email
from lux.identity import companies
from lux.kit import clock, i18n
from lux.kit.crypto import random_token, token_hash
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.db.session import company_of, settings_of
from lux.kit.errors import RateLimitReached
from lux.kit.i18n import gettext as _
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.ports.opt_in import OptInAsk, OptInOutcome
from lux.rooms.contacts.incoming import confirmed
from lux.rooms.contacts.queries import people
from lux.rooms.newsletter import queries, service
from lux.rooms.newsletter.models import OptIn

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

CHANNEL: Final = "email"
LIFETIME: Final = dt.timedelta(days=7)  # of a link
PAUSE: Final = dt.timedelta(hours=24)  # between two mails to one mailbox, whatever follows a +
PAUSE_AFTER_NO: Final = dt.timedelta(days=30)  # where a program asks somebody who had unsubscribed
PER_HOUR: Final = 300  # mails of one company: a form or a Zap that runs wild stops here
KEPT: Final = dt.timedelta(days=30)  # after its end a row is forgotten; what was agreed to stands in the consent
_LIFTED: Final = (None, SuppressionReason.UNSUBSCRIBED)  # what one's own word can lift
BASIS: Final = "double_opt_in"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Whom a link belongs to, with no more than its page shows."""

    company_name: str
    masked_address: str
    wording: str
    locale: str
    is_open: bool  # it can be answered; else it was answered or is too old
    is_confirmed: bool


def start(session: Session, ask: OptInAsk) -> OptInOutcome:
    """Mail one address a link to confirm; says what came of it. Who may be written to already is not asked."""
    standing = consent.status(session, CHANNEL, [ask.address_key])[ask.address_key]
    row = queries.opt_in_of(session, ask.address_key, lock=True)
    found = _reason_not_to(session, ask, standing, row)
    if found is not None:
        return found
    try:
        with session.begin_nested():
            _mail(session, ask, row or OptIn(address_key=ask.address_key))
    except RateLimitReached:
        return OptInOutcome.BUSY
    except IntegrityError:  # the same address at the same moment: that one asks
        return OptInOutcome.ASKED
    _note(session, ask, standing)
    return OptInOutcome.SENT


def _reason_not_to(session: Session, ask: OptInAsk, standing: Standing, row: OptIn | None) -> OptInOutcome | None:
    if standing.is_mailable:
        return OptInOutcome.NOT_NEEDED
    if standing.suppressed not in _LIFTED:
        return OptInOutcome.BLOCKED
    if _has_left(standing) and not (ask.is_personal or ask.says_yes):
        return OptInOutcome.REFUSED
    pause = PAUSE_AFTER_NO if _has_left(standing) and not ask.is_personal else PAUSE
    now = clock.now()
    if row is not None and row.asked_at > now - pause:
        return OptInOutcome.ASKED
    if queries.is_mailbox_asked(session, ask.address_key, now - PAUSE):
        return OptInOutcome.ASKED
    is_busy = queries.asked_since(session, now - dt.timedelta(hours=1)) >= PER_HOUR
    return OptInOutcome.BUSY if is_busy else None


def company_of_link(db: Database, token: str) -> int | None:
    """Return whose link it is, None for one that is not ours or was replaced by a newer one."""
    with db.read(ALL_COMPANIES) as session:
        found = queries.opt_in_by_hash(session, token_hash(token))
        return found.company_id if found is not None else None


def look(session: Session, token: str) -> Asked | None:
    """Return what the page of a link shows; nothing happens by looking."""
    row = queries.opt_in_by_hash(session, token_hash(token))
    if row is None:
        return None
    return Asked(
        company_name=companies.current(session).name,
        masked_address=service.masked(row.address),
        wording=row.wording,
        locale=row.locale,
        is_open=_is_open(row),
        is_confirmed=row.confirmed_at is not None,
    )


def confirm(session: Session, token: str, proof: Mapping[str, str]) -> bool:
    """Record the consent, once; False when the link was used, is too old, or the address is blocked for good."""
    row = queries.opt_in_by_hash(session, token_hash(token), lock=True)
    if row is None or not _is_open(row):
        return False
    standing = consent.status(session, CHANNEL, [row.address_key])[row.address_key]
    if standing.suppressed not in _LIFTED:
        return False
    row.confirmed_at = clock.now()
    if standing.suppressed is not None:
        consent.release(session, channel=CHANNEL, address_key=row.address_key)
    contact = people.contact_by_email(session, row.address_key)
    entry = ConsentEntry(
        channel=CHANNEL,
        address_key=row.address_key,
        state=ConsentState.GIVEN,
        contact_id=contact.id if contact is not None else None,
        basis=BASIS,
        source=row.source,
        wording=row.wording,
        proof={**proof, "asked": dict(row.proof), "asked_at": row.asked_at.isoformat(timespec="seconds")},
    )
    consent.record(session, entry, actor="person")
    _welcome(session, row, str(proof.get("ip", "")))
    row.first_name, row.last_name = "", ""
    session.flush()
    return True


def forget(session: Session, email_key: str) -> int:
    """Forget that an address was ever asked; returns how many rows went."""
    gone = delete(OptIn).where(OptIn.address_key == email_key)
    return int(session.execute(gone.execution_options(synchronize_session=False)).rowcount)  # type: ignore[attr-defined]


def sweep(session: Session) -> int:
    """Forget what nobody confirmed or what was confirmed long ago (a session over all companies)."""
    oldest = clock.now() - KEPT
    gone = delete(OptIn).where(or_(OptIn.expires_at < oldest, OptIn.confirmed_at < oldest))
    return int(session.execute(gone.execution_options(synchronize_session=False)).rowcount)  # type: ignore[attr-defined]


def default_wording(company_name: str) -> str:
    """Return what is agreed to where the company says nothing of its own."""
    return _("I want to get e-mails from %(company)s. I can take that back at any time.", company=company_name)


def _mail(session: Session, ask: OptInAsk, row: OptIn) -> None:
    company, now, token = companies.current(session), clock.now(), random_token()
    locale = service.best_locale(ask.language) or service.best_locale(company.locale) or i18n.DEFAULT_LOCALE
    with i18n.use_locale(locale):
        row.wording = ask.wording or default_wording(company.name)
    row.address, row.token_hash, row.locale = ask.address, token_hash(token), locale
    row.via, row.source, row.proof = ask.via, ask.source[:200], dict(ask.proof)
    row.first_name, row.last_name = ask.first_name, ask.last_name
    row.asked_at, row.expires_at, row.confirmed_at = now, now + LIFETIME, None
    session.add(row)
    session.flush()
    base = company.public_url or settings_of(session).base_url
    submit_system_email(
        session,
        company_id=company_of(session),
        template="opt_in",
        recipient=ask.address,
        params={"company": company.name, "url": f"{base}/confirm/{token}", "days": str(LIFETIME.days)},
        locale=locale,
    )


def _note(session: Session, ask: OptInAsk, standing: Standing) -> None:
    """Write down that somebody was asked; what they said before stays what counts."""
    contact = people.contact_by_email(session, ask.address_key)
    contact_id = contact.id if contact is not None else None
    if standing.state is None:
        entry = ConsentEntry(
            channel=CHANNEL, address_key=ask.address_key, state=ConsentState.REQUESTED, contact_id=contact_id,
            source=ask.source[:200], proof=ask.proof,
        )  # fmt: skip
        consent.record(session, entry, actor=ask.by)
        return
    properties = {"basis": "", "source": ask.source[:200], "wording": "", "proof": dict(ask.proof)}
    fact = NewFact(
        kind="consent.requested", contact_id=contact_id, channel=CHANNEL, actor=ask.by, properties=properties
    )
    facts.record(session, fact)


def _welcome(session: Session, row: OptIn, address: str) -> None:
    """Make the contact of somebody who came by the form, and take the mark off one who was there before."""
    if row.via != "form":
        confirmed.settle(session, row.address_key)
        return
    form = queries.subscribe_form(session)
    names = {"first_name": row.first_name, "last_name": row.last_name}
    confirmed.subscribed(
        session, row.address, names, source=row.source, list_id=form.list_id if form is not None else "",
        address=address, dedup_key=f"opt_in:{row.id}:{row.token_hash[:32]}",
    )  # fmt: skip


def _has_left(standing: Standing) -> bool:
    return standing.suppressed is SuppressionReason.UNSUBSCRIBED or standing.state is ConsentState.WITHDRAWN


def _is_open(row: OptIn) -> bool:
    return row.confirmed_at is None and row.expires_at > clock.now()
