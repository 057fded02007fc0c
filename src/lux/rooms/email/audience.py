"""Whom a campaign may go to: the choices, the chosen one as a reference for the gate, and how it splits."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import case, func, literal, select

from lux.gate import audience as gate_audience
from lux.gate import consent
from lux.kit.db.session import company_of
from lux.kit.errors import BrokenRule, InvalidInput, NotFound
from lux.kit.i18n import gettext as _
from lux.ports.acts import AudienceRef
from lux.rooms.email.forms import EVERYONE, SEGMENT
from lux.rooms.segments import queries as segments
from lux.rooms.segments.service import frozen_rule

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.rooms.email.models import Campaign

CHANNEL = "email"


@dataclass(frozen=True, kw_only=True)
class Counted:
    """An audience as the editor shows it: its split, or what is wrong with it."""

    value: str
    label: str = ""
    split: Split | None = None
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Split:
    """How many of an audience may be written to, and why the others may not."""

    total: int
    mailable: int
    suppressed: int
    no_consent: int


def choices(session: Session) -> list[tuple[str, str]]:
    """Return (value, label) of everything a campaign can go to."""
    found = segments.segments(session, company_of(session))
    return [
        (EVERYONE, _("Everyone")),
        *((f"{SEGMENT}:{row.public_id}", row.name) for row in found),
    ]


def value_of(campaign: Campaign) -> str:
    """Return a campaign's audience as the form holds it."""
    if campaign.audience_source == SEGMENT:
        return f"{SEGMENT}:{campaign.audience_key}"
    return campaign.audience_source


def parse(value: str) -> tuple[str, str]:
    """Return (source, key) of a form value."""
    source, _sign, key = value.partition(":")
    return source, key


def ref_of(session: Session, source: str, key: str) -> AudienceRef | None:
    """Return the reference that the gate understands, or None when nothing is chosen.

    Raises BrokenRule when the segment was deleted.
    """
    if not source:
        return None
    if source == EVERYONE:
        return AudienceRef(source=EVERYONE, key="", label=_("Everyone"))
    try:
        segment = segments.segment(session, company_of(session), uuid.UUID(key))
    except (NotFound, ValueError) as error:
        raise _gone() from error
    if segment.trashed_at is not None:
        raise _gone()
    rule = frozen_rule(session, segment)
    return AudienceRef(source=SEGMENT, key=str(segment.public_id), label=segment.name, rule=rule)


def ref_of_value(session: Session, value: str) -> AudienceRef | None:
    """Return the reference of a form value; raises InvalidInput for a value that is not in the list."""
    source, key = parse(value)
    if source not in {"", EVERYONE, SEGMENT}:
        raise InvalidInput(field="audience", message=_("This audience is not known."))
    return ref_of(session, source, key)


def refuse_unknown(session: Session, value: str) -> None:
    """Raise InvalidInput unless the form value names an audience that is there."""
    try:
        ref_of_value(session, value)
    except BrokenRule as error:
        raise InvalidInput(field="audience", message=error.message, fix=error.fix) from error


def split(session: Session, ref: AudienceRef) -> Split:
    """Count an audience set-based; raises BrokenRule when its rule names something that was deleted."""
    found = gate_audience.members(session, ref).subquery("found")
    company = literal(company_of(session))
    kind = case(
        (consent.suppression_exists(company, found.c.address_key, CHANNEL), "suppressed"),
        (consent.consent_exists(company, found.c.address_key, CHANNEL, consent.ConsentState.GIVEN), "mailable"),
        else_="no_consent",
    )
    inner = select(kind.label("kind")).select_from(found).subquery("kinds")
    rows = session.execute(select(inner.c.kind, func.count()).group_by(inner.c.kind))
    counts = {name: int(number) for name, number in rows}
    return Split(
        total=sum(counts.values()),
        mailable=counts.get("mailable", 0),
        suppressed=counts.get("suppressed", 0),
        no_consent=counts.get("no_consent", 0),
    )


def has_anybody(session: Session, ref: AudienceRef) -> bool:
    """Say whether anybody of an audience may be written to, without counting; raises BrokenRule."""
    found = gate_audience.members(session, ref).subquery("found")
    mailable = consent.mailable(literal(company_of(session)), found.c.address_key, CHANNEL)
    return session.execute(select(literal(1)).select_from(found).where(mailable).limit(1)).first() is not None


def counted(session: Session, value: str) -> Counted:
    """Count what a form value names; a broken rule is told, not raised."""
    try:
        ref = ref_of_value(session, value)
        if ref is None:
            return Counted(value=value)
        return Counted(value=value, label=ref.label, split=split(session, ref))
    except BrokenRule as error:
        return Counted(value=value, problem=f"{error.message} {error.fix}".strip())


def labels(session: Session, campaigns: Sequence[Campaign]) -> dict[int, str]:
    """Return the audience's name of each campaign, set-based; a deleted segment says so."""
    wanted = [row.audience_key for row in campaigns if row.audience_source == SEGMENT]
    names = {str(row.public_id): row.name for row in segments.segments(session, company_of(session))} if wanted else {}
    found = {}
    for row in campaigns:
        if row.audience_source == EVERYONE:
            found[row.id] = _("Everyone")
        elif row.audience_source == SEGMENT:
            found[row.id] = names.get(row.audience_key) or _("Deleted segment")
    return found


def _gone() -> BrokenRule:
    return BrokenRule(
        _("The segment this campaign goes to was deleted."),
        field="audience",
        fix=_("Choose another audience, or bring the segment back from the trash."),
    )
