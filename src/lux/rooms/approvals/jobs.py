"""The audit log's work by the clock: signing it, verifying it, writing copies of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lux.kit.i18n import lazy_gettext as _
from lux.kit.jobs import JobKind, Schedule
from lux.net.storage import store_of
from lux.rooms.approvals.log import exports, watching

if TYPE_CHECKING:
    from lux.kit.jobs import JobContext


def checkpoint(context: JobContext, _args: dict[str, Any]) -> None:
    """Sign where every chain is now."""
    watching.sign(context)


def verify_audit(context: JobContext, args: dict[str, Any]) -> None:
    """Verify one company's chain, or every chain."""
    company_id = args.get("company_id")
    watching.run(context, None if company_id is None else int(company_id))


def export_audit(context: JobContext, args: dict[str, Any]) -> None:
    """Write a copy of a company's chain."""
    exports.run(context, store_of(context.settings), int(args["export_id"]))


def tidy(context: JobContext, _args: dict[str, Any]) -> None:
    """Remove copies that have had their time."""
    exports.tidy(context, store_of(context.settings))


KINDS = (
    JobKind(name="approvals.checkpoint", handler=checkpoint, title=_("Sign the audit log")),
    JobKind(name="approvals.verify_audit", handler=verify_audit, title=_("Verify the audit log")),
    JobKind(name="approvals.export_audit", handler=export_audit, title=_("Export the audit log"), queue="import"),
    JobKind(name="approvals.tidy", handler=tidy, title=_("Remove old copies of the audit log")),
)
SCHEDULES = (
    Schedule(name="approvals.checkpoint", rule="7 * * * *", kind="approvals.checkpoint"),
    Schedule(name="approvals.verify_audit", rule="23 2 * * *", zone="UTC", kind="approvals.verify_audit"),
    Schedule(name="approvals.tidy", rule="57 * * * *", kind="approvals.tidy"),
)
