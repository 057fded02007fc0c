"""What the notifications offer to the house: telling people of what rooms beside this one have done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lux.ports.contributions import Contributions
from lux.rooms.notifications import service

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.ports.news import News


class Bell:
    """Tells by the bell, and by mail whoever asked for mails."""

    def tell(self, session: Session, user_ids: Sequence[int], news: News) -> None:
        """Tell people of the session's company."""
        service.notify(
            session, user_ids, kind=news.kind, title=news.title, body=news.body, url=news.url, level=news.level
        )


CONTRIBUTIONS = Contributions(tellers=(Bell(),))
