"""Background work of the front door: reset mails, and sweeping what has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from lux.gate.submit import submit_system_email
from lux.identity import members, sessions, tokens, users
from lux.identity.trail import note
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import RateLimitReached
from lux.kit.i18n import lazy_gettext as _
from lux.kit.jobs import JobKind, Schedule
from lux.vault import accounts

if TYPE_CHECKING:
    from lux.kit.db import Database
    from lux.kit.jobs import JobContext

log = structlog.get_logger(__name__)


def reset_mail(context: JobContext, args: dict[str, Any]) -> None:
    """Mail a reset link; without a person (an unknown address) or a company there is nothing to do.

    Running twice mails a newer link; the earlier one stops working.
    """
    user_id = args.get("user_id")
    if user_id is None:
        return
    company_id = _carrier(context.db, user_id)
    if company_id is None:
        log.warning("reset_mail_without_company", user_id=user_id)
        return
    try:
        with context.db.begin(company_id) as session:
            user = users.by_id(session, user_id)
            token = tokens.issue(session, tokens.Purpose.PASSWORD_RESET, user_id=user.id)
            note(session, None, None, "password.reset_asked", about=("user", user.public_id))
            submit_system_email(
                session,
                company_id=company_id,
                template="password_reset",
                recipient=user.email,
                params={"url": f"{context.settings.base_url}/reset/{token}", "minutes": str(_minutes())},
                locale=user.locale or "en",
            )
    except RateLimitReached:
        log.warning("reset_mail_capped", user_id=user_id)


def sweep(context: JobContext, _args: dict[str, Any]) -> None:
    """Delete sessions and links that have ended."""
    with context.db.begin(ALL_COMPANIES) as session:
        sessions.sweep(session, context.settings)
        tokens.sweep(session)


def _carrier(db: Database, user_id: int) -> int | None:
    """Return the company whose mail server carries a person's link: who runs that server could read it.

    It is one in which the person may most, so that a company in which they only look never carries the key to one
    they own; among those, one with a mail server before one whose mail is captured.
    """
    with db.read(ALL_COMPANIES) as session:
        companies = members.companies_of(session, user_id)
    most = max((company.role.rank for company in companies), default=0)
    ids = [company.id for company in companies if company.role.rank == most]
    return next((number for number in ids if _has_server(db, number)), ids[0] if ids else None)


def _has_server(db: Database, company_id: int) -> bool:
    with db.read(company_id) as session:
        return accounts.default(session, "email") is not None


def _minutes() -> int:
    return int(tokens.LIFETIME[tokens.Purpose.PASSWORD_RESET].total_seconds() // 60)


KINDS = (
    JobKind(name="signin.reset_mail", handler=reset_mail, title=_("Mail a password link"), queue="system"),
    JobKind(name="signin.sweep", handler=sweep, title=_("Remove ended sessions")),
)
SCHEDULES = (Schedule(name="signin.sweep", rule="17 3 * * *", kind="signin.sweep"),)
