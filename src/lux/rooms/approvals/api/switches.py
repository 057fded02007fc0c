"""The switches, to read: a person turns them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from lux.gate import toggles
from lux.identity.api_keys import Scope
from lux.ui import web
from lux.ui.api import Output, operation

if TYPE_CHECKING:
    from lux.gate.toggles import ToggleView


from lux.rooms.approvals.api.blueprint import TAG, approvals


class ToggleOut(Output):
    """One of the company's switches; a person turns it on or off in LUX."""

    key: str
    group: Annotated[str, Field(description="channel, agent or automation")]
    label: str
    gates: Annotated[str, Field(description="what does not happen while it is off")]
    is_on: bool
    is_in_use: Annotated[bool, Field(description="false: what it is for does not exist yet")]
    is_readable: Annotated[bool, Field(description="false: its row is damaged, so it counts as off")]
    limits: Annotated[dict[str, Any], Field(description="what bounds it; a limit that is not named is not set")]
    is_on_for_all: Annotated[bool | None, Field(description="the installation's own row, where there is one")]
    reason: str
    changed_by: str
    changed_at: dt.datetime | None


class ToggleList(Output):
    """All switches of the company."""

    data: list[ToggleOut]


@operation(approvals, "GET /toggles", scope=Scope.APPROVALS_READ, tag=TAG, answer=ToggleList)
def list_toggles() -> ToggleList:
    """List the 27 switches with their limits, who changed them last, when and why."""
    return ToggleList(data=[_toggle(view) for view in toggles.listing(web.session())])


def _toggle(view: ToggleView) -> ToggleOut:
    return ToggleOut(
        key=view.spec.key, group=view.spec.group, label=view.spec.label(), gates=view.spec.gates(), is_on=view.is_on,
        is_in_use=view.is_in_use, is_readable=not view.is_unreadable,
        limits=view.limits.stored() if view.limits else {}, is_on_for_all=view.is_on_for_all, reason=view.reason,
        changed_by=view.changed_by, changed_at=view.changed_at,
    )  # fmt: skip
