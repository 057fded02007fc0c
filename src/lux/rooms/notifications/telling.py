"""Telling people something: a notice for each, a mail to those who asked for mails."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import structlog
from sqlalchemy import delete

from lux.gate import submit
from lux.identity import members
from lux.identity.access import Right
from lux.kit import clock
from lux.kit.db.session import company_of, settings_of
from lux.kit.errors import RateLimitReached
from lux.kit.i18n import DEFAULT_LOCALE, use_locale
from lux.ports.news import Letter, News, Words
from lux.rooms.notifications import queries
from lux.rooms.notifications.models import Notification
from lux.rooms.notifications.topics import topic_of, wish_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.identity.members import Reader

log = structlog.get_logger(__name__)

MAILED_AGAIN_AFTER: Final = dt.timedelta(hours=1)  # the same notice to the same person


def notify(
    session: Session,
    to: Iterable[int] | Right,
    *,
    kind: str,
    title: Words,
    body: Words = "",
    url: str = "",
    level: str = "info",
    but: int | None = None,
    letter: Letter | None = None,
) -> int:
    """Tell people of the session's company something; returns how many were told.

    `to` is user ids, or a right: everyone in the company who has it. `but` is left out (who caused it). The same unread
    notice (kind and address) is renewed and counted rather than repeated. Who does not want it in the bell finds it
    among what was read; who wants a mail gets one, but not the same again within an hour.
    """
    user_ids = members.user_ids_with(session, to) if isinstance(to, Right) else list(dict.fromkeys(to))
    told = [user_id for user_id in user_ids if user_id != but]
    news = News(kind=kind, title=title, body=body, url=url, level=level, letter=letter)
    times, lately = _repeated(session, news, told)
    readers = members.readers_of(session, told)
    for user_id in told:
        reader = readers.get(user_id)
        _tell(session, news, user_id, reader, times=times.get(user_id, 0) + 1, is_mailable=user_id not in lately)
    session.flush()
    return len(told)


def _repeated(session: Session, news: News, told: Sequence[int]) -> tuple[Mapping[int, int], frozenset[int]]:
    """Take the same unread notices away: returns how often each was told, and who heard of it within the hour."""
    if not news.url or not told:
        return {}, frozenset()
    same = queries.same(session, told, news.kind, news.url)
    unread = [row for row in same if row.read_at is None]
    since = clock.now() - MAILED_AGAIN_AFTER
    lately = frozenset(row.user_id for row in same if row.created_at > since)
    times: dict[int, int] = {}
    for row in unread:
        times[row.user_id] = times.get(row.user_id, 0) + row.times
    if unread:
        session.execute(delete(Notification).where(Notification.id.in_([row.id for row in unread])))
    return times, lately


def _tell(session: Session, news: News, user_id: int, reader: Reader | None, *, times: int, is_mailable: bool) -> None:
    wish = wish_of(reader.preferences if reader else {}, topic_of(news.kind))
    with use_locale(reader.locale if reader else None):
        title, body = _said(news.title)[:200], _said(news.body)
    notice = Notification(
        user_id=user_id,
        kind=news.kind,
        title=title,
        body=body,
        url=news.url,
        level=news.level,
        times=times,
        read_at=None if wish.in_bell else clock.now(),
    )
    session.add(notice)
    if wish.by_mail and is_mailable and reader is not None:
        _mail(session, reader, title, body, news)


def _mail(session: Session, reader: Reader, title: str, body: str, news: News) -> None:
    """Send a system mail through the gate; above its cap the notice in the bell has to do."""
    letter = news.letter or Letter(template="notice", params={"title": title, "detail": body})
    params = {**letter.params, "url": f"{settings_of(session).base_url}{news.url or '/notifications/'}"}
    try:
        submit.submit_system_email(
            session,
            company_id=company_of(session),
            template=letter.template,
            recipient=reader.email,
            params=params,
            locale=reader.locale or DEFAULT_LOCALE,
        )
    except RateLimitReached:
        log.warning("notice_not_mailed", user_id=reader.user_id, reason="too many system mails within the hour")


def _said(words: Words) -> str:
    return words() if callable(words) else words
