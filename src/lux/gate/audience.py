"""Audiences at the gate: freeze one at submission, write its recipients down, measure how far it drifted."""

from __future__ import annotations

import array
import hashlib
import sys
import zlib
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import Select, func, literal, select
from sqlalchemy.orm import Session

from lux.gate import consent
from lux.gate.policy import TO_MANY
from lux.identity import companies
from lux.kit.db.session import company_of
from lux.kit.errors import BrokenRule
from lux.kit.i18n import gettext as _
from lux.ports.acts import AudienceRef, AudienceSnapshot, QueuedAct
from lux.ports.contributions import AudienceSource, installed

ActT = TypeVar("ActT", bound=QueuedAct)
DRIFT_LIMIT = 0.10  # share of the frozen audience that may come or go before a new yes is needed


def source_of(ref: AudienceRef) -> AudienceSource:
    """Return the source an audience names; raises BrokenRule when there is none."""
    for source in installed().audience_sources:
        if source.name == ref.source:
            return source
    raise BrokenRule(_("The audience “%(label)s” can't be found.", label=ref.label))


def members(session: Session, ref: AudienceRef) -> Select[Any]:
    """Return SELECT contact_id, address, address_key of everyone who matches now."""
    chosen = source_of(ref).select(session, company_of(session), ref).subquery("audience")
    names = [c.name for c in chosen.columns]
    contact_id, address, key = (chosen.c[name] for name in names)
    return select(contact_id.label("contact_id"), address.label("address"), key.label("address_key"))


def freeze(session: Session, act: ActT) -> tuple[ActT, bytes | None, int]:
    """Return the act with its snapshot, the packed ids, and how many may be written to now.

    What is published on an account or a page has no audience to freeze: no ids, and nobody is written to.
    """
    if act.audience is None and act.kind not in TO_MANY:
        return with_constants(session, act), None, 0
    return snapshot(session, with_constants(session, act))


def snapshot(session: Session, act: ActT) -> tuple[ActT, bytes, int]:
    """Return as `freeze` does, with the act's words left as they are."""
    if act.audience is None:
        raise BrokenRule(_("This message has no audience."))
    ids = contact_ids(session, act.audience)
    digest = hashlib.sha256()
    digest.update(_big_endian(ids))
    taken = AudienceSnapshot(count=len(ids), digest=digest.hexdigest())
    return replace(act, snapshot=taken), pack(ids), count_mailable(session, act.audience, act.channel)


def with_constants(session: Session, act: ActT) -> ActT:
    """Return the act with the company's name and brand as they stand now: they are part of what is approved."""
    company = companies.current(session)
    values = {"company": {"name": company.name, "website": company.website}, "brand": dict(company.brand)}
    return replace(act, constants=values)


def contact_ids(session: Session, ref: AudienceRef) -> array.array[int]:
    """Return the ids of everyone who matches now, ascending, eight bytes each."""
    found = members(session, ref).subquery()
    query = select(found.c.contact_id).order_by(found.c.contact_id)
    ids = array.array("q")
    for part in session.execute(query.execution_options(yield_per=10_000)).scalars().partitions():
        ids.extend(part)
    return ids


def count_mailable(session: Session, ref: AudienceRef, channel: str) -> int:
    """Return how many of an audience gave consent and are not suppressed."""
    found = members(session, ref).subquery()
    mailable = consent.mailable(literal(company_of(session)), found.c.address_key, channel)
    return int(session.scalar(select(func.count()).select_from(found).where(mailable)) or 0)


def drift(session: Session, ref: AudienceRef, packed: bytes) -> float:
    """Return which share of the frozen audience came or went since (0.1 = 10 %)."""
    before, now = set(unpack(packed)), set(contact_ids(session, ref))
    if not before:
        return 1.0 if now else 0.0
    return len(before ^ now) / len(before)


def pack(ids: array.array[int]) -> bytes:
    """Compress ascending ids: differences, deflated."""
    gaps = array.array("q", (b - a for a, b in zip([0, *ids[:-1]], ids, strict=True))) if ids else ids
    return zlib.compress(_big_endian(gaps), 6)


def unpack(packed: bytes) -> list[int]:
    """Return the ids that `pack` compressed."""
    gaps = array.array("q")
    gaps.frombytes(zlib.decompress(packed))
    if sys.byteorder == "little":
        gaps.byteswap()
    total, ids = 0, []
    for gap in gaps:
        total += gap
        ids.append(total)
    return ids


def _big_endian(values: array.array[int]) -> bytes:
    if sys.byteorder == "big":
        return values.tobytes()
    swapped = array.array("q", values)
    swapped.byteswap()
    return swapped.tobytes()
