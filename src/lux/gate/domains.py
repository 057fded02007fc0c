"""Sending domains: a DKIM key in the vault, the DNS records to copy, and looking whether they are there."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.gate import senders
from lux.gate.parties import SendingDomain
from lux.identity.access import Person, Right
from lux.identity.trail import note
from lux.kit import clock
from lux.kit.addresses import parse_email
from lux.kit.db.session import company_of, settings_of
from lux.kit.errors import InvalidInput, NotFound
from lux.kit.i18n import gettext as _
from lux.ledger.audit import Actor
from lux.vault.secrets import SecretView, Vault

if TYPE_CHECKING:
    from lux.kit.db import Database
    from lux.kit.settings import Settings

KEY_BITS: Final = 2048
MAX_DOMAIN: Final = 240
PRIVATE_KEY: Final = "private_key"


@dataclass(frozen=True, kw_only=True)
class DnsRecord:
    """One record to copy, and what was seen of it."""

    key: str  # dkim | spf | dmarc
    name: str  # the host part
    value: str
    is_ok: bool | None  # None = not looked at yet, or it could not be looked up
    found: str = ""
    hint: str = ""


def listing(session: Session) -> Sequence[SendingDomain]:
    """Return the company's sending domains by name."""
    return session.scalars(select(SendingDomain).order_by(SendingDomain.domain)).all()


def by_public_id(session: Session, public_id: uuid.UUID) -> SendingDomain:
    """Return a sending domain of the company; raises NotFound."""
    found = session.scalars(select(SendingDomain).where(SendingDomain.public_id == public_id)).one_or_none()
    if found is None:
        raise NotFound(_("This domain does not exist (any more)."))
    return found


def integration_of(domain: str) -> str:
    """Return the name under which a domain's private key lies in the vault."""
    return f"dkim:{domain}"


def add(session: Session, person: Person, name: str) -> SendingDomain:
    """Add a domain and make its key; raises InvalidInput naming `domain`, VaultLocked."""
    person.require(Right.MANAGE)
    domain = checked_domain(name)
    if session.scalar(select(SendingDomain.id).where(SendingDomain.domain == domain)) is not None:
        raise InvalidInput(field="domain", message=_("This domain is in the list already."))
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    Vault(settings_of(session)).store(
        session,
        integration=integration_of(domain),
        name=PRIVATE_KEY,
        value=private.decode(),
        actor=Actor(type="person", id=person.user_id),
    )
    row = SendingDomain(
        domain=domain, selector=f"lux{secrets.token_hex(3)}", public_key=base64.b64encode(public).decode()
    )
    session.add(row)
    session.flush()
    note(session, company_of(session), person, "domain.added", about=("domain", row.public_id))
    return row


def key_seen(session: Session, row: SendingDomain) -> SecretView | None:
    """Return what may be seen of a domain's key."""
    return Vault(settings_of(session)).describe(session, integration_of(row.domain)).get(PRIVATE_KEY)


def remove(session: Session, person: Person, public_id: uuid.UUID) -> None:
    """Remove a domain and destroy its key; mails are no longer signed for it."""
    person.require(Right.MANAGE)
    row = by_public_id(session, public_id)
    actor = Actor(type="person", id=person.user_id)
    Vault(settings_of(session)).delete(session, integration=integration_of(row.domain), name=PRIVATE_KEY, actor=actor)
    note(session, company_of(session), person, "domain.removed", about=("domain", row.public_id))
    session.delete(row)
    session.flush()


def records(row: SendingDomain) -> Sequence[DnsRecord]:
    """Return the records to copy, with what the last look found."""
    dkim = f"v=DKIM1; k=rsa; p={row.public_key}"
    return [
        _record(row, "dkim", f"{row.selector}._domainkey.{row.domain}", dkim),
        _record(row, "spf", row.domain, "v=spf1 mx a ~all"),
        _record(row, "dmarc", f"_dmarc.{row.domain}", "v=DMARC1; p=none"),
    ]


