"""Pages over the gate: the queue, one item, several at once, the policy, switches, stop, audit."""

from lux.rooms.approvals.pages import audit, batch, budgets, policy, queue, rules, stop, switches
from lux.rooms.approvals.pages.blueprint import approvals

blueprints = (approvals,)

__all__ = ["audit", "batch", "blueprints", "budgets", "policy", "queue", "rules", "stop", "switches"]
