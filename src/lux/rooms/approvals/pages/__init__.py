"""Pages over the gate: the queue, one item, several at once, the policy, switches, stop, audit."""

from lux.rooms.approvals.pages import audit, batch, policy, queue, stop, switches
from lux.rooms.approvals.pages.blueprint import approvals

blueprints = (approvals,)

__all__ = ["audit", "batch", "blueprints", "policy", "queue", "stop", "switches"]
