"""Keys with which other programs act for a company: scoped, kept as a hash, shown once, rotated with an overlap."""

from __future__ import annotations

import datetime as dt
import hmac
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from lux.identity import companies, users
from lux.identity.access import Person, Right
from lux.identity.models import ApiKey
from lux.identity.scopes import Scope as Scope
from lux.identity.trail import note
from lux.kit import clock
from lux.kit.crypto import random_token, token_hash
from lux.kit.db import ALL_COMPANIES, Database
from lux.kit.db.session import company_of
from lux.kit.errors import InvalidInput, NotFound, WrongState
from lux.kit.i18n import gettext as _
from lux.ledger.audit import Actor

MAX_NAME: Final = 100
OVERLAP: Final = dt.timedelta(hours=24)  # how long the earlier secret goes on working after a rotation
NOTE_USE_EVERY: Final = dt.timedelta(minutes=1)  # how exact `last_used_at` is; spares a write per call
_NOBODYS_HASH: Final = "0" * 64  # compared with when there is no such key, so that both cases take the same time


_EDITS: Final = frozenset(
    {
        Scope.CONTACTS_WRITE,
        Scope.SEGMENTS_WRITE,
        Scope.CAMPAIGNS_WRITE,
        Scope.MEDIA_WRITE,
        Scope.FACTS_WRITE,
        Scope.ZAPIER,
    }
)


@dataclass(frozen=True, kw_only=True)
class Program(Person):
    """Another program that acts by a key, in the name of who issued it.

    It has no role, so that every right beyond seeing and editing stays a person's: a key never approves, stops,
    resumes, switches, manages or owns. What it may see and edit, its scopes say.
    """

    key_id: int
    key_public_id: uuid.UUID
    scopes: frozenset[Scope]

    @property
    def actor(self) -> Actor:
        """Return how the audit chain names who acts."""
        return Actor(type="api_key", id=self.key_id)

    def has(self, right: Right) -> bool:
        """Say whether the key's scopes reach that far: to seeing, or to editing what a write scope names."""
        return right is Right.VIEW or (right is Right.EDIT and bool(self.scopes & _EDITS))


def issue(
    session: Session, *, name: str, scopes: Iterable[Scope], by: Person, expires_at: dt.datetime | None = None
) -> tuple[ApiKey, str]:
    """Make a key of the session's company; returns it and `<id>.<secret>`, which can't be read again.

    Raises Forbidden, and InvalidInput naming `name`, `scopes` or `expires_at`.
    """
    by.require(Right.MANAGE)
    chosen = set(scopes)
    if not chosen:
        raise InvalidInput(
            field="scopes",
            message=_("The key would be allowed nothing."),
            fix=_("Choose at least one thing it may do."),
        )
    if expires_at is not None and expires_at <= clock.now():
        raise InvalidInput(
            field="expires_at", message=_("This time has passed."), fix=_("Choose a later one, or leave it empty.")
        )
    secret = random_token()
    key = ApiKey(
        company_id=company_of(session),
        name=_checked_name(name),
        secret_hash=token_hash(secret),
        last_four=secret[-4:],
        scopes=[scope.value for scope in Scope if scope in chosen],
        created_by=by.user_id,
        expires_at=expires_at,
    )
    session.add(key)
    session.flush()
    _note(session, key, by, "api_key.issued", scopes=key.scopes, expires_at=expires_at)
    return key, f"{key.public_id}.{secret}"


def find(where: Session | Database, presented: str) -> ApiKey | None:
    """Return the key that `<id>.<secret>` opens: not revoked, not expired; else None.

    A Database is searched over all companies: the id tells the company. A wrong secret and an unknown id
    take the same time.
    """
    if isinstance(where, Database):
        with where.read(ALL_COMPANIES) as session:
            return find(session, presented)
    identity, _dot, secret = presented.partition(".")
    key = _by_identity(where, identity)
    now = clock.now()
    present = key.secret_hash if key else _NOBODYS_HASH
    earlier = key.previous_hash if key and key.previous_until and key.previous_until > now else _NOBODYS_HASH
    offered = token_hash(secret)
    is_present = hmac.compare_digest(offered, present)
    is_earlier = hmac.compare_digest(offered, earlier)
    return key if key and (is_present or is_earlier) and is_live(key, now) else None


