"""What programs may know of approvals, switches and the audit log; deciding is for people."""

from lux.rooms.approvals.api import guests, items, log, switches
from lux.rooms.approvals.api.blueprint import approvals

blueprints = (approvals,)

__all__ = ["blueprints", "guests", "items", "log", "switches"]
