"""Signing in, resetting a password, joining by invitation; the door tells strangers nothing.

What compares or hashes a password takes the database, not a session: it takes a tenth of a second on purpose, and no
transaction is held open for that long (on SQLite nobody else could write meanwhile).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy.orm import Session

from lux.identity import invitations, members, owner_link, passwords, sessions, tokens, users
from lux.identity.access import Person
from lux.identity.models import Company, Invitation, User
from lux.identity.trail import note
from lux.kit import jobs, rates
from lux.kit.addresses import email_key, parse_email
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.errors import Conflict, InvalidInput, RateLimitReached
from lux.kit.i18n import gettext as _

if TYPE_CHECKING:
    from lux.kit.settings import Settings
    from lux.rooms.signin.forms import ForgotForm, JoinForm, PasswordForm, ProfileForm, SignInForm, WelcomeForm


log = structlog.get_logger(__name__)
NOTED_PER_HOUR: Final = 600  # refused sign-ins that the audit log takes


@dataclass(frozen=True, kw_only=True)
class Browser:
    """Where a request comes from."""

    address: str
    user_agent: str


@dataclass(frozen=True, kw_only=True)
class Welcome:
    """What the page of an invitation shows."""

    invitation: Invitation
    company: Company
    has_account: bool
    is_for_visitor: bool  # the visitor is signed in with the invited address


def sign_in(db: Database, settings: Settings, form: SignInForm, browser: Browser, *, replaces: Person | None) -> str:
    """Return the token of a new session; raises InvalidInput with one answer for every reason, RateLimitReached."""
    account = _account_key(form.email)
    rates.take(db, f"signin:{browser.address}:{account}", 10, 60)
    rates.take(db, f"signin:{account}", 60, 600)
    rates.take(db, f"signin:{browser.address}", 60, 60)
    with db.read(ALL_COMPANIES) as session:
        user = users.by_email(session, form.email)
    fits = passwords.verify_password(user.password_hash if user else None, form.password)
    if not fits or user is None or user.is_disabled:
        _note_refused(db, user)
        raise InvalidInput(
            _("This e-mail address and password do not fit together."),
            fix=_("Check both, or ask for a new password below."),
        )
    stored = user.password_hash or ""
    better = passwords.hash_password(form.password) if passwords.needs_rehash(stored) else None
    with db.begin(ALL_COMPANIES) as session:
        fresh = users.by_id(session, user.id)
        if better and fresh.password_hash == stored:
            fresh.password_hash = better
        if replaces is not None and replaces.session_id is not None:
            sessions.end(session, replaces.session_id)
        return _start(session, fresh, settings, browser)


def sign_out(session: Session, person: Person) -> None:
    """End the present session."""
    if person.session_id is not None:
        sessions.end(session, person.session_id)


def begin(db: Database, settings: Settings, token: str, form: WelcomeForm, browser: Browser) -> str:
    """Make the first owner and company, and return the token of their session; raises LinkGone, InvalidInput."""
    with db.read(ALL_COMPANIES) as session:
        tokens.peek(session, tokens.Purpose.OWNER_LINK, token)
    hashed = passwords.hash_password(form.password)
    with db.begin(ALL_COMPANIES) as session:
        user, company = owner_link.become_owner(
            session,
            token,
            name=form.name,
            email=form.email,
            password=form.password,
            company=form.company,
            timezone=form.timezone,
            currency=form.currency,
            hashed=hashed,
        )
        return _start(session, user, settings, browser, company_id=company.id)


def forgot(db: Database, form: ForgotForm, browser: Browser) -> None:
    """Have a reset link mailed if there is such an account; takes the same time if there is none."""
    rates.take(db, f"forgot:{browser.address}", 10, 60)
    rates.take(db, f"forgot:{_account_key(form.email)}", 5, 3600)
    with db.begin(ALL_COMPANIES) as session:
        user = users.by_email(session, form.email)
        is_known = user is not None and not user.is_disabled
        jobs.enqueue(session, "signin.reset_mail", {"user_id": user.id if user and is_known else None}, queue="system")


def reset(db: Database, token: str, password: str) -> None:
    """Set a new password by its mailed link and sign the person out everywhere; raises LinkGone, InvalidInput."""
    with db.read(ALL_COMPANIES) as session:
        found = tokens.peek(session, tokens.Purpose.PASSWORD_RESET, token)
        user, companies = _with_companies(session, found.user_id or 0)
    hashed = users.hash_for(user, password, context=companies)
    with db.begin(ALL_COMPANIES) as session:
        spent = tokens.spend(session, tokens.Purpose.PASSWORD_RESET, token)
        users.set_password(session, users.by_id(session, spent.user_id or 0), hashed)
        sessions.end_all(session, user.id)


def welcome(session: Session, token: str, visitor: Person | None) -> Welcome:
    """Return what an invitation says (session over all companies); raises LinkGone."""
    invitation, company = invitations.by_token(session, token)
    return Welcome(
        invitation=invitation,
        company=company,
        has_account=users.by_email(session, invitation.email) is not None,
        is_for_visitor=visitor is not None and email_key(visitor.email) == invitation.email_key,
    )


def join_as_new(db: Database, settings: Settings, token: str, form: JoinForm, browser: Browser) -> str:
    """Make the invited person's account, let them in, and return the token of their session."""
    with db.read(ALL_COMPANIES) as session:
        invitations.by_token(session, token)
    hashed = passwords.hash_password(form.password)
    with db.begin(ALL_COMPANIES) as session:
        user, company = invitations.accept_as_new(session, token, name=form.name, password=form.password, hashed=hashed)
        return _start(session, user, settings, browser, company_id=company.id)


