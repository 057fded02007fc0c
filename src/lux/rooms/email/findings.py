"""One thing the checks found: how bad it is, in words, with the fix and the place where it is mended."""

from __future__ import annotations

from dataclasses import dataclass

from lux.gate import submit

ORDER = ("block", "warn", "info")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check found; `block` keeps a campaign from being submitted."""

    code: str
    severity: str  # block | warn | info
    message: str
    fix: str = ""
    field: str = ""
    url: str = ""
    url_label: str = ""

    def for_gate(self) -> submit.Finding:
        """Return it as the reviewer will see it."""
        return submit.Finding(
            code=self.code, severity=self.severity, message=self.message, fix=self.fix, field=self.field
        )


def in_order(found: list[Finding]) -> list[Finding]:
    """Return what blocks first, then what to look at, then what to know."""
    return sorted(found, key=lambda one: ORDER.index(one.severity))


def blocking(found: list[Finding]) -> list[Finding]:
    """Return what keeps a campaign from being submitted."""
    return [one for one in found if one.severity == "block"]
