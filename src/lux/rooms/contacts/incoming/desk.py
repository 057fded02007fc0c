"""The page's side of deliveries: keys, rules, a test that leaves nothing behind, and what came lately."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import rfc8785
from sqlalchemy import delete

from lux.identity import api_keys
from lux.identity.access import Person, Right
from lux.identity.api_keys import Scope
from lux.identity.models import ApiKey
from lux.identity.trail import note
from lux.kit import clock
from lux.kit.db.session import company_of
from lux.kit.errors import Conflict, LuxError
from lux.kit.i18n import gettext as _
from lux.ports.opt_in import OptInOutcome
from lux.rooms.contacts.incoming import reading, rules
from lux.rooms.contacts.incoming.receive import Proof, Received, receive
from lux.rooms.contacts.incoming.rules import Rule
from lux.rooms.contacts.models import IncomingDelivery, IncomingSetup
from lux.rooms.contacts.queries import incoming as queries
from lux.rooms.contacts.queries import tables
from lux.rooms.contacts.service.origin import region_of_company

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.db import Database

KEPT: Final = 200  # deliveries per company that the page can tell of
SAMPLE: Final[dict[str, Any]] = {
    "email": "ada.sample@example.com",
    "first_name": "Ada",
    "last_name": "Sample",
    "phone": "+44 20 7946 0958",
    "source": "Website newsletter",
    "tags": ["website"],
    "consent": True,
    "custom_fields": {},
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the sender of a delivery is told."""

    status: int
    body: Mapping[str, object]


def rules_of(session: Session) -> tuple[Sequence[Rule], int]:
    """Return the company's rules in order, and their version; 0 = the defaults."""
    setup = queries.setup(session)
    return (rules.from_stored(setup.rules), setup.version) if setup else (rules.DEFAULTS, 0)


def save_rules(session: Session, person: Person, wanted: Sequence[Rule], *, version: int) -> None:
    """Replace the rules; raises Conflict when somebody else changed them since they were shown."""
    person.require(Right.MANAGE)
    setup = queries.setup(session, lock=True)
    if (setup.version if setup else 0) != version:
        raise Conflict(_("Somebody changed the rules in the meantime."), fix=_("Load the page again."))
    if setup is None:
        setup = IncomingSetup(version=0)
        session.add(setup)
    setup.rules, setup.version, setup.changed_at = [rule.stored() for rule in wanted], version + 1, clock.now()
    session.flush()
    note(session, company_of(session), person, "incoming.rules_changed", detail={"rules": len(wanted)})


def keys(session: Session) -> Sequence[ApiKey]:
    """Return the keys that programs deliver with, those that work first."""
    return [key for key in api_keys.listing(session) if Scope.ZAPIER in api_keys.scopes_of(key)]


def issue_key(session: Session, person: Person, name: str) -> str:
    """Make a key for deliveries; returns it, this once."""
    return api_keys.issue(session, name=name, scopes=[Scope.ZAPIER], by=person)[1]


def rotate_key(session: Session, person: Person, public_id: uuid.UUID) -> str:
    """Give a key a new secret; returns it, this once. The earlier one works for 24 hours more."""
    return api_keys.rotate(session, api_keys.get(session, public_id), by=person)[1]


def revoke_key(session: Session, person: Person, public_id: uuid.UUID) -> None:
    """End a key at once."""
    api_keys.revoke(session, api_keys.get(session, public_id), by=person)


def take(
    db: Database, key: ApiKey, read: Callable[[], dict[str, Any]], *, address: str, repeat_key: str = ""
) -> Answer:
    """Carry out one delivery and note what became of it; raises LuxError.

    `read` returns the fields of the body; `repeat_key` is what the sender calls the delivery, "" = nothing.
    """
    try:
        payload = read()
        with db.begin(key.company_id) as session:
            proof = Proof(key=str(key.public_id), address=address, dedup_key=_dedup_key(key, payload, repeat_key))
            received = _received(session, payload, proof)
            _write(session, key.name, received=received)
            return Answer(status=received.status, body=received.answer())
    except LuxError as error:
        with db.begin(key.company_id) as session:
            _write(session, key.name, error=error)
        raise


def try_out(db: Database, person: Person) -> Received | LuxError:
    """Run the sample through the same code and take everything back; only the line in the list of deliveries stays."""
    person.require(Right.MANAGE)
    company_id = person.company_id or 0
    session = db.session(company_id)
    found: Received | LuxError
    try:
        proof = Proof(key="test", address="", dedup_key=f"{rules.OPT_IN_NEEDED}:{uuid.uuid4()}")
        found = _received(session, SAMPLE, proof)
        session.expunge(found.contact)
    except LuxError as error:
        found = error
    finally:
        session.rollback()
        session.close()
    with db.begin(company_id) as writing:
        if isinstance(found, LuxError):
            _write(writing, "", error=found, is_test=True)
        else:
            _write(writing, "", received=found, is_test=True)
    return found


def _received(session: Session, payload: dict[str, Any], proof: Proof) -> Received:
    delivered = reading.read(payload, tables.custom_fields(session), region_of_company(session))
    return receive(session, delivered, rules_of(session)[0], proof)


def _dedup_key(key: ApiKey, payload: dict[str, Any], repeat_key: str) -> str:
    """Return what two deliveries of the same thing share: the sender's own name for it, else the body and the day."""
    try:
        body = rfc8785.dumps(payload)
    except (rfc8785.CanonicalizationError, RecursionError, UnicodeError):
        body = repr(payload).encode("utf-8", "replace")
    what = repeat_key.encode() if repeat_key else body + clock.now().date().isoformat().encode()
    return f"incoming:{key.id}:{hashlib.sha256(what).hexdigest()}"


def _write(
    session: Session, key_name: str, *, received: Received | None = None, error: LuxError | None = None,
    is_test: bool = False,
) -> None:  # fmt: skip
    row = IncomingDelivery(key_name=key_name, is_test=is_test, status=0, outcome="refused")
    if received is not None:
        row.status, row.outcome = received.status, received.outcome
        row.contact_public_id = None if is_test else received.contact.public_id
        row.reason = _told(received)[:500]
    if error is not None:
        row.status = error.status
        row.reason = (", ".join(p.field for p in error.problems) or error.message)[:500]
    session.add(row)
    session.flush()
    oldest = session.scalar(queries.beyond_newest(KEPT))
    if oldest is not None:
        session.execute(
            delete(IncomingDelivery).where(IncomingDelivery.id <= oldest).execution_options(synchronize_session=False)
        )


def _told(received: Received) -> str:
    if received.opt_in is not None:
        return _asked(received.opt_in)
    if not received.is_new and not received.changed:
        return _("Nothing was different.")
    return ""


def _asked(outcome: OptInOutcome) -> str:
    return {
        OptInOutcome.SENT: _("Not mailable yet: a mail asks them to confirm."),
        OptInOutcome.ASKED: _("Not mailable: they were asked to confirm not long ago."),
        OptInOutcome.NOT_NEEDED: "",
        OptInOutcome.REFUSED: _("Not mailable: they unsubscribed, and nothing says that they want mail again."),
        OptInOutcome.BLOCKED: _("Not mailable: their address is blocked."),
        OptInOutcome.BUSY: _("Not mailable: too many were asked within the hour; the next delivery asks them."),
    }[outcome]
