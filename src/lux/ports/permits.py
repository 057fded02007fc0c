"""The permit that every acting verb of a connector demands; only the gate's dispatch builds one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Permit:
    """Proof that a decision, a digest, the toggles and the stop were checked for one outbound."""

    outbound_id: int  # of an outbound, or of one call of a webhook
    decision_id: int
    company_id: int
    content_hash: str
    stop_epoch: int
