"""Words for states of the contacts' work that stand on its own pages and elsewhere."""

from __future__ import annotations

from lux.kit.i18n import gettext as _


def import_state(state: str) -> str:
    """Return the word for the state of an import or an export."""
    return {
        "uploaded": _("Uploaded"),
        "queued": _("Waiting"),
        "running": _("Running"),
        "done": _("Done"),
        "failed": _("Failed"),
        "cancelled": _("Cancelled"),
        "expired": _("Expired"),
    }[state]
