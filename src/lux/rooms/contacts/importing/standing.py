"""Reads the columns of other programs that say who must not be written to; what is not plainly a no-matter is a no."""

from __future__ import annotations

from typing import Final

from lux.gate.consent import SuppressionReason
from lux.rooms.contacts import values

# Words in a column of unsubscribes that mean: this person did not. 0 is Mautic's IS_CONTACTABLE.
_HARMLESS: Final = frozenset(
    {"no", "false", "0", "none", "null", "n/a", "-", "nein", "non", "subscribed", "enabled", "active", "contactable"}
)
_BOUNCED: Final = frozenset({"2", "cleaned", "bounced", "bounce", "hard bounce"})  # 2 is Mautic's DoNotContact::BOUNCED
# States of Mailchimp's people that are neither a yes nor a no.
_UNDECIDED: Final = frozenset({"nonsubscribed", "non-subscribed", "pending", "transactional"})


def unsubscribed(text: str) -> SuppressionReason | None:
    """Return why the address is blocked when the cell says yes, a time, or anything that is not a plain no."""
    bare = values.clean(text).casefold()
    if not bare or bare in _HARMLESS or bare in _UNDECIDED:
        return None
    return SuppressionReason.BOUNCED if bare in _BOUNCED else SuppressionReason.UNSUBSCRIBED


def bounced(text: str) -> SuppressionReason | None:
    """Return the reason when the cell names a bounce: a time, a kind, a yes."""
    bare = values.clean(text).casefold()
    return None if not bare or bare in _HARMLESS else SuppressionReason.BOUNCED
