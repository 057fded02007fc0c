"""The consent that comes with a file: a yes never undoes a no, a no always counts."""

from __future__ import annotations

from sqlalchemy.orm import Session

from lux.gate import consent
from lux.gate.consent import ConsentEntry, ConsentState, SuppressionReason
from lux.rooms.contacts.importing.chunk import Chunk
from lux.rooms.contacts.importing.plan import CONSENT_COLUMN, CONSENT_DECLARED, CONSENT_NONE, SKIP, proof
from lux.rooms.contacts.importing.rows import Candidate

CHANNEL = "email"


def write(session: Session, chunk: Chunk) -> None:
    """Record what the rows say about e-mail, with file, line and wording as proof."""
    options = chunk.options
    if options.consent == CONSENT_NONE:
        return
    met = [one for one, _row, _changes in chunk.met]
    everyone = [one for one, _public_id in chunk.new] + met
    said_no = [one for one in everyone if one.email_key and one.consent is False]
    open_to_yes = everyone if options.duplicates != SKIP else everyone[: len(chunk.new)]
    is_declared = options.consent == CONSENT_DECLARED
    said_yes = [one for one in open_to_yes if one.email_key and (is_declared or one.consent)]
    # what an address said before stays: a withdrawal is never overruled by a list
    yes = [_entry(chunk, one, ConsentState.GIVEN) for one in said_yes]
    chunk.counts["consents"] = consent.record_many(session, yes, actor=chunk.actor, keep_existing=True)
    _write_no(session, chunk, said_no)


def _write_no(session: Session, chunk: Chunk, said_no: list[Candidate]) -> None:
    keys = [one.email_key for one in said_no if one.email_key]
    before = consent.status(session, CHANNEL, keys) if keys else {}
    fresh = [one for one in said_no if before[one.email_key or ""].state is not ConsentState.WITHDRAWN]
    entries = [_entry(chunk, one, ConsentState.WITHDRAWN) for one in fresh]
    consent.record_many(session, entries, actor=chunk.actor)
    detail = chunk.entry.file_name
    consent.suppress_many(session, CHANNEL, [(key, SuppressionReason.IMPORTED, detail, None) for key in keys])


def _entry(chunk: Chunk, one: Candidate, state: ConsentState) -> ConsentEntry:
    options = chunk.options
    is_column = options.consent == CONSENT_COLUMN
    return ConsentEntry(
        channel=CHANNEL,
        address_key=one.email_key or "",
        state=state,
        contact_id=chunk.ids[one.line],
        basis=options.basis if state is ConsentState.GIVEN else "",
        source=chunk.entry.file_name[:200],
        wording=options.wording if state is ConsentState.GIVEN else "",
        proof=proof(chunk.entry, options, line=one.line, value=(one.consent_value or "") if is_column else None),
        at=one.consent_at or options.declared_at,
    )
