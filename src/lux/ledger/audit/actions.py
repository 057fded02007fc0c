"""Every action the audit chain may hold: its name, what it belongs to, and the sentence people read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lux.kit.i18n import lazy_gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from babel.support import LazyProxy

APPROVALS, STOPS, ACCESS, SECURITY = "approvals", "stops", "access", "security"
CONNECTIONS, DATA, SETTINGS, COMPANIES = "connections", "data", "settings", "companies"
CATEGORIES: Final = {
    APPROVALS: _("Approvals and sending"),
    STOPS: _("Switches and stops"),
    ACCESS: _("Sign-in, members and roles"),
    SECURITY: _("Secrets, keys and the audit log"),
    CONNECTIONS: _("Senders, domains and webhooks"),
    DATA: _("Contacts, imports and exports"),
    SETTINGS: _("Settings"),
    COMPANIES: _("Companies"),
}


class UnknownAction(LookupError):
    """An action was to be written that has no line in `lux.ledger.audit.actions`."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action; the sentence names `%(who)s` and, where it has an object, `%(what)s`."""

    name: str
    category: str
    sentence: LazyProxy | str


_known: dict[str, Action] = {}


def register(*actions: Action) -> None:
    """Make actions known; a name that is taken, and a category that does not exist, raise ValueError."""
    for action in actions:
        if action.category not in CATEGORIES or _known.get(action.name, action) != action:
            raise ValueError(f"{action.name}: its category is unknown, or its name is taken")
        _known[action.name] = action


def action_of(name: str) -> Action:
    """Return an action; raises UnknownAction."""
    found = _known.get(name)
    if found is None:
        raise UnknownAction(f"{name!r} is no action of the audit chain: give it a line in lux/ledger/audit/actions.py")
    return found


def known() -> Iterable[Action]:
    """Return all actions, by name."""
    return [_known[name] for name in sorted(_known)]


