"""Errors of the outside: one list for every connector (reference: vocabulary, "Errors of the outside")."""

from __future__ import annotations


class ProviderError(Exception):
    """Something outside said no, or said nothing."""

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        code: str | int | None = None,
        retry_after: float | None = None,
        field: str | None = None,
    ) -> None:
        """Keep the words for people, the provider's code, seconds until a retry and the field to mend."""
        super().__init__(message)
        self.message = message
        self.provider = provider
        self.code = code
        self.retry_after = retry_after
        self.field = field


class AuthFailed(ProviderError):
    """The credentials were refused: stop and reconnect."""


class PermissionMissing(ProviderError):
    """A grant is missing: the message names it."""


class QuotaExhausted(ProviderError):
    """The quota is used up until the named time."""


class RateLimited(ProviderError):
    """Too fast: wait `retry_after` seconds."""


class Invalid(ProviderError):
    """The request was wrong in `field`; it is never repeated."""


class RecipientRefused(ProviderError):
    """This recipient is refused for good: suppress it."""


class PolicyBlocked(ProviderError):
    """Content or account was refused by policy: stop the campaign."""


class Duplicate(ProviderError):
    """The provider already has it."""


class MediaRejected(ProviderError):
    """The provider refused the media."""


class MediaUnreachable(ProviderError):
    """The provider could not fetch the media."""


class NotReady(ProviderError):
    """Not ready yet: ask again later."""


class Transient(ProviderError):
    """A passing fault: try again later."""


class Ambiguous(ProviderError):
    """A write whose outcome is unknown: never repeat it blindly."""


class VersionSunset(ProviderError):
    """The provider's version is gone: ours to fix."""
