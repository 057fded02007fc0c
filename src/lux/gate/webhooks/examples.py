"""What a call would say when nothing has happened yet: made up, in exactly the shape of a real one."""

from __future__ import annotations

from typing import Any, Final

_CAMPAIGN: Final[dict[str, object]] = {"type": "campaign", "id": 1}
_CONSENT: Final[dict[str, object]] = {"basis": "double_opt_in", "source": "subscribe form"}
# kind → (channel, actor, subject, human, properties)
_KINDS: Final[dict[str, tuple[str, str, dict[str, object] | None, str, dict[str, object]]]] = {
    "contact.created": ("", "zapier", None, "unknown", {"via": "zapier", "source": "Website newsletter"}),
    "contact.updated": ("", "person", None, "unknown", {"fields": ["city"], "version": 2}),
    "contact.erased": ("", "person", None, "unknown", {}),
    "tag.added": ("", "person", {"type": "tag", "id": 1}, "unknown", {"tag": "vip"}),
    "tag.removed": ("", "person", {"type": "tag", "id": 1}, "unknown", {"tag": "vip"}),
    "consent.given": ("email", "person", None, "unknown", _CONSENT),
    "consent.requested": ("email", "system", None, "unknown", {"basis": "", "source": "subscribe form"}),
    "consent.withdrawn": ("email", "person", None, "unknown", {"basis": "", "source": "unsubscribe page"}),
    "segment.entered": ("", "person", {"type": "segment", "id": 1}, "unknown", {}),
    "segment.left": ("", "person", {"type": "segment", "id": 1}, "unknown", {}),
    "form.submitted": ("web", "zapier", None, "yes", {"form": "zapier", "source": "Website newsletter"}),
    "email.sent": ("email", "system", _CAMPAIGN, "unknown", {}),
    "email.opened": ("email", "person", _CAMPAIGN, "yes", {}),
    "email.clicked": ("email", "person", _CAMPAIGN, "yes", {"link": 1}),
    "email.bounced": ("email", "provider", _CAMPAIGN, "unknown", {"hard": True, "code": "5.1.1"}),
    "email.complained": ("email", "provider", _CAMPAIGN, "unknown", {}),
    "email.unsubscribed": ("email", "person", _CAMPAIGN, "yes", {"source": "unsubscribe page"}),
}
_ADA: Final = {"id": "00000000-0000-7000-8000-000000000000", "email": "ada.sample@example.com"}


def of(kind: str) -> dict[str, Any]:
    """Return an example of one kind; its id begins with `sample-`, so that nobody takes it for a fact."""
    channel, actor, subject, human, properties = _KINDS[kind]
    return {
        "id": f"sample-{kind}",
        "type": kind,
        "timestamp": "2026-11-30T10:00:00+00:00",
        "data": {
            "id": f"sample-{kind}",
            "contact": None if kind == "contact.erased" else dict(_ADA),
            "subject": subject,
            "channel": channel,
            "actor": actor,
            "value": None,
            "human": human,
            "properties": dict(properties),
        },
    }
