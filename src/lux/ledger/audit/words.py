"""What people typed, kept beside the chain so that it can be erased: the chain holds its salted hash and a pointer."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from sqlalchemy import CursorResult, Select, delete, or_, select

from lux.ledger.models import AuditWords

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TYPED: Final = frozenset({"reason", "comment", "note"})  # keys of `detail` that hold what somebody typed
_LEAST: Final = 4  # characters: a shorter text would be found in everybody's words


def kept_outside(session: Session, company_id: int, seq: int, detail: Mapping[str, Any]) -> dict[str, Any]:
    """Return the detail as it enters row `seq` of the chain; typed words go into rows of their own."""
    plain = dict(detail)
    for key in TYPED & plain.keys():
        if isinstance(plain[key], str) and plain[key]:
            row = AuditWords(company_id=company_id, seq=seq, salt=secrets.token_hex(16), text=plain[key])
            session.add(row)
            session.flush()
            plain[key] = {"words": str(row.key), "sha256": digest(row.salt, row.text)}
    return plain


def digest(salt: str, text: str) -> str:
    """Return the hex SHA-256 over salt and words, in UTF-8."""
    return hashlib.sha256(f"{salt}{text}".encode()).hexdigest()


def pointer_of(value: object) -> tuple[uuid.UUID, str] | None:
    """Return row and hash of a value of `detail` that points to words, None for any other value."""
    if not isinstance(value, dict) or set(value) != {"words", "sha256"}:
        return None
    try:
        return uuid.UUID(str(value["words"])), str(value["sha256"])
    except ValueError:
        return None


def words_of(session: Session, company_id: int, details: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the words that are still there, and still those that were hashed, by the hash that the chain holds."""
    wanted = dict(found for one in details for value in one.values() if (found := pointer_of(value)))
    if not wanted:
        return {}
    rows = session.scalars(select(AuditWords).where(AuditWords.company_id == company_id, AuditWords.key.in_(wanted)))
    return {wanted[row.key]: row.text for row in rows if digest(row.salt, row.text) == wanted[row.key]}


def rows_with(company_id: int, text: str) -> Select[int | None]:
    """Return SQL: the rows of a chain for which somebody typed this, in any case, as far as it is still there."""
    return select(AuditWords.seq).where(
        AuditWords.company_id == company_id,
        AuditWords.seq.is_not(None),
        AuditWords.text.icontains(text, autoescape=True),
    )


def forget_words(session: Session, company_id: int, details: Iterable[Mapping[str, Any]]) -> int:
    """Erase the words of rows of the chain; returns how many. The chain stays as it is, and valid."""
    ids = [found[0] for one in details for value in one.values() if (found := pointer_of(value))]
    return _delete(session, company_id, AuditWords.key.in_(ids)) if ids else 0


def forget_text(session: Session, company_id: int, texts: Iterable[str]) -> int:
    """Erase all words that name one of these texts (an address, a number, a name); returns how many."""
    conditions = [AuditWords.text.icontains(one, autoescape=True) for one in texts if len(one) >= _LEAST]
    return _delete(session, company_id, or_(*conditions)) if conditions else 0


def _delete(session: Session, company_id: int, condition: Any) -> int:  # noqa: ANN401 - a condition on the table
    statement = delete(AuditWords).where(AuditWords.company_id == company_id, condition)
    result = session.execute(statement.execution_options(synchronize_session=False))
    return int(cast("CursorResult[Any]", result).rowcount)
