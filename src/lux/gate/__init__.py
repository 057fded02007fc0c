"""Everything between us and the outside world: approvals, decisions, outbounds, deliveries, consent, stops."""
