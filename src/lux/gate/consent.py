"""Consent and suppression: what each address said about each channel, with its proof."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, Table, and_, delete, exists, select
from sqlalchemy.orm import Session

from lux.gate.parties import Consent, Suppression
from lux.gate.states import ConsentState, SuppressionReason
from lux.kit import clock
from lux.kit.db import upsert_rows
from lux.kit.db.session import company_of, dialect_of
from lux.ledger import facts
from lux.ledger.facts import NewFact

__all__ = ["ConsentState", "SuppressionReason"]

_COLUMNS = ("company_id", "channel", "address_key", "contact_id", "state", "basis", "source", "wording", "proof", "at")
_FACTS = {
    ConsentState.GIVEN: "consent.given",
    ConsentState.REQUESTED: "consent.requested",
    ConsentState.WITHDRAWN: "consent.withdrawn",
}


@dataclass(frozen=True, kw_only=True)
class ConsentEntry:
    """One statement about one channel, with its proof."""

    channel: str
    address_key: str
    state: ConsentState
    contact_id: int | None = None
    basis: str = ""  # opt_in | double_opt_in | contract | declared | ...
    source: str = ""  # form, file, person
    wording: str = ""  # what the person saw, or the declared basis
    proof: Mapping[str, Any] = field(default_factory=dict)  # address, browser, file, line
    at: dt.datetime | None = None  # when it was said; None = now


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is known of one address on one channel."""

    address_key: str
    state: ConsentState | None = None  # None = never asked
    basis: str = ""
    source: str = ""
    wording: str = ""
    proof: Mapping[str, Any] = field(default_factory=dict)
    at: dt.datetime | None = None
    suppressed: SuppressionReason | None = None
    suppressed_at: dt.datetime | None = None
    suppressed_detail: str = ""

    @property
    def is_mailable(self) -> bool:
        """Say whether a message may go there."""
        return self.state is ConsentState.GIVEN and self.suppressed is None


def record(session: Session, entry: ConsentEntry, *, actor: str = "system") -> None:
    """Write down one statement; the latest counts, the ledger keeps the history."""
    record_many(session, [entry], actor=actor)


def record_many(
    session: Session, entries: Iterable[ConsentEntry], *, actor: str = "system", keep_existing: bool = False
) -> int:
    """Write down statements set-based; with `keep_existing` an address that already said something keeps it.

    An address may occur once per call and channel. Returns how many were written.
    """
    return len(record_each(session, entries, actor=actor, keep_existing=keep_existing))


def record_each(
    session: Session, entries: Iterable[ConsentEntry], *, actor: str = "system", keep_existing: bool = False
) -> list[ConsentEntry]:
    """Do as `record_many` and return what was written: who takes it back later has to know."""
    company_id, now = company_of(session), clock.now()
    wanted = list(entries)
    if keep_existing:
        said = _said(session, wanted)
        wanted = [e for e in wanted if (e.channel, e.address_key) not in said]
    rows = [
        (company_id, e.channel, e.address_key, e.contact_id, e.state, e.basis, e.source, e.wording, dict(e.proof),
         e.at or now)
        for e in wanted
    ]  # fmt: skip
    upsert_rows(
        session,
        cast("Table", Consent.__table__),
        _COLUMNS,
        rows,
        key=("company_id", "channel", "address_key"),
        update=() if keep_existing else _COLUMNS[3:],
    )
    if keep_existing and dialect_of(session) != "sqlite":  # elsewhere somebody may have spoken meanwhile
        said = _said(session, wanted)
        wanted = [e for e in wanted if said.get((e.channel, e.address_key)) == (e.state, e.source, e.contact_id)]
    facts.record_many(
        session,
        [
            NewFact(
                kind=_FACTS[e.state],
                contact_id=e.contact_id,
                channel=e.channel,
                actor=actor,
                at=e.at,
                properties={"basis": e.basis, "source": e.source, "wording": e.wording, "proof": dict(e.proof)},
            )
            for e in wanted
        ],
    )
    return wanted


def withdraw(
    session: Session,
    *,
    channel: str,
    address_key: str,
    contact_id: int | None = None,
    source: str,
    proof: Mapping[str, Any] | None = None,
    actor: str = "person",
    outbound_id: int | None = None,
    suppress_too: bool = True,
) -> bool:
    """Take consent back and suppress the address; False when that was so already (then nothing is written twice)."""
    before = status(session, channel, [address_key]).get(address_key)
    if before and before.state is ConsentState.WITHDRAWN and (before.suppressed or not suppress_too):
        return False
    entry = ConsentEntry(
        channel=channel,
        address_key=address_key,
        contact_id=contact_id,
        state=ConsentState.WITHDRAWN,
        source=source,
        proof=proof or {},
    )
    record(session, entry, actor=actor)
    if suppress_too:
        suppress(session, channel=channel, address_key=address_key, reason=SuppressionReason.UNSUBSCRIBED,
                 detail=source, outbound_id=outbound_id)  # fmt: skip
    return True


