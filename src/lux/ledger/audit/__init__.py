"""The audit chain: who did what to what, each row sealed by the hash of the one before; no personal data inside.

`append` writes a row in the caller's transaction. Its `action` has to be known: one line in `audit/actions.py`, or
`audit.register(audit.Action("thing.done", audit.SECURITY, _("%(who)s did %(what)s")))` beside the code that writes it.
What a person typed (`reason`, `comment`, `note` in `detail`) never enters the chain: `append` keeps it in a row that
can be erased, and the chain holds its salted hash (docs/decisions/0017).
"""

from lux.ledger.audit.actions import (
    ACCESS,
    APPROVALS,
    CATEGORIES,
    COMPANIES,
    CONNECTIONS,
    DATA,
    SECURITY,
    SETTINGS,
    STOPS,
    Action,
    UnknownAction,
    action_of,
    known,
    register,
)
from lux.ledger.audit.chain import (
    INSTALLATION,
    SYSTEM,
    Actor,
    ChainFault,
    append,
    chains,
    row_hash,
    verify,
    verify_rows,
)
from lux.ledger.audit.checks import Check, broken, last_check
from lux.ledger.audit.words import forget_text, forget_words, words_of

__all__ = [
    "ACCESS",
    "APPROVALS",
    "CATEGORIES",
    "COMPANIES",
    "CONNECTIONS",
    "DATA",
    "INSTALLATION",
    "SECURITY",
    "SETTINGS",
    "STOPS",
    "SYSTEM",
    "Action",
    "Actor",
    "ChainFault",
    "Check",
    "UnknownAction",
    "action_of",
    "append",
    "broken",
    "chains",
    "forget_text",
    "forget_words",
    "known",
    "last_check",
    "register",
    "row_hash",
    "verify",
    "verify_rows",
    "words_of",
]
