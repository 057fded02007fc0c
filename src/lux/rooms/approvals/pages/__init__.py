"""Pages over the gate: the queue, one item, switches, stop, audit."""

from lux.rooms.approvals.pages import audit, budgets, queue, rules, stop, switches
from lux.rooms.approvals.pages.blueprint import approvals

blueprints = (approvals,)

__all__ = ["audit", "blueprints", "budgets", "queue", "rules", "stop", "switches"]
