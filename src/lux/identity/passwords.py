"""Passwords: which ones are good enough, and how they are kept (argon2id, RFC 9106)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from lux.kit.errors import InvalidInput
from lux.kit.i18n import gettext as _

MIN_LENGTH = 10
MAX_LENGTH = 256  # longer ones only cost the server time
MIN_DIFFERENT = 5
MIN_OWN = 6  # characters that are left when a name or a run of keys is taken out

_WORDS = Path(__file__).with_name("common_passwords.txt")
_RUNS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "qwertzuiop", "azertyuiop")
_MORE_RUNS = ("asdfghjkl", "zxcvbnm", "yxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm")
_LEET = str.maketrans("@4013$57!", "aaoiessti")
_hasher = PasswordHasher()
_turn = BoundedSemaphore(2)  # each hash takes 64 MiB for a moment: a crowd at the door must not take all memory


def check_password(password: str, *, context: Iterable[str] = (), field: str = "password") -> None:
    """Raise InvalidInput when a password is short, common, or made of the words in `context`.

    Context words are what anyone could guess: e-mail address, own name, company name.
    """
    problem = _problem(password, context)
    if problem:
        raise InvalidInput(
            field=field,
            message=problem,
            fix=_("Take three or four unrelated words, or let a password manager choose."),
        )


def hash_password(password: str) -> str:
    """Return the argon2id hash under which a password is kept (takes about 0.1 s on purpose)."""
    with _turn:
        return _hasher.hash(_normal(password))


def verify_password(stored: str | None, password: str) -> bool:
    """Say whether the password fits; takes as long when there is no stored hash."""
    kept = stored or _nobody()
    try:
        with _turn:
            _hasher.verify(kept, _normal(password[:MAX_LENGTH]))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def needs_rehash(stored: str) -> bool:
    """Say whether a hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def _problem(password: str, context: Iterable[str]) -> str | None:
    if len(password) < MIN_LENGTH:
        return _(
            "The password has %(count)d characters; it needs %(least)d.",
            count=len(password),
            least=MIN_LENGTH,
        )
    if len(password) > MAX_LENGTH:
        return _("The password is longer than %(most)d characters.", most=MAX_LENGTH)
    return _weakness(_normal(password).casefold(), _context_words(context))


def _weakness(folded: str, context: set[str]) -> str | None:
    if len(set(folded)) < MIN_DIFFERENT or len(_without_runs(folded)) < MIN_OWN - 1:
        return _("The password repeats itself or follows the keyboard.")
    if folded.isdigit():
        return _("A number alone is guessed quickly.")
    if any({core, _block(core)} & common_words() for core in _cores(folded)):
        return _("This is one of the passwords that are tried first.")
    rest = _without_words(folded, context)
    if rest != folded and len(_own(rest)) < MIN_OWN:
        return _("The password is little more than your name, address or company.")
    return None


@cache
def common_words() -> frozenset[str]:
    """Return the words that passwords are most often made of."""
    lines = _WORDS.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@cache
def _nobody() -> str:
    """Return a hash that nobody's password fits, so that an unknown address takes the same time."""
    return _hasher.hash("nobody has this password")


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


def _cores(folded: str) -> set[str]:
    """Return what is left of a decorated word: letters only, with and without l33t spelling."""
    trimmed = re.sub(r"[\W\d_]+$", "", folded)
    spelled = trimmed.translate(_LEET)
    return {
        folded,
        re.sub(r"[^a-z]", "", folded),
        re.sub(r"[^a-z]", "", spelled),
        re.sub(r"[^a-z]", "", folded.translate(_LEET)),
    }


def _block(text: str) -> str:
    """Return the shortest block that the text repeats, or the text."""
    return text[: (text + text).find(text, 1)] if text else text


def _without_runs(text: str) -> str:
    """Take out runs of four or more keys (alphabet, keyboard rows) and repeated characters."""
    for row in (*_RUNS, *_MORE_RUNS):
        for line in (row, row[::-1]):
            for size in range(len(line), 3, -1):
                for start in range(len(line) - size + 1):
                    text = text.replace(line[start : start + size], "")
    return re.sub(r"(.)\1{2,}", r"\1", text)


def _without_words(text: str, words: Iterable[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, "")
    return text


def _own(text: str) -> str:
    """Return what is a person's own in a text: no signs, no years, no runs."""
    return _without_runs(re.sub(r"[\W_]+|(19|20)\d\d", "", text))


def _context_words(context: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for text in context:
        folded = _normal(text).casefold()
        found.update(word for word in re.split(r"[\W_]+", folded) if len(word) >= 4)
        joined = re.sub(r"[\W_]+", "", folded)
        found.update({joined} if len(joined) >= 4 else set())
    return found
