"""How a company decides: four eyes, two approvers above a number of recipients, and when the undecided expires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from lux.gate.deciding.models import ApprovalPolicy
from lux.identity import members
from lux.identity.access import Person, Right
from lux.kit import clock
from lux.kit.db.session import company_of
from lux.kit.errors import Conflict, InvalidInput
from lux.kit.i18n import gettext as _
from lux.ledger import audit

TWO: Final = 2  # different people, where two are asked for
DAYS: Final = (1, 90)  # least and most until the undecided expires
HOURS: Final = (1, 720)  # the same for what carries a date
MOST_RECIPIENTS: Final = 100_000_000


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a company may choose; as it stands here where nobody chose."""

    four_eyes: bool = False  # off: the same person may decide on their own work, and it is recorded as solo
    two_above: int | None = None  # recipients
    expires_days: int = 14
    offer_hours: int = 72
    guests_comment: bool = False  # people outside of the company, by a personal link
    guests_decide: bool = False

    def yeses_for(self, recipients: int) -> int:
        """Return how many different people have to say yes to this many recipients."""
        return TWO if self.two_above is not None and recipients > self.two_above else 1

    def expires_at(
        self, now: datetime, *, send_at: datetime | None = None, offer_ends_at: datetime | None = None
    ) -> datetime:
        """Return when an item that is submitted now expires.

        What carries a date has the shorter time, but is not given up before the time it asks for; an offer that is
        over is never decided on.
        """
        if send_at is None and offer_ends_at is None:
            return now + timedelta(days=self.expires_days)
        last = max(now + timedelta(hours=self.offer_hours), send_at or now)
        return min(last, offer_ends_at) if offer_ends_at is not None else last

    def loosens(self, other: Rules) -> bool:
        """Say whether these rules let something pass that the others hold back."""
        most = float("inf")
        two, others = (most if one.two_above is None else one.two_above for one in (self, other))
        lets_in = (self.guests_comment and not other.guests_comment) or (self.guests_decide and not other.guests_decide)
        return (other.four_eyes and not self.four_eyes) or two > others or lets_in


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The rules of a company, and who chose them."""

    rules: Rules
    is_chosen: bool = False  # False: nobody ever chose
    version: int = 0
    reason: str = ""
    changed_by: str = ""
    changed_at: datetime | None = None


def rules_of(session: Session) -> Rules:
    """Return the rules of the session's company."""
    return policy_of(session).rules


def policy_of(session: Session) -> Policy:
    """Return the policy of the session's company; where there is none, the defaults."""
    row = _row(session)
    if row is None:
        return Policy(rules=Rules())
    return Policy(
        rules=_rules(row),
        is_chosen=True,
        version=row.version,
        reason=row.reason,
        changed_by=row.changed_by_name,
        changed_at=row.changed_at,
    )


def choose(session: Session, person: Person, wanted: Rules, *, version: int, reason: str = "") -> bool:
    """Choose a company's rules; audited with before and after. Returns whether they let more pass than before.

    `version` = of the policy that was shown. Raises Forbidden, Conflict, InvalidInput naming the field.
    """
    person.require(Right.MANAGE)
    row = _row(session, is_locked=True)
    before = _rules(row) if row else Rules()
    if (row.version if row else 0) != version:
        raise Conflict(_("Somebody changed the policy in the meantime."), fix=_("Load the page again."))
    _check(session, wanted, before, reason.strip())
    if row is None:
        row = ApprovalPolicy(version=0)
        session.add(row)
    row.four_eyes, row.two_above = wanted.four_eyes, wanted.two_above
    row.expires_days, row.offer_hours = wanted.expires_days, wanted.offer_hours
    row.guests_comment, row.guests_decide = wanted.guests_comment, wanted.guests_decide
    row.reason, row.changed_at, row.version = reason.strip(), clock.now(), row.version + 1
    row.changed_by, row.changed_by_name = person.user_id, person.name or person.email
    session.flush()
    audit.append(
        session,
        company_of(session),
        actor=person.actor,
        action="policy.changed",
        object_type="approval_policy",
        object_id=str(row.company_id),
        object_version=row.version,
        detail={"before": plain(before), "after": plain(wanted), "reason": row.reason},
    )
    return wanted.loosens(before)


def plain(rules: Rules) -> Mapping[str, object]:
    """Return rules as the audit chain keeps them."""
    return {
        "four_eyes": rules.four_eyes,
        "two_above": rules.two_above,
        "expires_days": rules.expires_days,
        "offer_hours": rules.offer_hours,
        "guests_comment": rules.guests_comment,
        "guests_decide": rules.guests_decide,
    }


def approvers(session: Session) -> int:
    """Return how many people of the company may say yes."""
    return len(members.user_ids_with(session, Right.APPROVE))


def _check(session: Session, wanted: Rules, before: Rules, reason: str) -> None:
    bounds = (("expires_days", wanted.expires_days, DAYS), ("offer_hours", wanted.offer_hours, HOURS))
    for field, value, (least, most) in bounds:
        if not least <= value <= most:
            raise InvalidInput(
                field=field,
                message=_("This is not between %(least)s and %(most)s.", least=least, most=most),
                fix=_("Enter a number within these bounds."),
            )
    if wanted.two_above is not None and not 0 <= wanted.two_above <= MOST_RECIPIENTS:
        raise InvalidInput(
            field="two_above", message=_("This is no number of recipients."), fix=_("Leave it empty for never.")
        )
    if wanted.two_above is not None and approvers(session) < TWO:
        raise InvalidInput(
            field="two_above",
            message=_("Only one person of the company may say yes: such items would wait for ever."),
            fix=_("Make somebody else an admin first."),
        )
    if wanted.loosens(before) and not reason:
        raise InvalidInput(
            field="reason",
            message=_("A reason is missing: more may pass than before."),
            fix=_("Say in a few words why; it stands in the audit log."),
        )


def _row(session: Session, *, is_locked: bool = False) -> ApprovalPolicy | None:
    query = select(ApprovalPolicy).where(ApprovalPolicy.company_id == company_of(session))
    return session.scalar(query.with_for_update() if is_locked else query)


def _rules(row: ApprovalPolicy) -> Rules:
    return Rules(
        four_eyes=row.four_eyes,
        two_above=row.two_above,
        expires_days=row.expires_days,
        offer_hours=row.offer_hours,
        guests_comment=row.guests_comment,
        guests_decide=row.guests_decide,
    )
