"""The checks before a yes is asked for: content, sender, audience, law, transport, switches; each with its fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lux.gate import stop, toggles
from lux.gate.review import look
from lux.identity import companies
from lux.kit.db.session import company_of
from lux.kit.errors import BrokenRule
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.rooms.email import audience, composing, content_checks
from lux.rooms.email.findings import Finding, blocking, in_order
from lux.vault import accounts

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.ports.acts import AudienceRef
    from lux.rooms.content.service import Composed
    from lux.rooms.email.audience import Split
    from lux.rooms.email.models import Campaign

Link = Callable[[str], str]  # "edit", "company", "senders", ... → address, "" when there is no such page


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A campaign after its checks."""

    findings: list[Finding]
    composed: Composed
    audience: AudienceRef | None  # None = not chosen, or broken
    split: Split | None  # None = there is no audience to count, or it was not counted

    @property
    def blocks(self) -> list[Finding]:
        """Return what keeps it from being submitted."""
        return blocking(self.findings)


def check(session: Session, campaign: Campaign, *, link: Link, is_counted: bool = True) -> Checked:
    """Look at everything now and return what was found, the worst first.

    Not `is_counted` asks only whether anybody may be written to, which is as fast in a large company as in a small one.
    """
    composed = composing.compose(session, campaign)
    found = content_checks.check(session, campaign, composed, link("edit"))
    found += [*_words(session, campaign, composed, link), *_sender(session, campaign, link), *_address(session, link)]
    ref, split, more = _audience(session, campaign, link, is_counted=is_counted)
    found += [*more, *_transport(session, link), *_switches(session, link)]
    return Checked(findings=in_order(found), composed=composed, audience=ref, split=split)


def _words(session: Session, campaign: Campaign, composed: Composed, link: Link) -> Iterator[Finding]:
    """Say to the author already what a reviewer will be told of the words; duties are looked at by other checks."""
    if composed.problems:
        return
    act = composing.act_of(session, campaign, composed, ref=None)
    for one in look.of_words(session, act):
        if one.code not in look.DUTIES:
            words = f"{one.message} {one.place}".strip()
            yield Finding(
                code=one.code, severity=one.severity, message=words, fix=one.fix, field="source", url=link("edit")
            )


def _sender(session: Session, campaign: Campaign, link: Link) -> Iterator[Finding]:
    sender = composing.sender_of(session, campaign)
    if sender is None:
        yield Finding(
            code="sender_missing",
            severity="block",
            message=_("There is no sender."),
            fix=_("Choose a verified name and address to write as."),
            field="sender",
            url=link("edit"),
        )
    elif not sender.is_verified:
        yield Finding(
            code="sender_unverified",
            severity="block",
            message=_("The sender %(email)s is not verified.", email=sender.email),
            fix=_("Prove it with the code mailed to it or with its domain's records, or choose another."),
            field="sender",
            url=link("senders"),
            url_label=_("Verify"),
        )


def _address(session: Session, link: Link) -> Iterator[Finding]:
    if not companies.current(session).postal_address.strip():
        yield Finding(
            code="company_address_missing",
            severity="block",
            message=_("The company's postal address is missing; marketing mail must carry it."),
            fix=_("Enter it in the company's settings."),
            field="postal_address",
            url=link("company"),
            url_label=_("Enter it"),
        )


def _audience(
    session: Session, campaign: Campaign, link: Link, *, is_counted: bool
) -> tuple[AudienceRef | None, Split | None, list[Finding]]:
    try:
        ref = audience.ref_of(session, campaign.audience_source, campaign.audience_key)
        if ref is None:
            return None, None, [_no_audience(link)]
        if is_counted or not audience.has_anybody(session, ref):
            split = audience.split(session, ref)
            return ref, split, list(_numbers(split, link))
    except BrokenRule as error:
        return None, None, [_broken_audience(error, link)]
    return ref, None, []


def _broken_audience(error: BrokenRule, link: Link) -> Finding:
    return Finding(
        code="audience_broken",
        severity="block",
        message=error.message,
        fix=error.fix or _("Mend the segment's rule, or choose another audience."),
        field="audience",
        url=link("segment") or link("edit"),
    )


def _no_audience(link: Link) -> Finding:
    return Finding(
        code="audience_missing",
        severity="block",
        message=_("Nobody is chosen to write to."),
        fix=_("Choose everyone, or a segment."),
        field="audience",
        url=link("edit"),
    )


def _numbers(split: Split, link: Link) -> Iterator[Finding]:
    if split.mailable == 0:
        yield Finding(
            code="audience_empty",
            severity="block",
            message=_("Nobody in this audience may be written to.")
            if split.total
            else _("There is nobody in this audience."),
            fix=_("Choose another audience, or record consent for its contacts."),
            field="audience",
            url=link("edit"),
        )
    elif split.no_consent:
        yield Finding(
            code="audience_partial",
            severity="info",
            message=ngettext(
                "One contact of the audience gave no consent and is left out.",
                "%(num)s contacts of the audience gave no consent and are left out.",
                split.no_consent,
            ),
            field="audience",
        )


def _transport(session: Session, link: Link) -> Iterator[Finding]:
    account = accounts.default(session, composing.CHANNEL)
    if account is None:
        yield Finding(
            code="transport_mailbox",
            severity="info",
            message=_("The built-in mailbox is in use: messages will be captured, not sent."),
            fix=_("Connect a mail server when it is to be real."),
            url=link("integrations"),
            url_label=_("Connect"),
        )
    elif account.last_probe_ok is None:
        yield Finding(
            code="transport_unprobed",
            severity="warn",
            message=_("The mail server “%(name)s” was never tested.", name=account.label),
            fix=_("Test the connection first: it takes seconds."),
            url=link("integrations"),
            url_label=_("Test"),
        )
    elif not account.last_probe_ok:
        yield Finding(
            code="transport_failing",
            severity="warn",
            message=_("The mail server “%(name)s” failed when it was tried last: %(why)s", name=account.label,
                      why=account.last_probe_message),
            fix=_("Mend it, or the messages will wait."),
            url=link("integrations"),
            url_label=_("Mend"),
        )  # fmt: skip


def _switches(session: Session, link: Link) -> Iterator[Finding]:
    company_id = company_of(session)
    if not toggles.is_on(session, company_id, "channel_email"):
        yield Finding(
            code="toggle_off",
            severity="warn",
            message=_("The switch “E-mail” (channel_email) is off: nothing leaves until an admin turns it on."),
            fix=_("It can be submitted and approved all the same; it will wait."),
            url=link("toggles"),
            url_label=_("Switches"),
        )
    for active in stop.holding(session, company_id, channel="email")[:1]:
        yield Finding(
            code="stop_active",
            severity="warn",
            message=_("An emergency stop is active, so nothing leaves: %(reason)s", reason=active.reason)
            if active.reason
            else _("An emergency stop is active, so nothing leaves."),
            fix=_("Whoever may do so resumes it with a reason."),
            url=link("stop"),
        )
