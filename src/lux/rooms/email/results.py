"""Who got a campaign, who did not, and why: per recipient, in words, and as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lux.gate import reads
from lux.gate.reads import DeliveryState
from lux.kit import clock, i18n
from lux.kit.i18n import gettext as _
from lux.rooms.contacts.spreadsheet import disarmed
from lux.rooms.email.states import delivery_label
from lux.ui.paging import Slice, decode_int_cursor, encode_cursor

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from lux.gate.reads import DeliveryView
    from lux.kit.db import Database

PAGE = 50
FILE_CHUNK = 2_000  # recipients per transaction while a file is written
FILTERS: dict[str, tuple[DeliveryState, ...]] = {
    "": (),
    "got": (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.CAPTURED),
    "waiting": (DeliveryState.QUEUED, DeliveryState.CLAIMED),
    "failed": (DeliveryState.FAILED, DeliveryState.BOUNCED),
    "unknown": (DeliveryState.UNKNOWN,),
    "skipped": (DeliveryState.SKIPPED,),
}


def recipients(
    session: Session, outbound_id: int, *, chosen: str = "", text: str = "", cursor: str = "", limit: int = PAGE
) -> Slice[DeliveryView]:
    """Return one page of recipients in the order they were written down."""
    after = decode_int_cursor(cursor) if cursor else 0
    found = reads.deliveries(
        session,
        outbound_id,
        states=FILTERS.get(chosen, ()),
        address_prefix=text.strip().casefold(),
        after_id=after,
        limit=limit + 1,
    )
    rows = found[:limit]
    more = encode_cursor(rows[-1].id) if len(found) > limit else None
    return Slice(rows=rows, next_cursor=more)


def number(session: Session, outbound_id: int, *, chosen: str = "", text: str = "") -> int:
    """Return how many recipients a file of them would have."""
    states, prefix = FILTERS.get(chosen, ()), text.strip().casefold()
    return reads.delivery_count(session, outbound_id, states=states, address_prefix=prefix)


def filter_labels() -> dict[str, str]:
    """Return the filters in the person's language."""
    return {
        "": _("Everyone"),
        "got": _("Got it"),
        "waiting": _("Waiting"),
        "failed": _("Did not get it"),
        "unknown": _("Outcome unknown"),
        "skipped": _("Skipped"),
    }


def why(row: DeliveryView) -> str:
    """Return in plain words why a recipient is where they are; empty = there is nothing to explain."""
    if row.state is DeliveryState.QUEUED and row.attempts:
        return _("Tried %(n)s times; the next try is due.", n=row.attempts)
    if row.state is DeliveryState.UNKNOWN and (row.first_opened_at or row.first_clicked_at or row.unsubscribed_at):
        return _("No answer came when it was sent. It was opened since, so it arrived.")
    if row.state is DeliveryState.UNKNOWN:
        return _("The message had left when the connection ended, and no answer came. It is not repeated by itself.")
    if row.state not in {DeliveryState.FAILED, DeliveryState.SKIPPED, DeliveryState.BOUNCED}:
        return ""
    return _reasons().get(row.error) or _("The reason is not known.")


def _reasons() -> dict[str, str]:
    return {
        "suppressed": _("This address is on the suppression list."),
        "no_consent": _("There is no consent for e-mail from this address."),
        "cancelled": _("The campaign was cancelled before this message left."),
        "stopped": _("An emergency stop was active."),
        "capped": _("The daily limit was reached."),
        "duplicate": _("This address stands in the audience twice."),
        "RecipientRefused": _("The receiving server refused this address; it will not be written to again."),
        "AuthFailed": _("The mail server refused the user name or password."),
        "PermissionMissing": _("The mail account may not send this."),
        "QuotaExhausted": _("The mail account's quota was used up."),
        "RateLimited": _("The mail server asked for fewer messages, until all tries were used up."),
        "Invalid": _("The mail server refused the message."),
        "PolicyBlocked": _("The mail server refused the content or the account."),
        "Duplicate": _("The mail server had this message already."),
        "Transient": _("The mail server was not ready, until all tries were used up."),
        "Ambiguous": _("No answer came; a person settled it as not sent."),
        "render": _("The message could not be made for this recipient."),
    }


def as_csv(
    db: Database,
    company_id: int,
    outbound_id: int,
    *,
    chosen: str = "",
    text: str = "",
    zone: str = "UTC",
    locale: str = i18n.DEFAULT_LOCALE,
) -> Iterator[str]:
    """Yield the recipients as CSV (RFC 4180), a chunk per transaction; cells can't become formulas."""
    with i18n.use_locale(locale):
        head = _line(_header())
    yield head
    after = 0
    while True:
        with db.read(company_id) as session, i18n.use_locale(locale):
            rows = reads.deliveries(
                session,
                outbound_id,
                states=FILTERS.get(chosen, ()),
                address_prefix=text.strip().casefold(),
                after_id=after,
                limit=FILE_CHUNK,
            )
            part = "".join(_line(_cells(row, zone)) for row in rows)
        if not rows:
            return
        yield part
        after = rows[-1].id


def _header() -> list[str]:
    return [
        _("E-mail"), _("State"), _("Why"), _("Code"), _("Server's words"), _("Sent"), _("First opened"),
        _("First clicked"), _("Unsubscribed"), _("First opened by a person"), _("First clicked by a person"),
    ]  # fmt: skip


def _cells(row: DeliveryView, zone: str) -> Sequence[str]:
    moments = (
        row.sent_at, row.first_opened_at, row.first_clicked_at, row.unsubscribed_at, row.human_opened_at,
        row.human_clicked_at,
    )  # fmt: skip
    return [
        row.address,
        delivery_label(row.state),
        why(row),
        str(row.code or ""),
        row.message,
        *(_moment(at, zone) for at in moments),
    ]


def _moment(at: datetime | None, zone: str) -> str:
    return clock.in_zone(at, zone).isoformat(timespec="seconds") if at else ""


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([disarmed(cell) for cell in cells])
    return out.getvalue()
