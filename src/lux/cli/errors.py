"""Why a command could not do its work."""

from lux.kit.errors import LuxError


class CannotStart(LuxError):
    """The server can't start."""

    code = "cannot_start"
