"""Word that LUX has stopped something by itself, to those who can end it: a notice, and a mail in any case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from lux.gate import stop, submit
from lux.identity import members, operators
from lux.identity.access import Right
from lux.kit.db.session import settings_of
from lux.kit.errors import RateLimitReached
from lux.kit.i18n import DEFAULT_LOCALE, use_locale
from lux.kit.i18n import gettext as _
from lux.rooms.notifications import service as notifications
from lux.rooms.notifications import topics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from lux.gate.stop import StopView
    from lux.identity.members import Reader

log = structlog.get_logger(__name__)
PATH: Final = "/approvals/stop"
KIND: Final = "stop.automatic"


class TellOfStops:
    """Tells those who can end it."""

    def on_change(self, session: Session, company_id: int, subject: tuple[str, int], event: str) -> None:
        """React to an automatic stop."""
        if subject[0] != "stop" or event != "stopped":
            return
        found = stop.by_id(session, subject[1])
        people = _who_can_end(session, company_id, found)
        notifications.notify(
            session, people, kind=KIND, title=lambda: _title(session, subject[1]), body=found.reason, url=PATH,
            level="bad",
        )  # fmt: skip
        for reader in members.readers_of(session, people).values():
            if not topics.wish_of(reader.preferences, topics.topic_of(KIND)).by_mail:  # else the notice was mailed
                _mail(session, company_id, reader, found)


def _who_can_end(session: Session, company_id: int, found: StopView) -> Sequence[int]:
    """Return owners and admins; of what holds all companies the operators who are reached through this one."""
    if not found.is_wide:
        return members.user_ids_with(session, Right.MANAGE)
    return [user_id for user_id, home in operators.homes(session).items() if home == company_id]


def _title(session: Session, stop_id: int) -> str:
    return _("LUX stopped by itself: %(what)s", what=stop.by_id(session, stop_id).name)


def _mail(session: Session, company_id: int, reader: Reader, found: StopView) -> None:
    locale = reader.locale or DEFAULT_LOCALE
    with use_locale(locale):
        title = _("LUX stopped by itself: %(what)s", what=found.name)
    params = {"title": title, "detail": found.reason, "url": f"{settings_of(session).base_url}{PATH}"}
    try:
        submit.submit_system_email(
            session, company_id=company_id, template="alert", recipient=reader.email, params=params, locale=locale
        )
    except RateLimitReached:
        log.warning("alert_not_mailed", user_id=reader.user_id, reason="too many system mails within the hour")
