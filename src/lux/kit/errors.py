"""Errors named by what they mean; one handler turns them into a page, a toast or problem+json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from lux.kit.i18n import gettext


@dataclass(frozen=True, kw_only=True)
class FieldProblem:
    """One field, what is wrong with it, and how to mend it."""

    field: str
    message: str
    fix: str = ""


class LuxError(Exception):
    """Something went wrong that people can be told about."""

    code = "error"  # stable, for programs
    status = 500  # HTTP
    headers: ClassVar[Mapping[str, str]] = {}  # of the answer

    def __init__(
        self,
        message: str = "",
        *,
        field: str | None = None,
        fix: str = "",
        url: str = "",
        problems: Sequence[FieldProblem] = (),
    ) -> None:
        """Keep the words for people, the field, the fix and a link to where it is mended."""
        self.message = message or gettext(self.default_words())
        super().__init__(self.message)
        self.field = field
        self.fix = fix
        self.url = url
        self.problems = tuple(problems) or (
            (FieldProblem(field=field, message=self.message, fix=fix),) if field else ()
        )

    @classmethod
    def default_words(cls) -> str:
        """Return the docstring's first paragraph in one line: what is said where nobody says more; untranslated."""
        return " ".join((cls.__doc__ or "").strip().partition("\n\n")[0].split())


class InvalidInput(LuxError):
    """What was entered can't be used."""

    code = "invalid_input"
    status = 422


class NotFound(LuxError):
    """There is nothing here, or nothing that you may see."""

    code = "not_found"
    status = 404


class SignInNeeded(LuxError):
    """Sign in to go on."""

    code = "sign_in_needed"
    status = 401


class Forbidden(LuxError):
    """Your role does not allow this."""

    code = "forbidden"
    status = 403


class Conflict(LuxError):
    """Somebody changed this in the meantime."""

    code = "conflict"
    status = 409


class WrongState(LuxError):
    """This can't be done in the present state."""

    code = "wrong_state"
    status = 409


class RateLimitReached(LuxError):
    """Too many attempts. Wait a moment and try again."""

    code = "rate_limited"
    status = 429

    def __init__(self, message: str = "", *, retry_after: int = 60, **more: object) -> None:
        """Keep the seconds after which another attempt is welcome."""
        super().__init__(message, **more)  # type: ignore[arg-type]
        self.retry_after = retry_after


class TooLarge(LuxError):
    """What was sent is larger than allowed."""

    code = "too_large"
    status = 413


class BrokenRule(LuxError):
    """A rule names something that was deleted."""

    code = "broken_rule"
    status = 409


class ToggleIsOff(LuxError):
    """The switch for this is off."""

    code = "toggle_off"
    status = 409


class Stopped(LuxError):
    """An emergency stop is active."""

    code = "stopped"
    status = 409


class VaultLocked(LuxError):
    """The vault is locked: its key is missing or wrong."""

    code = "vault_locked"
    status = 503


class SettingsProblem(LuxError):
    """A setting has a value that can't be used."""

    code = "settings"
    status = 500
