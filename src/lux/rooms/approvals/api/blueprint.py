"""Where the operations of the approvals room stand."""

from lux.ui.api import room

approvals = room("approvals")
TAG = "Approvals"
