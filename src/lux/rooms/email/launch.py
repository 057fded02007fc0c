"""A campaign's way to its yes: submit, revise, take back, and test copies to members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lux.gate import reads, submit
from lux.identity import companies, members
from lux.identity.access import Right
from lux.kit import clock
from lux.kit.errors import FieldProblem, InvalidInput, WrongState
from lux.kit.i18n import gettext as _
from lux.rooms.content.service import versions
from lux.rooms.email import composing, preflight, queries, repeat, service
from lux.rooms.email.links import no_links
from lux.rooms.email.queries import SUBJECT
from lux.rooms.email.states import CampaignState, is_waiting, state_of
from lux.rooms.email.watch import OPEN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from lux.gate.reads import DeliveryView, OutboundView
    from lux.identity.access import Person
    from lux.rooms.email.findings import Finding
    from lux.rooms.email.models import Campaign
    from lux.rooms.email.preflight import Checked, Link


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who asks, over which version of a campaign, and where things are mended."""

    author: Person
    version: int
    link: Link = no_links


@dataclass(frozen=True, kw_only=True)
class TestRun:
    """One test: the outbound under its automatic decision, and each copy."""

    __test__ = False  # not a test case, though its name begins like one

    outbound: OutboundView
    deliveries: Sequence[DeliveryView]

    @property
    def is_running(self) -> bool:
        """Say whether a copy has no end yet."""
        return any(row.state in OPEN for row in self.deliveries)


def submit_campaign(session: Session, campaign: Campaign, asked: Asked, *, local_time: datetime | None) -> None:
    """Ask for a yes over exactly this content; raises InvalidInput with every finding that blocks.

    `local_time` = not before this wall time in the company's zone.
    """
    service.check_version(session, campaign, asked.version)
    outbound = queries.outbound_of(session, campaign)
    if state_of(outbound) is not CampaignState.DRAFT or campaign.trashed_at is not None:
        raise WrongState(_("Only a draft can be submitted."), fix=_("Load the page again."))
    if campaign.repeat and local_time is not None:
        message = _("This campaign repeats: when it leaves is said there.")
        raise InvalidInput(field="send_at", message=message, fix=_("Leave the time out."))
    send_at = send_time(session, local_time)
    checked = preflight.check(session, campaign, link=asked.link)
    refuse_blocked(checked.blocks)
    mail = composing.act_of(session, campaign, checked.composed, ref=checked.audience, send_at=send_at)
    act = repeat.asked(session, campaign, mail)
    findings = _told(checked)
    title = _title(campaign)
    is_same_kind = outbound is not None and outbound.item.kind == act.kind.value
    if outbound is not None and is_same_kind and outbound.item.state is reads.ItemState.REJECTED:
        revised = submit.revise(session, outbound.id, act, editor=asked.author, title=title, findings=findings)
        _mark(session, campaign, revised.id)
        return
    made = submit.submit_for_approval(
        session, act, author=asked.author, title=title, subject=(SUBJECT, campaign.id), findings=findings
    )
    campaign.outbound_id = made.id
    session.flush()
    _mark(session, campaign, made.id)


def revise(session: Session, campaign: Campaign, *, editor: Person, link: Link = no_links) -> None:
    """Replace what waits, or has its yes, by the present content; it waits again. Raises as `submit_campaign`."""
    outbound = queries.outbound_of(session, campaign)
    if outbound is None:
        raise WrongState(_("This campaign was not submitted."))
    checked = preflight.check(session, campaign, link=link)
    refuse_blocked(checked.blocks, is_waiting=True)
    send_at = outbound.item.send_at
    mail = composing.act_of(session, campaign, checked.composed, ref=checked.audience, send_at=send_at)
    act = repeat.asked(session, campaign, mail)
    revised = submit.revise(session, outbound.id, act, editor=editor, title=_title(campaign), findings=_told(checked))
    _mark(session, campaign, revised.id)


def withdraw(session: Session, campaign: Campaign, *, by: Person, reason: str = "") -> None:
    """Take a campaign back before anything left; it is a draft again."""
    by.require(Right.EDIT)
    service.lock(session, campaign)
    outbound = queries.outbound_of(session, campaign)
    if outbound is None or not is_waiting(outbound):
        raise WrongState(_("There is nothing to take back."))
    submit.withdraw(session, outbound.id, by=by, reason=reason)
    campaign.outbound_id = None
    session.flush()


def send_test(session: Session, campaign: Campaign, asked: Asked, *, member_ids: Sequence[str]) -> int:
    """Send a copy to chosen members under an automatic, recorded decision; returns the outbound's id."""
    service.check_version(session, campaign, asked.version)
    addresses = [row.email for row in members.listing(session) if str(row.public_id) in set(member_ids)]
    if not addresses:
        raise InvalidInput(
            field="members", message=_("Nobody is chosen."), fix=_("Choose at least one member of the company.")
        )
    checked = preflight.check(session, campaign, link=asked.link)
    refuse_blocked([one for one in checked.blocks if one.code in _STOPS_TESTS])
    act = submit.as_test(composing.act_of(session, campaign, checked.composed, ref=None), addresses)
    made = submit.submit_test_email(session, act, author=asked.author, subject=(SUBJECT, campaign.id))
    return made.id


def send_time(session: Session, local_time: datetime | None) -> datetime | None:
    """Return a wall time of the company's zone as UTC; raises InvalidInput for a past or skipped one."""
    if local_time is None:
        return None
    moment = clock.local_to_utc(local_time, companies.current(session).timezone)
    if moment <= clock.now():
        raise InvalidInput(field="send_at", message=_("This time has passed."), fix=_("Choose a later one."))
    return moment


def refuse_blocked(blocks: Sequence[Finding], *, is_waiting: bool = False) -> None:
    """Raise InvalidInput with all findings that block."""
    if not blocks:
        return
    words = (
        _("This campaign was submitted, so it has to stay sendable. Mend these, or take it back first.")
        if is_waiting
        else _("It can't be submitted yet.")
    )
    problems = [FieldProblem(field=one.field or one.code, message=one.message, fix=one.fix) for one in blocks]
    raise InvalidInput(words, problems=problems)


def latest_test(session: Session, campaign: Campaign) -> TestRun | None:
    """Return the latest test of a campaign with what became of each copy, or None."""
    item = reads.item_of_subject(session, (f"test_{SUBJECT}", campaign.id))
    if item is None:
        return None
    outbound = reads.item_outbound(session, item.id)
    return TestRun(outbound=outbound, deliveries=reads.deliveries(session, outbound.id))


_STOPS_TESTS = frozenset(
    {"subject_missing", "content_missing", "template_problem", "field_reserved", "sender_missing", "sender_unverified"}
)


def _told(checked: Checked) -> list[submit.Finding]:
    return [one.for_gate() for one in checked.findings if one.severity != "block"]


def _mark(session: Session, campaign: Campaign, outbound_id: int) -> None:
    """Note under which hash the present version was submitted."""
    subject = service.subject_of(campaign)
    versions.begin(session, subject, campaign.version, service.saved_of(campaign))
    versions.mark(session, subject, reads.outbound(session, outbound_id).item.content_hash)


def _title(campaign: Campaign) -> str:
    return campaign.name[:300]
