"""What an API call can be refused for beyond what pages know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from lux.kit.errors import Conflict, Forbidden, InvalidInput, LuxError


class KeyNeeded(LuxError):
    """This needs an API key that is valid."""

    code = "key_needed"
    status = 401
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": 'Bearer realm="LUX"'}


class ScopeMissing(Forbidden):
    """This key does not reach that far."""

    code = "scope_missing"


class NotJson(InvalidInput):
    """The body is not JSON."""

    code = "invalid_json"
    status = 400


class WrongMediaType(LuxError):
    """The body has to be JSON: send Content-Type: application/json."""

    code = "wrong_media_type"
    status = 415


class VersionConflict(Conflict):
    """The record has changed: its version is another one now."""

    code = "version_conflict"


class PreconditionFailed(Conflict):
    """The record has changed: its ETag is another one now."""

    code = "precondition_failed"
    status = 412