def check(db: Database, settings: Settings, company_id: int, public_id: uuid.UUID) -> Mapping[str, Any]:
    """Look the records up now, keep what was found, and take the domain's senders as proven when the key is there.

    It takes the database: no transaction is open while name servers are waited for.
    """
    from lux.net import dns

    with db.read(company_id) as session:
        row = by_public_id(session, public_id)
    checks = judge(row, {record.key: dns.txt(record.name, settings.dns_servers) for record in records(row)})
    with db.begin(company_id) as session:
        fresh = by_public_id(session, public_id)
        fresh.checks, fresh.checked_at = dict(checks), clock.now()
        session.flush()
        if checks["dkim"]["ok"]:
            senders.prove_domain(session, fresh.domain)
    return checks


def judge(row: SendingDomain, found: Mapping[str, Sequence[str] | None]) -> dict[str, dict[str, Any]]:
    """Say what the TXT records found mean; None = the name servers did not answer."""
    return {
        "dkim": _judge_dkim(row, found["dkim"]),
        "spf": _judge_spf(found["spf"]),
        "dmarc": _judge_dmarc(found["dmarc"]),
    }


def checked_domain(name: str) -> str:
    """Return a domain in punycode, lower case; raises InvalidInput naming `domain`."""
    text = name.strip().removeprefix("@").rstrip(".")
    try:
        domain = parse_email(f"postmaster@{text}", field="domain").domain
    except InvalidInput as error:
        raise InvalidInput(
            field="domain",
            message=_("“%(name)s” is not a domain.", name=text[:80]),
            fix=_("Enter what stands behind the @ of your addresses, like example.com."),
        ) from error
    if len(domain) > MAX_DOMAIN:
        raise InvalidInput(field="domain", message=_("This domain is too long."))
    return domain


def _record(row: SendingDomain, key: str, name: str, value: str) -> DnsRecord:
    seen: Mapping[str, Any] = row.checks.get(key) or {}
    return DnsRecord(
        key=key, name=name, value=value, is_ok=seen.get("ok"), found=seen.get("found", ""), hint=seen.get("hint", "")
    )


def _judge_dkim(row: SendingDomain, found: Sequence[str] | None) -> dict[str, Any]:
    if found is None:
        return _unanswered()
    keys = [text for text in found if "p=" in text]
    for text in keys:
        parts = dict(part.strip().split("=", 1) for part in text.split(";") if "=" in part)
        if parts.get("p", "").replace(" ", "") == row.public_key:
            return {"ok": True, "found": text, "hint": ""}
    hint = _("There is another key. Replace it by the value above.") if keys else _("Nothing is there yet.")
    return {"ok": False, "found": " ".join(keys), "hint": hint}


def _judge_spf(found: Sequence[str] | None) -> dict[str, Any]:
    if found is None:
        return _unanswered()
    policies = [text for text in found if text.lower().split(" ", 1)[0] == "v=spf1"]
    if len(policies) > 1:
        hint = _("There are several SPF records; only one is allowed. Merge them into one.")
        return {"ok": False, "found": " | ".join(policies), "hint": hint}
    if not policies:
        hint = _("Nothing is there yet. Your mail provider says which include: belongs into it.")
        return {"ok": False, "found": "", "hint": hint}
    hint = _("Make sure that it names your mail provider: LUX can’t see that from outside.")
    return {"ok": True, "found": policies[0], "hint": hint}


def _judge_dmarc(found: Sequence[str] | None) -> dict[str, Any]:
    if found is None:
        return _unanswered()
    policies = [text for text in found if text.upper().startswith("V=DMARC1")]
    if len(policies) == 1:
        return {"ok": True, "found": policies[0], "hint": ""}
    hint = _("Nothing is there yet.") if not policies else _("There are several; only one is allowed.")
    return {"ok": False, "found": " | ".join(policies), "hint": hint}


def _unanswered() -> dict[str, Any]:
    return {"ok": None, "found": "", "hint": _("The name servers did not answer. Try again in a minute.")}
