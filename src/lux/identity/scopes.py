"""What a key of the API may do."""

from __future__ import annotations

import enum
from typing import Final

from babel.support import LazyProxy

from lux.kit.i18n import lazy_gettext as _l


class Scope(enum.Enum):
    """One thing a key may do; there is none for deciding, switching, resuming or reading secrets."""

    CONTACTS_READ = "contacts:read"  # contacts, tags, custom fields, consent
    CONTACTS_WRITE = "contacts:write"  # make and change them
    SEGMENTS_READ = "segments:read"  # segments and lists, their members
    SEGMENTS_WRITE = "segments:write"  # make and change them
    CAMPAIGNS_READ = "campaigns:read"  # campaigns, their figures and recipients
    CAMPAIGNS_WRITE = "campaigns:write"  # write drafts and submit them; a person decides
    MEDIA_READ = "media:read"  # the library's pictures
    MEDIA_WRITE = "media:write"  # add, describe and delete them
    FACTS_READ = "facts:read"  # what happened to a contact
    FACTS_WRITE = "facts:write"  # report events, orders, visits
    APPROVALS_READ = "approvals:read"  # what waits for a yes
    AUDIT_READ = "audit:read"  # the audit log: who did what
    ERRORS_READ = "errors:read"  # what went wrong in the company, and how things are
    ERRORS_WRITE = "errors:write"  # resolve, ignore and reopen it
    EXPORTS = "exports"  # take all contacts out as a file
    HOOKS_WRITE = "hooks:write"  # subscribe addresses to facts, within what a person allowed
    ZAPIER = "zapier"  # the webhook that Zapier posts to, and nothing else

    @property
    def label(self) -> LazyProxy:
        """Return what the scope allows, in a few words."""
        return _WORDS[self][0]

    @property
    def help(self) -> LazyProxy:
        """Return one sentence more about it."""
        return _WORDS[self][1]


_WORDS: Final[dict[Scope, tuple[LazyProxy, LazyProxy]]] = {
    Scope.CONTACTS_READ: (_l("Read contacts"), _l("Contacts with their fields, tags and consent.")),
    Scope.CONTACTS_WRITE: (_l("Change contacts"), _l("Create, change, tag and trash contacts; record consent.")),
    Scope.SEGMENTS_READ: (_l("Read segments and lists"), _l("Their rules, sizes and members.")),
    Scope.SEGMENTS_WRITE: (_l("Change segments and lists"), _l("Write rules, add members to lists and remove them.")),
    Scope.CAMPAIGNS_READ: (_l("Read campaigns"), _l("Campaigns, their figures and recipients.")),
    Scope.CAMPAIGNS_WRITE: (
        _l("Write campaigns"),
        _l("Write drafts and submit them for approval. Only a person can approve."),
    ),
    Scope.MEDIA_READ: (_l("Read pictures"), _l("The media library, and where its pictures stand.")),
    Scope.MEDIA_WRITE: (_l("Change pictures"), _l("Add pictures, describe them, and delete those that stand nowhere.")),
    Scope.FACTS_READ: (_l("Read what happened"), _l("The timeline of a contact, and all facts of a kind.")),
    Scope.FACTS_WRITE: (_l("Report what happened"), _l("Add orders, visits and events of your own to contacts.")),
    Scope.APPROVALS_READ: (_l("Read approvals"), _l("What waits for a decision and what was decided.")),
    Scope.AUDIT_READ: (_l("Read the audit log"), _l("Who did what to what, and when, with the hashes of the chain.")),
    Scope.ERRORS_READ: (_l("Read errors and health"), _l("What went wrong in this company, in plain words.")),
    Scope.ERRORS_WRITE: (_l("Decide about errors"), _l("Mark errors as resolved, ignore them, open them again.")),
    Scope.EXPORTS: (_l("Export contacts"), _l("Take all contacts out as a file.")),
    Scope.HOOKS_WRITE: (
        _l("Subscribe hooks"),
        _l("Have facts sent to addresses, within what a person has allowed this key under Webhooks."),
    ),
    Scope.ZAPIER: (_l("Zapier webhook"), _l("Receive contacts that Zapier sends. Opens nothing else.")),
}
