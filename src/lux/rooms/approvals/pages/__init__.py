"""Pages over the gate: the queue, one item, several at once, the policy, guests, switches, stop, audit."""

from lux.rooms.approvals.pages import audit, batch, budgets, guests, policy, queue, review, rules, stop, switches
from lux.rooms.approvals.pages.blueprint import approvals

blueprints = (approvals, review.review, review.door)

__all__ = [
    "audit",
    "batch",
    "blueprints",
    "budgets",
    "guests",
    "policy",
    "queue",
    "review",
    "rules",
    "stop",
    "switches",
]
