"""Who got it, who did not and why; the report; both as they stand now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request, url_for

from lux.identity.access import Right
from lux.kit import i18n
from lux.rooms.email import breakdowns, queries, report, results, running, show, taken
from lux.rooms.email.pages.campaigns import email
from lux.ui import files, web
from lux.ui.access import access
from lux.ui.pages import page

if TYPE_CHECKING:
    import uuid

    from werkzeug.wrappers import Response


@email.get("/<uuid:public_id>/recipients")
@access(Right.VIEW)
def recipients(public_id: uuid.UUID) -> Response:
    """List the recipients with what became of each."""
    context = show.head(web.session(), queries.by_public_id(web.session(), public_id))
    chosen, text = request.args.get("state", ""), request.args.get("q", "").strip()
    cursor, number = request.args.get("cursor", ""), running.submitted(context["outbound"]).id
    found = results.recipients(web.session(), number, chosen=chosen, text=text, cursor=cursor)
    context |= {"chosen": chosen, "q": text, "labels": results.filter_labels(), "is_first": not cursor}
    context["may_take"] = web.person().has(Right.EDIT)
    return page("email/recipients.html", block="rows", slice=found, words=results, **context)


@email.get("/<uuid:public_id>/recipients.csv")
@access(Right.EDIT)
def recipients_file(public_id: uuid.UUID) -> Response:
    """Stream the recipients as a file, a chunk at a time; the audit chain notes who took them."""
    asked = {"chosen": request.args.get("state", ""), "text": request.args.get("q", "")}
    with web.database().begin(web.company_id()) as session:
        number = taken.recipients(session, web.person(), public_id, **asked)
    reader = {"zone": web.tz(), "locale": i18n.locale()}
    lines = results.as_csv(web.database(), web.company_id(), number, **asked, **reader)
    return files.attachment(f"recipients-{public_id}.csv", lines, "text/csv")


@email.get("/<uuid:public_id>/report")
@access(Right.VIEW)
def report_page(public_id: uuid.UUID) -> Response:
    """Show how it went, each figure with its definition."""
    campaign = queries.by_public_id(web.session(), public_id)
    context = show.head(web.session(), campaign)
    found = report.report_of(web.session(), campaign, running.submitted(context["outbound"]))
    next_url = url_for("email.recipients", public_id=public_id)
    context |= {"weekdays": breakdowns.weekdays(), "recipients_url": next_url}
    return page("email/report.html", report=found, **context)
