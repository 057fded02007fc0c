"""Who a company may write as: names and addresses, each proven by a mailed code or by the domain's records."""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import hmac
import secrets
import uuid
from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.gate.parties import Sender, SendingDomain
from lux.gate.submit import submit_system_email
from lux.identity import companies
from lux.identity.access import Person, Right
from lux.identity.trail import note
from lux.kit import clock, crypto
from lux.kit.addresses import parse_email
from lux.kit.db.session import company_of, settings_of
from lux.kit.errors import InvalidInput, NotFound, WrongState
from lux.kit.i18n import gettext as _
from lux.vault import accounts

CODE_LIFETIME: Final = dt.timedelta(minutes=30)
CODE_ATTEMPTS: Final = 5
BY_CODE, BY_DNS, BY_MAILBOX = "code", "dns", "mailbox"


class CodeOutcome(enum.Enum):
    """What a typed code led to."""

    VERIFIED = "verified"
    WRONG = "wrong"  # another try is possible
    GONE = "gone"  # too old, or too many tries: ask for a new one


def listing(session: Session) -> Sequence[Sender]:
    """Return the company's senders, the oldest first."""
    return session.scalars(select(Sender).order_by(Sender.id)).all()


def verified(session: Session) -> Sequence[Sender]:
    """Return the senders a campaign may be written as."""
    return session.scalars(select(Sender).where(Sender.verified_at.is_not(None)).order_by(Sender.id)).all()


def by_public_id(session: Session, public_id: uuid.UUID) -> Sender:
    """Return a sender of the company; raises NotFound."""
    found = session.scalars(select(Sender).where(Sender.public_id == public_id)).one_or_none()
    if found is None:
        raise NotFound(_("This sender does not exist (any more)."))
    return found


def add(session: Session, person: Person, *, name: str, email: str, reply_to: str = "") -> Sender:
    """Add a name and address, not yet proven; raises InvalidInput naming `email` or `reply_to`.

    An address in a domain whose records were seen is proven at once.
    """
    person.require(Right.MANAGE)
    address = parse_email(email)
    reply = parse_email(reply_to, field="reply_to").text if reply_to else ""
    if session.scalar(select(Sender.id).where(Sender.email_key == address.key)) is not None:
        raise InvalidInput(
            field="email",
            message=_("This address is in the list already."),
            fix=_("Remove it there first to give it another name."),
        )
    sender = Sender(name=name, email=address.text, email_key=address.key, reply_to=reply)
    if _is_proven(session, address.domain):
        sender.verified_at, sender.verified_by = clock.now(), BY_DNS
    session.add(sender)
    session.flush()
    _note(session, person, "sender.added", sender)
    return sender


def remove(session: Session, person: Person, public_id: uuid.UUID) -> None:
    """Remove a sender; campaigns that were to leave under it are held back by the gate."""
    person.require(Right.MANAGE)
    sender = by_public_id(session, public_id)
    _note(session, person, "sender.removed", sender)
    session.delete(sender)
    session.flush()


def send_code(session: Session, person: Person, public_id: uuid.UUID) -> Sender:
    """Mail a new code to the sender's address; an earlier one stops working. Raises RateLimitReached."""
    person.require(Right.MANAGE)
    sender = by_public_id(session, public_id)
    if sender.verified_at is not None:
        raise WrongState(_("This address is verified already."))
    code = f"{secrets.randbelow(1_000_000):06d}"
    sender.code_hash = _code_hash(session, sender, code)
    sender.code_expires_at = clock.now() + CODE_LIFETIME
    sender.code_attempts = 0
    session.flush()
    company = companies.current(session)
    submit_system_email(
        session,
        company_id=company.id,
        template="sender_code",
        recipient=sender.email,
        params={
            "code": code,
            "company": company.name,
            "sender": sender.email,
            "minutes": str(int(CODE_LIFETIME.total_seconds() // 60)),
        },
        locale=company.locale,
    )
    return sender


def confirm_code(session: Session, person: Person, public_id: uuid.UUID, code: str) -> CodeOutcome:
    """Compare a typed code. Commit whatever comes back: a wrong try counts."""
    person.require(Right.MANAGE)
    sender = session.scalars(select(Sender).where(Sender.public_id == public_id).with_for_update()).one_or_none()
    if sender is None:
        raise NotFound(_("This sender does not exist (any more)."))
    is_open = sender.code_expires_at is not None and sender.code_expires_at > clock.now()
    if not sender.code_hash or not is_open or sender.code_attempts >= CODE_ATTEMPTS:
        return CodeOutcome.GONE
    sender.code_attempts += 1
    typed = "".join(code.split())
    if not hmac.compare_digest(sender.code_hash, _code_hash(session, sender, typed)):
        session.flush()
        return CodeOutcome.WRONG if sender.code_attempts < CODE_ATTEMPTS else CodeOutcome.GONE
    # A code that the built-in mailbox kept proves nothing about the outside: it counts until real mail leaves.
    sender.verified_at, sender.verified_by = clock.now(), BY_MAILBOX if is_captured(session) else BY_CODE
    _forget_code(sender)
    session.flush()
    _note(session, person, "sender.verified", sender)
    return CodeOutcome.VERIFIED


def is_captured(session: Session) -> bool:
    """Say whether the built-in mailbox keeps the company's mail, codes too."""
    return accounts.default(session, "email") is None


def forget_captured(session: Session) -> int:
    """Ask for a new proof where only the built-in mailbox saw the code; returns of how many senders.

    Called when a company's mail begins to leave for real.
    """
    rows = [row for row in listing(session) if row.verified_by == BY_MAILBOX or row.code_hash]
    for row in rows:
        if row.verified_by == BY_MAILBOX:
            row.verified_at, row.verified_by = None, ""
        _forget_code(row)
    session.flush()
    return len(rows)


def prove_domain(session: Session, domain: str) -> int:
    """Take the senders of a domain as proven, because its records carry this company's key; returns how many."""
    rows = [row for row in listing(session) if row.email_key.endswith(f"@{domain}") and row.verified_by != BY_DNS]
    for row in rows:
        row.verified_at, row.verified_by = row.verified_at or clock.now(), BY_DNS
        _forget_code(row)
        _note(session, None, "sender.verified", row)
    session.flush()
    return len(rows)


def _is_proven(session: Session, domain: str) -> bool:
    row = session.scalars(select(SendingDomain).where(SendingDomain.domain == domain)).one_or_none()
    return row is not None and bool(row.checks.get("dkim", {}).get("ok"))


def _forget_code(sender: Sender) -> None:
    sender.code_hash, sender.code_expires_at, sender.code_attempts = "", None, 0


def _code_hash(session: Session, sender: Sender, code: str) -> str:
    """Return the code's keyed hash: six digits alone could be found by trying."""
    key = crypto.derive(crypto.app_secret(settings_of(session)), "sender-code")
    return hmac.new(key, f"{sender.company_id}:{sender.id}:{code}".encode(), hashlib.sha256).hexdigest()


def _note(session: Session, person: Person | None, action: str, sender: Sender) -> None:
    detail = {"by": sender.verified_by} if action == "sender.verified" else {}
    note(session, company_of(session), person, action, about=("sender", sender.public_id), detail=detail)