register(
    # Approvals and sending
    Action("approval.submitted", APPROVALS, _("%(who)s submitted %(what)s")),
    Action("approval.revised", APPROVALS, _("%(who)s changed %(what)s and submitted it anew")),
    Action("approval.approved", APPROVALS, _("%(who)s approved %(what)s")),
    Action("approval.rejected", APPROVALS, _("%(who)s rejected %(what)s")),
    Action("approval.cancelled", APPROVALS, _("%(who)s took back %(what)s")),
    Action("approval.expired", APPROVALS, _("Nobody decided in time on %(what)s")),
    Action("approval.returned", APPROVALS, _("%(what)s needs a new yes")),
    Action("approval.published", APPROVALS, _("%(what)s has left")),
    Action("approval.failed", APPROVALS, _("%(what)s could not leave")),
    Action("approval.first_yes", APPROVALS, _("%(who)s said the first yes to %(what)s")),
    Action("approval.commented", APPROVALS, _("%(who)s commented on %(what)s")),
    Action("policy.changed", APPROVALS, _("%(who)s changed how the company decides")),
    Action("review_rule.added", APPROVALS, _("%(who)s added a review rule: %(what)s")),
    Action("review_rule.changed", APPROVALS, _("%(who)s changed a review rule: %(what)s")),
    Action("review_rule.removed", APPROVALS, _("%(who)s removed a review rule: %(what)s")),
    Action("budget.changed", APPROVALS, _("%(who)s changed the budget of %(what)s")),
    Action("approval.automatic_system", APPROVALS, _("A mail that LUX writes itself was let out: %(what)s")),
    Action("approval.automatic_test", APPROVALS, _("%(who)s had a test copy sent: %(what)s")),
    Action("approval.automatic_subscription", APPROVALS, _("A webhook's call was let out: %(what)s")),
    Action("approval.automatic_standing", APPROVALS, _("A call was let out within a standing yes: %(what)s")),
    Action("approval.automatic_series", APPROVALS, _("A run was let out within the yes over its series: %(what)s")),
    Action("series.skipped", APPROVALS, _("A run was left out: %(what)s")),
    Action("series.refused", APPROVALS, _("A run was outside the yes over its series: %(what)s")),
    Action("series.ended", APPROVALS, _("A series has come to its end: %(what)s")),
    Action("outbound.paused", APPROVALS, _("%(who)s paused %(what)s")),
    Action("outbound.resumed", APPROVALS, _("%(who)s let %(what)s go on")),
    Action("outbound.resent", APPROVALS, _("%(who)s tried the failed recipients of %(what)s again")),
    Action("delivery.settled", APPROVALS, _("%(who)s settled an unclear delivery of %(what)s")),
    Action("complaint.recorded", APPROVALS, _("%(who)s reported that somebody called %(what)s spam")),
    # Switches and stops
    Action("toggle.on", STOPS, _("%(who)s turned on %(what)s")),
    Action("toggle.off", STOPS, _("%(who)s turned off %(what)s")),
    Action("toggle.limits", STOPS, _("%(who)s changed the limits of %(what)s")),
    Action("stop.trigger_changed", STOPS, _("%(who)s changed a bound of the automatic stop: %(what)s")),
    Action("stop.drill_started", STOPS, _("%(who)s rehearsed the emergency stop")),
    Action("stop.drill_done", STOPS, _("A rehearsal of the emergency stop was measured")),
    Action("stop.drill_failed", STOPS, _("A rehearsal of the emergency stop failed")),
    Action("stop.pressed", STOPS, _("%(who)s pressed the emergency stop: %(what)s")),
    Action("stop.resumed", STOPS, _("%(who)s ended the emergency stop: %(what)s")),
    # Sign-in, members and roles
    Action("session.started", ACCESS, _("%(who)s signed in")),
    Action("session.ended", ACCESS, _("%(who)s signed out")),
    Action("session.all_ended", ACCESS, _("%(who)s signed out other browsers")),
    Action("session.refused", ACCESS, _("A sign-in was refused: %(what)s")),
    Action("password.reset_asked", ACCESS, _("A new password was asked for: %(what)s")),
    Action("password.changed", ACCESS, _("%(who)s changed their password")),
    Action("owner.created", ACCESS, _("%(who)s became the first owner")),
    Action("member.added", ACCESS, _("%(what)s became a member")),
    Action("member.role_changed", ACCESS, _("%(who)s gave %(what)s another role")),
    Action("member.removed", ACCESS, _("%(who)s took %(what)s out of the company")),
    Action("invitation.sent", ACCESS, _("%(who)s invited somebody")),
    Action("invitation.withdrawn", ACCESS, _("%(who)s withdrew an invitation")),
    Action("guest.invited", ACCESS, _("%(who)s invited a guest reviewer: %(what)s")),
    Action("guest.link_renewed", ACCESS, _("%(who)s gave a guest reviewer a new link: %(what)s")),
    Action("guest.revoked", ACCESS, _("%(who)s ended the link of a guest reviewer: %(what)s")),
    Action("guest.erased", ACCESS, _("%(who)s erased the name and address of a guest reviewer: %(what)s")),
    Action("guest.entered", ACCESS, _("%(who)s came in by their guest link")),
    # Secrets, keys and the audit log
    Action("secret.stored", SECURITY, _("%(who)s set a secret: %(what)s")),
    Action("secret.replaced", SECURITY, _("%(who)s replaced a secret: %(what)s")),
    Action("secret.deleted", SECURITY, _("%(who)s deleted a secret: %(what)s")),
    Action("secret.used", SECURITY, _("A secret was used: %(what)s")),
    Action("vault.master_rotated", SECURITY, _("%(who)s changed the vault's master key")),
    Action("vault.data_key_rotated", SECURITY, _("%(who)s changed a data key of the vault: %(what)s")),
    Action("vault.shredded", SECURITY, _("%(who)s destroyed the secrets of %(what)s for good")),
    Action("backup.made", SECURITY, _("%(who)s made a backup")),
    Action("backup.verified", SECURITY, _("A backup was tried by restoring it")),
    Action("backup.downloaded", SECURITY, _("%(who)s took a copy of a backup")),
    Action("backup.removed", SECURITY, _("A backup that had had its time was removed")),
    Action("backup.restored", SECURITY, _("%(who)s restored the installation from a backup")),
    Action("api_key.issued", SECURITY, _("%(who)s made an API key: %(what)s")),
    Action("api_key.rotated", SECURITY, _("%(who)s renewed an API key: %(what)s")),
    Action("api_key.revoked", SECURITY, _("%(who)s revoked an API key: %(what)s")),
    Action("audit.export_requested", SECURITY, _("%(who)s asked for a copy of the audit log")),
    Action("audit.exported", SECURITY, _("%(who)s exported the audit log")),
    Action("audit.export_downloaded", SECURITY, _("%(who)s took a copy of the audit log")),
    Action("audit.verified", SECURITY, _("%(who)s had the audit log verified")),
    Action("audit.words_removed", SECURITY, _("%(who)s removed words from the audit log: %(what)s")),
    # Senders, domains and webhooks
    Action("account.added", CONNECTIONS, _("%(who)s connected %(what)s")),
    Action("account.changed", CONNECTIONS, _("%(who)s changed the connection %(what)s")),
    Action("account.removed", CONNECTIONS, _("%(who)s removed the connection %(what)s")),
    Action("account.made_default", CONNECTIONS, _("%(who)s chose what mails leave by: %(what)s")),
    Action("sender.added", CONNECTIONS, _("%(who)s added a sender: %(what)s")),
    Action("sender.verified", CONNECTIONS, _("A sender was verified: %(what)s")),
    Action("sender.removed", CONNECTIONS, _("%(who)s removed a sender: %(what)s")),
    Action("domain.added", CONNECTIONS, _("%(who)s added a sending domain: %(what)s")),
    Action("domain.removed", CONNECTIONS, _("%(who)s removed a sending domain: %(what)s")),
    Action("webhook.created", CONNECTIONS, _("%(who)s set up a webhook: %(what)s")),
    Action("webhook.rotated", CONNECTIONS, _("%(who)s gave a webhook a new secret: %(what)s")),
    Action("webhook.paused", CONNECTIONS, _("%(who)s paused a webhook: %(what)s")),
    Action("webhook.resumed", CONNECTIONS, _("%(who)s let a webhook go on: %(what)s")),
    Action("webhook.removed", CONNECTIONS, _("%(who)s removed a webhook: %(what)s")),
    Action("webhook.replayed", CONNECTIONS, _("%(who)s sent a webhook's call again: %(what)s")),
    Action("webhook.disabled", CONNECTIONS, _("A webhook was switched off: %(what)s")),
    Action("hooks.allowed", CONNECTIONS, _("%(who)s let a program subscribe to facts: %(what)s")),
    Action("hooks.ended", CONNECTIONS, _("A standing yes for programs ended: %(what)s")),
    Action("hooks.subscribed", CONNECTIONS, _("%(who)s subscribed to facts: %(what)s")),
    Action("hooks.unsubscribed", CONNECTIONS, _("%(who)s ended a subscription to facts: %(what)s")),
    Action("incoming.rules_changed", CONNECTIONS, _("%(who)s changed the rules for contacts that come in")),
    Action("subscribe_form.changed", CONNECTIONS, _("%(who)s changed the subscribe form")),
    # Contacts and their files
    Action("import.started", DATA, _("%(who)s started an import")),
    Action("import.undone", DATA, _("%(who)s took an import back")),
    Action("contacts.export_requested", DATA, _("%(who)s asked for an export of contacts")),
    Action("contacts.export_downloaded", DATA, _("%(who)s took an export of contacts")),
    Action("import.report_downloaded", DATA, _("%(who)s took the refused rows of an import as a file")),
    Action("import.left_downloaded", DATA, _("%(who)s took what an undone import left as a file")),
    Action("campaign.recipients_exported", DATA, _("%(who)s took the recipients of %(what)s as a file")),
    Action("mailbox.message_downloaded", DATA, _("%(who)s took a captured message as a file")),
    Action("bulk.started", DATA, _("%(who)s changed many contacts at once")),
    Action("bulk.undo_started", DATA, _("%(who)s took a change of many contacts back")),
    Action("contact.erased", DATA, _("%(who)s erased %(what)s for good")),
    Action("suppression.released", DATA, _("%(who)s lifted the block of %(what)s")),
    Action("custom_field.deleted", DATA, _("%(who)s deleted a field of contacts")),
    Action("tag.deleted", DATA, _("%(who)s deleted a tag")),
    Action("trash.removed", DATA, _("%(who)s removed things from the trash for good")),
    # Settings
    Action("company.changed", SETTINGS, _("%(who)s changed the company's settings")),
    Action("site.changed", SETTINGS, _("%(who)s changed how the website is followed")),
    Action("site.domain_added", SETTINGS, _("%(who)s added a website to be followed")),
    Action("site.domain_removed", SETTINGS, _("%(who)s removed a website from those followed")),
    Action("error.reopened", SETTINGS, _("%(who)s opened an error again")),
    Action("error.resolved", SETTINGS, _("%(who)s called an error resolved")),
    Action("error.ignored", SETTINGS, _("%(who)s had an error ignored")),
    # Companies
    Action("company.created", COMPANIES, _("%(who)s made the company")),
    Action("company.erased", COMPANIES, _("%(who)s removed a company for good")),
    Action("company.imported", COMPANIES, _("%(who)s brought a company in from a file")),
    Action("company.import_requested", COMPANIES, _("%(who)s handed in a company's file")),
    Action("company.export_requested", COMPANIES, _("%(who)s asked for a file with the whole company")),
    Action("company.exported", COMPANIES, _("A file with the whole company was written")),
    Action("company.export_downloaded", COMPANIES, _("%(who)s took the file with the whole company")),
)
