"""What secrets are used for, in words: the purposes that code names where it opens one."""

from __future__ import annotations

from lux.kit.i18n import gettext as _


def words(purpose: str) -> str:
    """Return a purpose for people; one that is not known is shown as the code names it."""
    if purpose.startswith("send"):
        return _("to send")
    return {
        "probe": _("for a test"), "sign": _("to sign"), "rotate": _("when it was changed"),
    }.get(purpose, purpose)  # fmt: skip
