"""What programs may know of approvals, switches and the audit log; deciding is for people."""

from lux.rooms.approvals.api import items, log, switches
from lux.rooms.approvals.api.blueprint import approvals

blueprints = (approvals,)

__all__ = ["blueprints", "items", "log", "switches"]
