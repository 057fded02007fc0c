"""People who can sign in: making one, finding one, their password and their profile."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lux.identity import passwords
from lux.identity.models import User
from lux.identity.trail import note
from lux.kit import clock
from lux.kit.addresses import EmailAddress, parse_email
from lux.kit.errors import InvalidInput, NotFound
from lux.kit.i18n import gettext as _


def create(
    session: Session,
    *,
    name: str,
    email: str,
    password: str,
    context: Iterable[str] = (),
    is_operator: bool = False,
    hashed: str = "",
) -> User:
    """Make a person; raises InvalidInput naming `email`, `name` or `password`.

    `hashed` = the password's hash where it was made before the transaction: it takes a tenth of a second, in which
    nobody else could write (SQLite).
    """
    address = parse_email(email)
    check_name(name)
    check_new_password(password, address=address, name=name, context=context)
    user = User(
        email=address.text,
        email_key=address.key,
        name=name.strip(),
        password_hash=hashed or passwords.hash_password(password),
        password_changed_at=clock.now(),
        is_operator=is_operator,
    )
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError as error:
        raise InvalidInput(
            field="email",
            message=_("There is an account with this address already."),
            fix=_("Sign in with it."),
        ) from error
    return user


def by_id(session: Session, user_id: int) -> User:
    """Return a person; raises NotFound."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFound
    return user


def names_of(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """Return what people are called, by id; those who are gone have none."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = session.execute(select(User.id, User.name, User.email).where(User.id.in_(wanted)))
    return {user_id: name or email for user_id, name, email in rows}


def by_email(session: Session, email: str) -> User | None:
    """Return the person with this address, or None (also when it is no address)."""
    try:
        key = parse_email(email).key
    except InvalidInput:
        return None
    return session.scalars(select(User).where(User.email_key == key)).one_or_none()


def hash_for(user: User, password: str, *, context: Iterable[str] = ()) -> str:
    """Return the hash of a person's new password (0.1 s: outside of a transaction); raises InvalidInput when weak."""
    address = EmailAddress(text=user.email, key=user.email_key)
    check_new_password(password, address=address, name=user.name, context=context)
    return passwords.hash_password(password)


def set_password(session: Session, user: User, hashed: str) -> None:
    """Give a person the new password that `hash_for` made a hash of."""
    user.password_hash = hashed
    user.password_changed_at = clock.now()
    session.flush()
    note(session, None, user.id, "password.changed", about=("user", user.public_id))


def check_name(name: str) -> None:
    """Raise InvalidInput when a person's name is missing or too long."""
    if not name.strip():
        raise InvalidInput(
            field="name",
            message=_("The name is missing."),
            fix=_("Enter your name as colleagues know it."),
        )
    if len(name.strip()) > 200:
        raise InvalidInput(field="name", message=_("The name is too long."), fix=_("Enter at most 200 characters."))


def check_new_password(password: str, *, address: EmailAddress, name: str, context: Iterable[str] = ()) -> None:
    """Raise InvalidInput when the password is weak for this person."""
    passwords.check_password(password, context=[address.text, name, *context])
