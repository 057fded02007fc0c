"""The consent that comes with a file: a yes never undoes a no, a no always counts."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.gate import consent, taken_back
from lux.gate.consent import ConsentEntry, ConsentState, SuppressionReason
from lux.rooms.contacts.importing.chunk import Chunk
from lux.rooms.contacts.importing.plan import (
    CONSENT_COLUMN,
    CONSENT_DECLARED,
    CONSENT_MOMENT,
    CONSENT_NONE,
    SKIP,
    proof,
)
from lux.rooms.contacts.importing.rows import Candidate, No
from lux.rooms.contacts.models import Contact

CHANNEL: Final = "email"
UNDONE: Final = "import_undone"  # basis of a withdrawal that only says: the import was a mistake


def write(session: Session, chunk: Chunk) -> None:
    """Record what the rows say about e-mail, with file, line and wording as proof."""
    if chunk.options.consent != CONSENT_NONE:
        _write_yes(session, chunk)
    _write_no(session, chunk)


def _write_yes(session: Session, chunk: Chunk) -> None:
    new = [one for one, _public_id in chunk.new]
    met = [one for one, row, _changes in chunk.met if chunk.options.duplicates != SKIP or row.id in chunk.revived]
    yes = [_yes(chunk, one) for one in [*new, *met] if one.email_key and one.no is None and _says_yes(chunk, one)]
    # what an address said before stays: a withdrawal is never overruled by a list; an undone import never spoke
    undone = taken_back.said_on_basis(session, CHANNEL, [one.address_key for one in yes], UNDONE)
    again = [one for one in yes if one.address_key in undone]
    first = [one for one in yes if one.address_key not in undone]
    written = consent.record_each(session, first, actor=chunk.actor, keep_existing=True)
    written += consent.record_each(session, again, actor=chunk.actor)
    chunk.consented.update(one.contact_id for one in written if one.contact_id is not None)
    chunk.counts["consents"] = len(written)


def _says_yes(chunk: Chunk, one: Candidate) -> bool:
    if chunk.options.consent == CONSENT_MOMENT:
        return one.consent_at is not None
    return chunk.options.consent == CONSENT_DECLARED or bool(one.consent)


def _write_no(session: Session, chunk: Chunk) -> None:
    """Block whom any row of the file forbids to write to, also a row that is refused or a repeat."""
    written = [one for one, _rest in chunk.new] + [one for one, _row, _changes in chunk.met]
    noes = [one.no for one in written if one.no] + [one.no for one in chunk.rejections if one.no]
    if not noes:
        return
    by_key = {no.email_key: no for no in noes}
    values = {one.email_key: one.consent_value for one in written if one.email_key}
    people = _contact_ids(session, list(by_key))
    before = consent.status(session, CHANNEL, list(by_key))
    gone = [
        no
        for key, no in by_key.items()
        if no.reason is not SuppressionReason.BOUNCED and before[key].state is not ConsentState.WITHDRAWN
    ]
    entries = [_no(chunk, no, people.get(no.email_key), values.get(no.email_key)) for no in gone]
    consent.record_many(session, entries, actor=chunk.actor)
    detail = chunk.entry.file_name
    consent.suppress_many(session, CHANNEL, [(key, no.reason, detail, None) for key, no in by_key.items()])
    chunk.withdrawn.update(no.email_key for no in gone if before[no.email_key].state is ConsentState.GIVEN)
    chunk.blocked.update(key for key in by_key if before[key].suppressed is None)
    chunk.counts["blocked"] = len(chunk.blocked)


def _contact_ids(session: Session, keys: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(keys), 1000):
        query = select(Contact.email_key, Contact.id).where(Contact.email_key.in_(keys[start : start + 1000]))
        found.update((row.email_key or "", row.id) for row in session.execute(query))
    return found


def _yes(chunk: Chunk, one: Candidate) -> ConsentEntry:
    options = chunk.options
    value = (one.consent_value or "") if options.consent == CONSENT_COLUMN else None
    return ConsentEntry(
        channel=CHANNEL,
        address_key=one.email_key or "",
        state=ConsentState.GIVEN,
        contact_id=chunk.ids[one.line],
        basis=options.basis,
        source=chunk.entry.file_name[:200],
        wording=options.wording,
        proof=proof(chunk.entry, options, line=one.line, value=value, ip=one.consent_ip),
        at=one.consent_at or options.declared_at,
    )


def _no(chunk: Chunk, no: No, contact_id: int | None, value: str | None) -> ConsentEntry:
    return ConsentEntry(
        channel=CHANNEL,
        address_key=no.email_key,
        state=ConsentState.WITHDRAWN,
        contact_id=contact_id,
        source=chunk.entry.file_name[:200],
        proof=proof(chunk.entry, chunk.options, line=no.line, value=value),
    )