def join(session: Session, token: str, person: Person) -> str:
    """Let a signed-in person into the company that invited them; returns the new token of their session."""
    user = users.by_id(session, person.user_id)
    company = invitations.accept(session, token, user)
    return sessions.look_at(session, person.session_id or 0, user.id, company.id)


def change_profile(session: Session, person: Person, form: ProfileForm) -> None:
    """Save a person's own settings."""
    user = users.by_id(session, person.user_id)
    user.name, user.locale, user.timezone = form.name, form.locale, form.timezone
    user.preferences = {**user.preferences, "single_keys": form.single_keys, "formats": form.formats}
    session.flush()


def change_password(db: Database, person: Person, form: PasswordForm) -> str:
    """Change one's password; other sessions end, and the present one gets the returned token.

    Raises InvalidInput naming `present` or `password`, Conflict when it was changed elsewhere at this moment.
    """
    with db.read(ALL_COMPANIES) as session:
        user, companies = _with_companies(session, person.user_id)
    if not passwords.verify_password(user.password_hash, form.present):
        raise InvalidInput(
            field="present",
            message=_("This is not your present password."),
            fix=_("Sign out and ask for a new one if you forgot it."),
        )
    hashed = users.hash_for(user, form.password, context=companies)
    with db.begin(ALL_COMPANIES) as session:
        fresh = users.by_id(session, user.id)
        if fresh.password_hash != user.password_hash:
            raise Conflict(_("Your password was changed at this very moment."), fix=_("Sign in again."))
        users.set_password(session, fresh, hashed)
        sessions.end_all(session, user.id, but=person.session_id)
        return sessions.rotate(session, person.session_id or 0)


def _with_companies(session: Session, user_id: int) -> tuple[User, list[str]]:
    """Return a person and the names of their companies, which their password must not be made of."""
    return users.by_id(session, user_id), [row.name for row in members.companies_of(session, user_id)]


def _start(session: Session, user: User, settings: Settings, browser: Browser, *, company_id: int | None = None) -> str:
    return sessions.start(
        session,
        user,
        settings,
        address=browser.address,
        user_agent=browser.user_agent,
        company_id=company_id,
    )


def _note_refused(db: Database, user: User | None) -> None:
    """Note a refused sign-in without what was typed; a flood of them is noted up to a limit, for each is a row."""
    try:
        rates.take(db, "signin:noted", NOTED_PER_HOUR, 3600)
    except RateLimitReached:
        log.warning("refused_sign_ins_not_noted", limit=NOTED_PER_HOUR)
        return
    about = ("user", user.public_id) if user else ("", "")
    detail = {"is_known": user is not None, "is_disabled": bool(user and user.is_disabled)}
    with db.begin(ALL_COMPANIES) as session:
        note(session, None, None, "session.refused", about=about, detail=detail)


def _account_key(email: str) -> str:
    """Return under which name attempts for an address are counted."""
    try:
        return parse_email(email).key
    except InvalidInput:
        return email.strip().casefold()[:100]
