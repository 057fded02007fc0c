"""Records consent, or its withdrawal, for a chunk of contacts; taking it back is a new statement, proof stays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lux.gate import consent
from lux.gate.consent import ConsentEntry, ConsentState, Standing, SuppressionReason
from lux.rooms.contacts.models import Contact
from lux.rooms.segments.bulk.plan import Marks
from lux.rooms.segments.bulk.steps import Work

TAKEN_BACK: Final = "taken_back"  # basis of a statement that took a bulk action back: nobody said no


def give(work: Work, contacts: Sequence[Contact]) -> Marks:
    """Record a yes for those who were not asked or have not answered; a no, and a block, stand."""
    marks, channel = Marks(), work.args["channel"]
    by_key = _by_key(work, contacts, marks)
    entries = []
    for key, standing in consent.status(work.session, channel, list(by_key)).items():
        said_no = standing.state is ConsentState.WITHDRAWN and standing.basis != TAKEN_BACK
        if said_no or standing.suppressed is not None:
            marks.skipped.add(by_key[key].id)
        elif standing.state is not ConsentState.GIVEN:
            entries.append(_entry(work, key, by_key[key], ConsentState.GIVEN, basis=work.args["basis"]))
            marks.changed[by_key[key].id] = (_stored(standing, key), {"source": source_of(work)})
    consent.record_many(work.session, entries, actor=work.actor)
    return marks


def withdraw(work: Work, contacts: Sequence[Contact]) -> Marks:
    """Record a no for those who said yes or were asked, and block their addresses; the others have said nothing."""
    marks, channel = Marks(), work.args["channel"]
    by_key = _by_key(work, contacts, marks)
    entries = []
    for key, standing in consent.status(work.session, channel, list(by_key)).items():
        if standing.state in {ConsentState.GIVEN, ConsentState.REQUESTED}:
            entries.append(_entry(work, key, by_key[key], ConsentState.WITHDRAWN))
            marks.changed[by_key[key].id] = (_stored(standing, key), {"source": source_of(work)})
    consent.record_many(work.session, entries, actor=work.actor)
    consent.suppress_many(
        work.session,
        channel,
        [(entry.address_key, SuppressionReason.UNSUBSCRIBED, source_of(work), None) for entry in entries],
    )
    return marks


def undo_give(work: Work, marks: Mapping[int, tuple[dict[str, Any], dict[str, Any]]]) -> set[int]:
    """Say for each that the yes was recorded by mistake; who was asked before is asked still."""
    return _take_back(work, marks, ConsentState.GIVEN)


def undo_withdraw(work: Work, marks: Mapping[int, tuple[dict[str, Any], dict[str, Any]]]) -> set[int]:
    """Say for each that the no was recorded by mistake, with the proof that stood before, and lift our own block."""
    return _take_back(work, marks, ConsentState.WITHDRAWN)


def source_of(work: Work) -> str:
    """Return how statements of this action are known again."""
    return f"bulk {work.public_id}"


def _take_back(
    work: Work, marks: Mapping[int, tuple[dict[str, Any], dict[str, Any]]], written: ConsentState
) -> set[int]:
    channel = work.args["channel"]
    by_key = {before["key"]: (contact_id, before) for contact_id, (before, _after) in marks.items()}
    undone: set[int] = set()
    entries = []
    for key, standing in consent.status(work.session, channel, list(by_key)).items():
        contact_id, before = by_key[key]
        if standing.state is not written or standing.source != source_of(work):
            continue  # somebody has said something since
        undone.add(contact_id)
        entries.append(_former(work, key, contact_id, before))
        if standing.suppressed_detail == source_of(work) and written is ConsentState.WITHDRAWN:
            consent.release(work.session, channel=channel, address_key=key)
    consent.record_many(work.session, entries, actor=work.actor)
    return undone


def _former(work: Work, key: str, contact_id: int, before: Mapping[str, Any]) -> ConsentEntry:
    """Return the statement that says again what stood before; where nothing stood, that nothing was said."""
    state = ConsentState(before["state"]) if before["state"] else ConsentState.WITHDRAWN
    taken_back = {"taken_back": source_of(work), "reason": work.reason, "by": work.actor}
    is_restated = bool(before["state"])
    return ConsentEntry(
        channel=work.args["channel"],
        address_key=key,
        contact_id=contact_id,
        state=state,
        basis=before["basis"] if is_restated else TAKEN_BACK,
        source=before["source"] if is_restated else f"undo of {source_of(work)}",
        wording=before["wording"] if is_restated else work.reason,
        proof={**before["proof"], **taken_back} if is_restated else taken_back,
        at=dt.datetime.fromisoformat(before["at"]) if before["at"] else work.now,
    )


def _by_key(work: Work, contacts: Sequence[Contact], marks: Marks) -> dict[str, Contact]:
    """Return address → the one contact that speaks for it; those without an address are skipped."""
    found: dict[str, Contact] = {}
    for one in contacts:
        key = one.phone if work.args["channel"] == "sms" else one.email_key
        if key is None:
            marks.skipped.add(one.id)
        else:
            found.setdefault(key, one)
    return found


def _entry(work: Work, key: str, contact: Contact, state: ConsentState, *, basis: str = "") -> ConsentEntry:
    return ConsentEntry(
        channel=work.args["channel"],
        address_key=key,
        contact_id=contact.id,
        state=state,
        basis=basis,
        source=source_of(work),
        wording=work.args.get("wording", ""),
        proof={"reason": work.args["reason"], "by": work.actor, "entered_at": work.now.isoformat(timespec="seconds")},
        at=work.now,
    )


def _stored(standing: Standing, key: str) -> dict[str, Any]:
    return {
        "key": key,
        "state": standing.state.value if standing.state else "",
        "basis": standing.basis,
        "source": standing.source,
        "wording": standing.wording,
        "proof": dict(standing.proof),
        "at": standing.at.isoformat() if standing.at else "",
    }