def suppress(
    session: Session,
    *,
    channel: str,
    address_key: str,
    reason: SuppressionReason,
    detail: str = "",
    outbound_id: int | None = None,
) -> None:
    """Never write to an address again; the first reason stays."""
    suppress_many(session, channel, [(address_key, reason, detail, outbound_id)])


def suppress_many(
    session: Session, channel: str, entries: Sequence[tuple[str, SuppressionReason, str, int | None]]
) -> None:
    """Suppress addresses set-based: (address key, reason, detail, outbound id); first reasons stay."""
    company_id, now = company_of(session), clock.now()
    unique = {entry[0]: entry for entry in reversed(entries)}
    rows = [(company_id, channel, key, e[1], e[2][:500], e[3], now) for key, e in unique.items()]
    upsert_rows(
        session,
        cast("Table", Suppression.__table__),
        ("company_id", "channel", "address_key", "reason", "detail", "outbound_id", "at"),
        rows,
        key=("company_id", "channel", "address_key"),
    )


def release(session: Session, *, channel: str, address_key: str) -> bool:
    """Lift a suppression; says whether there was one. The caller audits why."""
    result = session.execute(
        delete(Suppression).where(Suppression.channel == channel, Suppression.address_key == address_key)
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]


def status(session: Session, channel: str, address_keys: Sequence[str]) -> dict[str, Standing]:
    """Return what is known of each address; every asked key is in the answer."""
    said = {
        row.address_key: row
        for row in session.scalars(
            select(Consent).where(Consent.channel == channel, Consent.address_key.in_(address_keys))
        )
    }
    blocked = {
        row.address_key: row
        for row in session.scalars(
            select(Suppression).where(Suppression.channel == channel, Suppression.address_key.in_(address_keys))
        )
    }
    found = {}
    for key in address_keys:
        c, b = said.get(key), blocked.get(key)
        found[key] = Standing(
            address_key=key,
            state=c.state if c else None,
            basis=c.basis if c else "",
            source=c.source if c else "",
            wording=c.wording if c else "",
            proof=c.proof if c else {},
            at=c.at if c else None,
            suppressed=b.reason if b else None,
            suppressed_at=b.at if b else None,
            suppressed_detail=b.detail if b else "",
        )
    return found


def consent_exists(
    company_id: ColumnElement[int],
    address_key: ColumnElement[Any],
    channel: str,
    state: ConsentState | None,
    *,
    contact_id: ColumnElement[int] | None = None,
    further: Callable[[Any, Any], Sequence[ColumnElement[bool]]] | None = None,
) -> ColumnElement[bool]:
    """Return SQL: the address said `state` on the channel (None = said anything).

    With `contact_id` it is the contact who said it, whatever the address. `further` takes the columns of when it was
    said and through what, and returns more conditions.
    """
    who = Consent.address_key == address_key if contact_id is None else Consent.contact_id == contact_id
    condition = and_(Consent.company_id == company_id, Consent.channel == channel, who)
    if state is not None:
        condition = and_(condition, Consent.state == state)
    if further is not None:
        condition = and_(condition, *further(Consent.at, Consent.source))
    return exists(select(Consent.id).where(condition))


def suppression_exists(
    company_id: ColumnElement[int], address_key: ColumnElement[Any], channel: str
) -> ColumnElement[bool]:
    """Return SQL: the address is suppressed on the channel."""
    return exists(
        select(Suppression.id).where(
            Suppression.company_id == company_id,
            Suppression.channel == channel,
            Suppression.address_key == address_key,
        )
    )


def addresses_that_said(company_id: int, channel: str, state: ConsentState) -> Select[str]:
    """Return SELECT of the address keys that said something: for states that few are in."""
    return select(Consent.address_key).where(
        Consent.company_id == company_id, Consent.channel == channel, Consent.state == state
    )


def suppressed_addresses(company_id: int, channel: str) -> Select[str]:
    """Return SELECT of the address keys that are never written to on a channel."""
    return select(Suppression.address_key).where(Suppression.company_id == company_id, Suppression.channel == channel)


def mailable(company_id: ColumnElement[int], address_key: ColumnElement[Any], channel: str) -> ColumnElement[bool]:
    """Return SQL: consent was given and nothing suppresses the address."""
    return and_(
        consent_exists(company_id, address_key, channel, ConsentState.GIVEN),
        ~suppression_exists(company_id, address_key, channel),
    )


def _said(session: Session, entries: Sequence[ConsentEntry]) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Return (channel, address key) → (state, source, contact id) of those that said something."""
    found: dict[tuple[str, str], tuple[Any, ...]] = {}
    by_channel: dict[str, list[str]] = {}
    for entry in entries:
        by_channel.setdefault(entry.channel, []).append(entry.address_key)
    asked = select(Consent.address_key, Consent.state, Consent.source, Consent.contact_id)
    for channel, keys in by_channel.items():
        for start in range(0, len(keys), 500):
            query = asked.where(Consent.channel == channel, Consent.address_key.in_(keys[start : start + 500]))
            found.update(((channel, row[0]), tuple(row[1:])) for row in session.execute(query))
    return found
