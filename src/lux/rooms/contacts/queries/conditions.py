"""What can be asked of contacts in SQL: in the trash, tagged, with consent, by words, address or number."""

from __future__ import annotations

import re
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union

from lux.gate import consent
from lux.gate.consent import ConsentState
from lux.rooms.contacts import catalogue, values
from lux.rooms.contacts.models import Contact, ContactTag, ContactWord

CONSENT_STATES: Final = ("mailable", "given", "requested", "withdrawn", "none", "suppressed")
LAST_SIGN: Final = "\U0010ffff"  # sorts after everything that begins alike: keys are compared by code point
_PHONE: Final = re.compile(r"[+\d][\d\s()./-]*")
_company: Final = cast("ColumnElement[int]", Contact.company_id)
_email: Final = cast("ColumnElement[Any]", Contact.email_key)


def is_active() -> ColumnElement[bool]:
    """Return: not in the trash.

    Written so that no index serves it: nearly all contacts are active, and SQLite would rather sort them all by hand
    than walk them in order once it sees an equality on an indexed column.
    """
    return func.coalesce(Contact.trashed_at, None).is_(None)


def has_tag(company_id: int, tag_id: int) -> ColumnElement[bool]:
    """Return: the contact carries the tag."""
    tagged = select(ContactTag.contact_id).where(ContactTag.company_id == company_id, ContactTag.tag_id == tag_id)
    return Contact.id.in_(tagged)


def is_mailable() -> ColumnElement[bool]:
    """Return: e-mail may go there, by consent and suppression."""
    return consent.mailable(_company, _email, "email")


def has_consent(company_id: int, state: str) -> ColumnElement[bool]:
    """Return: the e-mail address stands so; one of CONSENT_STATES.

    What most addresses are is asked of each in passing; what few are is looked up first.
    """
    if state == "mailable":
        return is_mailable()
    if state == "none":
        return ~consent.consent_exists(_company, _email, "email", None)
    if state == "given":
        return consent.consent_exists(_company, _email, "email", ConsentState.GIVEN)
    if state == "suppressed":
        return Contact.email_key.in_(consent.suppressed_addresses(company_id, "email"))
    return Contact.email_key.in_(consent.addresses_that_said(company_id, "email", ConsentState(state)))


def matches(company_id: int, text: str, calling_code: str = "") -> ColumnElement[bool] | None:
    """Return: every word of the text begins a name, an address or a number; None for an empty text.

    `calling_code` ("49") completes numbers that are typed without one.
    """
    bare = values.clean(text)
    if not bare:
        return None
    if "@" in bare:
        return _begins(Contact.email_key, bare.casefold())
    if _PHONE.fullmatch(bare) and sum(sign.isdigit() for sign in bare) >= 3:
        return _phone(bare, calling_code)
    return _named(company_id, bare)


def _named(company_id: int, bare: str) -> ColumnElement[bool]:
    words = catalogue.words_of(bare)
    if not words:
        return _begins(Contact.email_key, bare.casefold())
    named = and_(*(Contact.id.in_(_with_word(company_id, word)) for word in words))
    if " " in bare:
        return named
    # one word may begin a name or an address; addresses keep the signs that words lose (ada.l)
    by_email = select(Contact.id).where(Contact.company_id == company_id, _begins(Contact.email_key, bare.casefold()))
    if len(words) > 1:
        return or_(named, Contact.id.in_(by_email))
    return Contact.id.in_(union(_with_word(company_id, words[0]), by_email))


def _with_word(company_id: int, word: str) -> Select[int]:
    return select(ContactWord.contact_id).where(
        ContactWord.company_id == company_id, _begins(ContactWord.word, word[: catalogue.WORD_LENGTH])
    )


def _phone(text: str, calling_code: str) -> ColumnElement[bool]:
    digits = re.sub(r"\D", "", text)
    international = "+" + (digits.removeprefix("00") if digits.startswith("00") else digits)
    found = _begins(Contact.phone, international)
    if calling_code and not text.startswith("+"):
        found = or_(found, _begins(Contact.phone, f"+{calling_code}{digits.lstrip('0')}"))
    return found


def _begins(column: Any, prefix: str) -> ColumnElement[bool]:  # noqa: ANN401 - a mapped column
    """Return an index range instead of LIKE, whose use of an index depends on collation and pattern."""
    return and_(column >= prefix, column < prefix + LAST_SIGN)
