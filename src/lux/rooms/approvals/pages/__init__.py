"""Pages over the gate: the queue, one item, switches, stop, audit."""

from lux.rooms.approvals.pages import audit, queue, stop, switches
from lux.rooms.approvals.pages.blueprint import approvals

blueprints = (approvals,)

__all__ = ["audit", "blueprints", "queue", "stop", "switches"]
