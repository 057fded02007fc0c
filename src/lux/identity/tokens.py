"""Links that work once: random, bound to one purpose, expiring, kept as a hash."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any, Final, cast

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from lux.identity.models import OneTimeToken
from lux.kit import clock
from lux.kit.crypto import random_token, token_hash
from lux.kit.errors import NotFound
from lux.kit.i18n import gettext as _


class Purpose(enum.Enum):
    """What a one-time link is for; a token works for nothing else."""

    OWNER_LINK = "owner_link"  # the first person of an installation
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a name, not a secret


LIFETIME: Final = {
    Purpose.OWNER_LINK: dt.timedelta(days=7),  # a new start makes a new one
    Purpose.PASSWORD_RESET: dt.timedelta(hours=1),
}


class LinkGone(NotFound):
    """This link does not work any more."""

    code = "link_gone"


def issue(
    session: Session,
    purpose: Purpose,
    *,
    user_id: int | None = None,
    payload: dict[str, Any] | None = None,
) -> str:
    """Make a token; earlier ones of the same purpose and person stop working."""
    withdraw(session, purpose, user_id=user_id)
    token = random_token()
    session.add(
        OneTimeToken(
            purpose=purpose.value,
            token_hash=_hash(purpose, token),
            user_id=user_id,
            payload=payload or {},
            expires_at=clock.now() + LIFETIME[purpose],
        )
    )
    session.flush()
    return token


def peek(session: Session, purpose: Purpose, token: str) -> OneTimeToken:
    """Return a token that still works, without using it up; raises LinkGone."""
    found = session.scalars(
        select(OneTimeToken).where(
            OneTimeToken.token_hash == _hash(purpose, token),
            OneTimeToken.purpose == purpose.value,
            OneTimeToken.used_at.is_(None),
            OneTimeToken.expires_at > clock.now(),
        )
    ).one_or_none()
    if found is None:
        raise LinkGone(
            _("This link was used already, is too old, or is not complete."),
            fix=_("Ask for a new one, and open the newest mail."),
        )
    return found


def spend(session: Session, purpose: Purpose, token: str) -> OneTimeToken:
    """Use a token up; of two who try at once, one gets LinkGone."""
    found = peek(session, purpose, token)
    result = session.execute(
        update(OneTimeToken)
        .where(OneTimeToken.id == found.id, OneTimeToken.used_at.is_(None))
        .values(used_at=clock.now())
    )
    if cast("CursorResult[Any]", result).rowcount != 1:
        raise LinkGone
    return found


def withdraw(session: Session, purpose: Purpose, *, user_id: int | None = None) -> None:
    """Make all open links of a purpose (and person) useless."""
    session.execute(
        delete(OneTimeToken).where(
            OneTimeToken.purpose == purpose.value,
            OneTimeToken.user_id == user_id if user_id else OneTimeToken.user_id.is_(None),
            OneTimeToken.used_at.is_(None),
        )
    )


def sweep(session: Session) -> int:
    """Delete what was used or expired more than a day ago; returns how many."""
    limit = clock.now() - dt.timedelta(days=1)
    result = session.execute(
        delete(OneTimeToken).where((OneTimeToken.used_at < limit) | (OneTimeToken.expires_at < limit))
    )
    return cast("CursorResult[Any]", result).rowcount


def _hash(purpose: Purpose, token: str) -> str:
    return token_hash(f"{purpose.value}:{token}")