def rotate(session: Session, key: ApiKey, *, by: Person, overlap: dt.timedelta = OVERLAP) -> tuple[ApiKey, str]:
    """Give a key a new secret; returns it and the new `<id>.<secret>`. The earlier one works for `overlap` more.

    Raises Forbidden, and WrongState when the key is revoked or has expired.
    """
    by.require(Right.MANAGE)
    session.refresh(key, with_for_update=True)
    now = clock.now()
    if not is_live(key, now):
        raise WrongState(_("This key has ended already."), fix=_("Make a new one."))
    secret = random_token()
    key.previous_hash, key.previous_last_four = key.secret_hash, key.last_four
    key.previous_until = now + overlap
    key.secret_hash, key.last_four = token_hash(secret), secret[-4:]
    key.rotated_at = now
    session.flush()
    _note(session, key, by, "api_key.rotated", previous_until=key.previous_until)
    return key, f"{key.public_id}.{secret}"


def revoke(session: Session, key: ApiKey, *, by: Person) -> None:
    """Stop a key, with its earlier secret, from this moment on; nothing happens to one that is revoked already."""
    by.require(Right.MANAGE)
    session.refresh(key, with_for_update=True)
    if key.revoked_at is not None:
        return
    key.revoked_at = clock.now()
    key.previous_until = None
    session.flush()
    _note(session, key, by, "api_key.revoked")


def note_use(db: Database, key: ApiKey) -> None:
    """Write when a key was used, at most once a minute, in a transaction of its own."""
    now = clock.now()
    if key.last_used_at is not None and key.last_used_at > now - NOTE_USE_EVERY:
        return
    with db.begin(key.company_id) as session:
        session.execute(
            update(ApiKey)
            .where(
                ApiKey.id == key.id,
                or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - NOTE_USE_EVERY),
            )
            .values(last_used_at=now)
        )


def listing(session: Session) -> Sequence[ApiKey]:
    """Return the company's keys, those that work first, each group the newest first."""
    now = clock.now()
    found = session.scalars(select(ApiKey).order_by(ApiKey.id.desc())).all()
    return sorted(found, key=lambda key: not is_live(key, now))


def get(session: Session, public_id: uuid.UUID) -> ApiKey:
    """Return a key of the session's company; raises NotFound."""
    found = session.scalars(select(ApiKey).where(ApiKey.public_id == public_id)).one_or_none()
    if found is None:
        raise NotFound
    return found


def live(session: Session, key_id: int) -> ApiKey | None:
    """Return a key that is neither revoked nor expired, by row number."""
    found = session.get(ApiKey, key_id)
    return found if found is not None and is_live(found, clock.now()) else None


def scopes_of(key: ApiKey) -> frozenset[Scope]:
    """Return what a key may do; a scope that this version does not know allows nothing."""
    return frozenset(scope for scope in Scope if scope.value in key.scopes)


def is_live(key: ApiKey, now: dt.datetime) -> bool:
    """Say whether a key is neither revoked nor expired."""
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def shown_name(key: ApiKey) -> str:
    """Return how people see who acted."""
    return _("API key %(name)s", name=key.name)


def program_of(session: Session, key: ApiKey) -> Program:
    """Return who acts by a key, in its company; session over all companies, or over this one."""
    company = companies.by_id(session, key.company_id)
    user = users.by_id(session, key.created_by)
    return Program(
        user_id=user.id,
        user_public_id=user.public_id,
        name=shown_name(key),
        email=user.email,
        company_id=company.id,
        role=None,
        is_operator=False,
        session_id=None,
        locale=company.locale,
        timezone=company.timezone,
        key_id=key.id,
        key_public_id=key.public_id,
        scopes=scopes_of(key),
    )


def _by_identity(session: Session, identity: str) -> ApiKey | None:
    try:
        public_id = uuid.UUID(identity)
    except ValueError:
        return None
    return session.scalars(select(ApiKey).where(ApiKey.public_id == public_id)).one_or_none()


def _checked_name(name: str) -> str:
    text = " ".join(name.split())
    if not 1 <= len(text) <= MAX_NAME:
        raise InvalidInput(
            field="name",
            message=_("The key needs a name of 1 to %(most)d characters.", most=MAX_NAME),
            fix=_("Name the program that will use it, for example “Web shop”."),
        )
    return text


def _note(session: Session, key: ApiKey, by: Person, action: str, **detail: object) -> None:
    note(session, key.company_id, by, action, about=("api_key", key.public_id), detail=detail)
