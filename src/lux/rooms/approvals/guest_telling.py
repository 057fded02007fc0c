"""Word to guests that something waits for their yes: a mail without a secret, which leads to where they are in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from lux.gate import reads, submit
from lux.gate.guests import seeing
from lux.identity import companies
from lux.kit.db.session import settings_of
from lux.kit.errors import RateLimitReached

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

log = structlog.get_logger(__name__)
EVENTS: Final = frozenset({"submitted", "returned", "half_approved"})


class TellGuests:
    """Tells the guests who may decide on it."""

    def on_change(self, session: Session, company_id: int, subject: tuple[str, int], event: str) -> None:
        """Mail each guest whose link reaches the item, who may decide, and who has not said yes to this version."""
        item = reads.item_of_subject(session, subject) if event in EVENTS else None
        if item is None or item.state is not reads.ItemState.PENDING:
            return
        company = companies.current(session)
        params = {
            "company": company.name,
            "title": item.title,
            "author": item.author_name,
            "recipients": str(item.audience_count),
            "url": f"{settings_of(session).base_url}/review/{item.public_id}",
        }
        for guest_id, address in seeing.to_tell(session, item):
            try:
                submit.submit_system_email(
                    session, company_id=company_id, template="approval_notice", recipient=address, params=params,
                    locale=company.locale,
                )  # fmt: skip
            except RateLimitReached:
                log.warning("guest_not_mailed", guest_id=guest_id, reason="too many system mails within the hour")
