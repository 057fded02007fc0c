"""The room's pages: campaigns, their results, the built-in mailbox, and what links and pixels in mails answer."""

from lux.rooms.email.pages import (
    campaigns,
    checking,
    comparing,
    mailbox,
    repeating,
    results,
    running,
    tracking,
    versions,
)

blueprints = (campaigns.email, mailbox.mailbox, tracking.tracking)

__all__ = [
    "blueprints",
    "campaigns",
    "checking",
    "comparing",
    "mailbox",
    "repeating",
    "results",
    "running",
    "tracking",
    "versions",
]
