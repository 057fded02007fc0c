"""What is left to do when a company was removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lux.gate import captured
from lux.kit.i18n import lazy_gettext as _
from lux.kit.jobs import JobKind
from lux.net.storage import store_of

if TYPE_CHECKING:
    from lux.kit.jobs import JobContext


def forget_mail(context: JobContext, args: dict[str, Any]) -> None:
    """Delete what the built-in mailbox and the file store kept for a company that is gone."""
    captured.forget_company(context.settings, int(args["company_id"]))
    store = store_of(context.settings)
    for key in args.get("keys", ()):
        store.delete(key)


KINDS = (
    JobKind(name="company.forget_mail", handler=forget_mail, title=_("Delete mail and files of a removed company")),
)
