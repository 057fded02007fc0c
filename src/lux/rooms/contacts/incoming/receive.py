"""Makes or changes the one contact a delivery is about: nobody twice, nothing erased, no consent invented."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from lux.gate import consent, ownership
from lux.gate.consent import ConsentEntry, ConsentState
from lux.kit import clock
from lux.kit.errors import Conflict
from lux.kit.i18n import gettext as _
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.ports.contributions import installed
from lux.ports.opt_in import OptInAsk, OptInOutcome
from lux.rooms.contacts.incoming.rules import OPT_IN_NEEDED, Rule, first_fit, risen
from lux.rooms.contacts.models import Contact
from lux.rooms.contacts.queries import people
from lux.rooms.contacts.service import edit, tagging

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.rooms.contacts.incoming.reading import Delivered

ACTOR: Final = "zapier"
CHANNEL: Final = "email"
_NAMES: Final = frozenset({"first_name", "last_name", "organisation"})


@dataclass(frozen=True, kw_only=True)
class Proof:
    """How a delivery came, kept beside a consent and in the ledger."""

    key: str  # public id of the API key
    address: str  # of the program that sent it
    dedup_key: str  # the same delivery again has the same
    via: str = ACTOR


@dataclass(frozen=True, kw_only=True)
class Received:
    """What became of a delivery."""

    contact: Contact
    is_new: bool
    changed: Sequence[str]
    tags: Sequence[str]  # all that the contact has now
    is_mailable: bool
    opt_in: OptInOutcome | None  # what came of asking them; None = they need not be asked
    list_name: str  # the list it was put on, "" = none
    ignored: Sequence[str]

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return 201 if self.is_new else 200

    @property
    def outcome(self) -> str:
        """Return `created` or `updated`."""
        return "created" if self.is_new else "updated"

    def answer(self) -> dict[str, object]:
        """Return the flat answer, whose fields later steps of a Zap can use."""
        return {
            "id": str(self.contact.public_id),
            "status": self.outcome,
            "changed": list(self.changed),
            "email": self.contact.email or "",
            "lifecycle": self.contact.lifecycle.value,
            "tags": list(self.tags),
            "list": self.list_name,
            "mailable": self.is_mailable,
            "double_opt_in_needed": self.opt_in is not None,
            "double_opt_in": self.opt_in.value if self.opt_in is not None else OptInOutcome.NOT_NEEDED.value,
            "ignored_fields": list(self.ignored),
        }


def receive(session: Session, delivered: Delivered, rules: Sequence[Rule], proof: Proof) -> Received:
    """Create or update the contact of an address; raises Conflict when it lies in the trash."""
    rule = first_fit(rules, delivered.source)
    contact, is_new = _contact(session, delivered, rule)
    if contact.trashed_at is not None:
        raise Conflict(
            _("This contact is in the trash."), fix=_("Restore it in LUX, then deliver again."), field="email"
        )
    changed = [] if is_new else _change(session, contact, delivered, rule)
    properties = {"via": proof.via, "source": delivered.source}
    if is_new or changed:
        kind = "contact.created" if is_new else "contact.updated"
        more = {} if is_new else {"fields": changed, "version": contact.version}
        facts.record(session, NewFact(kind=kind, contact_id=contact.id, actor=proof.via, properties=properties | more))
    needs_opt_in = _consent(session, contact, delivered, rule, proof)
    _tag(session, contact, [*delivered.tags, *([rule.tag] if rule.tag else [])], needs_opt_in=needs_opt_in)
    list_name = _put_on_list(session, contact, rule)
    _note(session, contact, properties | {"form": proof.via, "key": proof.key}, proof)
    edit.touch(session, [contact.id])
    standing = consent.status(session, CHANNEL, [str(contact.email_key)])[str(contact.email_key)]
    return Received(
        contact=contact,
        is_new=is_new,
        changed=changed,
        tags=[tag.name for tag in people.tags_of(session, [contact.id]).get(contact.id, [])],
        is_mailable=standing.is_mailable,
        opt_in=_ask(session, contact, delivered, proof) if needs_opt_in else None,
        list_name=list_name,
        ignored=delivered.ignored,
    )


def _contact(session: Session, delivered: Delivered, rule: Rule) -> tuple[Contact, bool]:
    """Return the contact, locked, and whether it was made now; of two deliveries at once, the second finds it."""
    look = select(Contact).where(Contact.email_key == delivered.email.key).with_for_update()
    look = look.execution_options(populate_existing=True)
    found = session.scalar(look)
    if found is not None:
        return found, False
    made = Contact(
        email=delivered.email.text,
        email_key=delivered.email.key,
        attrs=dict(delivered.attrs),
        lifecycle=rule.lifecycle,
        **delivered.fields,
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        return session.scalars(look).one(), False
    edit.write_words(session, made)
    for key in (made.email_key, made.phone):
        if key:
            ownership.link_contact(session, key, made.id)
    return made, True


def _change(session: Session, contact: Contact, delivered: Delivered, rule: Rule) -> list[str]:
    wanted: dict[str, Any] = dict(delivered.fields)
    if contact.source:
        wanted.pop("source", None)  # where somebody came from first stays
    wanted["lifecycle"] = risen(contact.lifecycle, rule.lifecycle)
    changed = sorted(name for name, value in wanted.items() if getattr(contact, name) != value)
    for name in changed:
        setattr(contact, name, wanted[name])
    attrs = {**contact.attrs, **delivered.attrs}
    fields = sorted(key for key, value in delivered.attrs.items() if contact.attrs.get(key) != value)
    if fields:
        contact.attrs = attrs
    if not changed and not fields:
        return []
    contact.updated_at, contact.version = clock.now(), contact.version + 1
    session.flush()
    if _NAMES.intersection(changed):
        edit.write_words(session, contact)
    if "phone" in changed and contact.phone:
        ownership.link_contact(session, contact.phone, contact.id)
    return changed + [f"field_{key}" for key in fields]


def _consent(session: Session, contact: Contact, delivered: Delivered, rule: Rule, proof: Proof) -> bool:
    """Record a yes that names its source and meets no earlier no; returns whether a double opt-in is still needed."""
    key = str(contact.email_key)
    standing = consent.status(session, CHANNEL, [key])[key]
    source = delivered.consent_source or delivered.source
    has_refused = standing.state is ConsentState.WITHDRAWN or standing.suppressed is not None
    if standing.is_mailable:
        return False
    if not delivered.consent or not source or has_refused:
        return bool(delivered.consent) or rule.needs_opt_in
    entry = ConsentEntry(
        channel=CHANNEL,
        address_key=key,
        state=ConsentState.GIVEN,
        contact_id=contact.id,
        basis="opt_in",
        source=source[:200],
        wording=delivered.consent_text,
        proof={"via": ACTOR, "key": proof.key, "ip": proof.address, "source": source},
    )
    consent.record(session, entry, actor=ACTOR)
    return False


def _ask(session: Session, contact: Contact, delivered: Delivered, proof: Proof) -> OptInOutcome:
    """Start the double opt-in: one mail asks them, and their own answer counts."""
    ask = OptInAsk(
        address=str(contact.email),
        address_key=str(contact.email_key),
        via=proof.via,
        source=(delivered.consent_source or delivered.source or proof.via)[:200],
        language=contact.language or "",
        proof={"via": proof.via, "key": proof.key, "ip": proof.address},
        says_yes=bool(delivered.consent),
    )
    found = [one.start(session, ask) for one in installed().opt_ins]
    return found[0] if found else OptInOutcome.BUSY


def _tag(session: Session, contact: Contact, names: Iterable[str], *, needs_opt_in: bool) -> None:
    wanted = [*names, *([OPT_IN_NEEDED] if needs_opt_in else [])]
    for tag in tagging.ensure(session, wanted):
        tagging.add_tag(session, [contact.id], tag, None)
    if not needs_opt_in:
        unmark(session, contact)


def unmark(session: Session, contact: Contact) -> None:
    """Take off the mark of those whose confirmation is waited for."""
    for tag in people.tags_of(session, [contact.id]).get(contact.id, []):
        if tag.name_key == OPT_IN_NEEDED:
            tagging.remove_tag(session, [contact.id], tag, None)


def _put_on_list(session: Session, contact: Contact, rule: Rule) -> str:
    if not rule.list_id:
        return ""
    for lists in installed().contact_lists:
        name = lists.add(session, rule.list_id, [contact.id])
        if name:
            return name
    return ""


def _note(session: Session, contact: Contact, properties: Mapping[str, Any], proof: Proof) -> None:
    """Write that somebody was delivered: what automations start by; the same delivery again is the same fact."""
    fact = NewFact(
        kind="form.submitted",
        contact_id=contact.id,
        channel="web",
        actor=proof.via,
        properties=properties,
        dedup_key=proof.dedup_key,
        human="yes",
    )
    try:
        with session.begin_nested():
            facts.record(session, fact)
    except IntegrityError:  # the same delivery at the same moment
        return
