"""The known kinds of facts; a new kind needs a decision record with the schema of its properties."""

from __future__ import annotations

# fmt: off
KINDS: frozenset[str] = frozenset(
    (
        "contact.created", "contact.updated", "contact.merged", "contact.erased", "tag.added", "tag.removed",
        "consent.requested", "consent.given", "consent.withdrawn", "segment.entered", "segment.left",
        "score.changed", "email.sent", "email.captured", "email.delivered", "email.opened", "email.clicked",
        "email.bounced", "email.complained", "email.trapped", "fact.judged",
        "email.unsubscribed", "email.replied", "sms.sent", "sms.delivered",
        "sms.failed", "sms.clicked", "sms.replied", "sms.opted_out", "sms.opted_in", "post.published",
        "post.failed", "post.unconfirmed", "social.followed", "social.commented", "social.mentioned",
        "social.message_received", "page.viewed", "form.submitted",
        "landing.converted", "site.converted",
        "link.clicked", "product.viewed", "cart.updated", "cart.abandoned", "order.placed",
        "order.paid", "order.shipped", "order.delivered", "order.refunded", "event.registered",
        "event.attended", "appointment.scheduled", "demo.completed", "trial.started", "deal.created",
        "deal.moved", "deal.won", "deal.lost", "activity.logged", "task.done", "journey.entered",
        "journey.step_done", "journey.goal_reached", "journey.left",
    )
)
# fmt: on


def is_known(kind: str) -> bool:
    """Say whether facts of this kind may be recorded."""
    return kind in KINDS or kind.startswith("custom.")
