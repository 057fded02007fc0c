"""Errors, as a company's pages and the operators' show them; they differ in scope and in how much is told."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from babel import dates
from flask import request, url_for

from lux.kit import clock
from lux.kit.i18n import babel_locale, ngettext
from lux.kit.i18n import gettext as _
from lux.rooms.diagnostics import queries, service, trend, words
from lux.rooms.diagnostics.forms import BulkForm, DecideForm
from lux.rooms.diagnostics.models import ErrorGroup, GroupState, Severity
from lux.rooms.diagnostics.queries import Sought
from lux.rooms.diagnostics.service import Decision
from lux.ui import lists, web
from lux.ui.forms import form_state, read_form
from lux.ui.pages import page, redirect_to, toast
from lux.ui.paging import as_moment, as_row_number, decode_cursor, encode_cursor, row_number

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from werkzeug.wrappers import Response

    from lux.rooms.diagnostics.pages.shown import View
    from lux.rooms.diagnostics.trend import Day

SINCE: Final = ("1", "7", "30")  # days
INSTALLATION: Final = "none"  # in the address: errors of no company
LONGEST_TEXT: Final = 100


def errors(view: View) -> Response:
    """Show groups of errors in one state, as far as they fit what is looked for."""
    state, companies = _state(), _companies(view)
    asked = _asked(companies)
    sought = _sought(view, asked, companies)
    before = _before()
    rows: Sequence[ErrorGroup] = lists.load(
        "error-rows", lambda: queries.groups(web.session(), view.scope, state, sought, before=before), []
    )
    more = encode_cursor(rows[-1].last_seen_at.isoformat(), rows[-1].id) if len(rows) == queries.PAGE else None
    counts = queries.group_counts(web.session(), view.scope, sought)
    here = {**asked, "state": state.value}
    return page(
        "diagnostics/errors.html",
        block="rows",
        view=view,
        state=state,
        rows=rows,
        asked=asked,
        links=[(words.group_state(one), _list_url(view, asked | {"state": one.value}), one == state, counts[one])
               for one in GroupState],
        bulk_url=_list_url(view, here),  # the same address takes the decision about several
        first_url=_list_url(view, here) if "cursor" in request.args else None,
        next_url=_list_url(view, here | {"cursor": more}) if more else None,
        options=_options(companies),
        companies=queries.company_names(web.session(), [row.company_id for row in rows]),
        trends=_sparks(trend.trends(web.session(), view.scope, rows, trend.LIST_DAYS, zone=web.tz())),
        form=form_state(),
        words=words,
    )  # fmt: skip


def error(view: View, public_id: uuid.UUID) -> Response:
    """Show one group: what it is, how often it occurred day by day, and a page of what is kept of it."""
    session = web.session()
    found = queries.group(session, view.scope, public_id)
    before = request.args.get("before", type=row_number)
    rows = queries.occurrences(session, view.scope, found.id, before=before, limit=queries.SHOWN_OCCURRENCES + 1)
    shown = rows[: queries.SHOWN_OCCURRENCES]
    days = trend.trends(session, view.scope, [found], trend.GROUP_DAYS, zone=web.tz())[found.id]
    here = url_for(f"{view.base}.error", public_id=public_id)
    return page(
        "diagnostics/error.html",
        block="occurrences",
        view=view,
        group=found,
        plain=words.of_group(found),
        people=queries.people_touched(session, view.scope, found.id),
        occurrences=shown,
        first_url=f"{here}#occurrences" if before is not None else None,
        next_url=f"{here}?before={shown[-1].id}#occurrences" if len(rows) > len(shown) else None,
        days=_chart(days),
        company=queries.company_names(session, [found.company_id]).get(found.company_id or 0, ""),
        decided_by=_decider(found),
        form=form_state({"note": found.note}),
        words=words,
    )


def decide(view: View, public_id: uuid.UUID) -> Response:
    """Resolve, ignore or reopen a group."""
    form = read_form(DecideForm)
    service.decide(web.session(), view.scope, public_id, form.decision, by=web.person())
    toast(_said(form.decision))
    return redirect_to(f"{view.base}.error", public_id=public_id)


def decide_many(view: View) -> Response:
    """Resolve, ignore or reopen the chosen groups."""
    form = read_form(BulkForm)
    decision = Decision(state=GroupState(form.state))
    count = service.decide_many(web.session(), view.scope, form.ids, decision, by=web.person())
    toast(
        {
            GroupState.RESOLVED: ngettext("One is marked as resolved.", "%(num)s are marked as resolved.", count),
            GroupState.IGNORED: ngettext("One is ignored from now on.", "%(num)s are ignored from now on.", count),
            GroupState.OPEN: ngettext("One is open again.", "%(num)s are open again.", count),
        }[decision.state]
    )
    return redirect_to(f"{view.base}.errors", state=_state().value, **_asked(_companies(view)))


def _said(decision: Decision) -> str:
    if decision.state is GroupState.RESOLVED:
        return _("Marked as resolved. If it comes back, it opens again.")
    if decision.state is GroupState.OPEN:
        return _("It is open again.")
    if decision.until or decision.more:
        return _("It is ignored for a while, then it opens again by itself.")
    return _("It is ignored from now on.")


def _decider(group: ErrorGroup) -> str:
    if group.decided_key is not None:
        name = queries.key_name(web.session(), group.company_id, group.decided_key)
        return _("API key “%(name)s”", name=name) if name else _("An API key")
    return queries.user_name(web.session(), group.decided_by)


def _companies(view: View) -> dict[str, tuple[int, str]]:
    """Return (id, name) of the companies an operator may look for, by what stands in the address; 0 = of none."""
    if not view.is_operator:
        return {}
    found = queries.companies_with_errors(web.session())
    return {INSTALLATION: (0, _("Installation"))} | {str(code): (number, name) for number, code, name in found}


def _asked(companies: Mapping[str, tuple[int, str]]) -> dict[str, str]:
    """Return what is looked for, as the address says it; what makes no sense there is left out."""
    allowed: dict[str, Collection[str]] = {
        "source": queries.SOURCES,
        "severity": [one.value for one in Severity],
        "since": SINCE,
    }
    allowed["company"] = companies
    found = {name: request.args.get(name, "") for name in allowed}
    text = " ".join(request.args.get("q", "").replace("\0", "").split())[:LONGEST_TEXT]
    return {name: value for name, value in found.items() if value in allowed[name]} | ({"q": text} if text else {})


def _sought(view: View, asked: Mapping[str, str], companies: Mapping[str, tuple[int, str]]) -> Sought:
    text, severity, since = asked.get("q", ""), asked.get("severity"), asked.get("since")
    company = asked.get("company")
    return Sought(
        company_id=companies[company][0] if company else None,
        source=asked.get("source", ""),
        severity=Severity(severity) if severity else None,
        since=clock.now() - timedelta(days=int(since)) if since else None,
        text=text,
        kinds=words.kinds_named(text) if text else (),
        sees_internals=view.is_operator,
    )


def _options(companies: Mapping[str, tuple[int, str]]) -> dict[str, list[tuple[str, str]]]:
    return {
        "company": [("", _("All")), *((code, name) for code, (_number, name) in companies.items())],
        "source": [("", _("Everywhere")), *((name, words.source(name)) for name in queries.SOURCES)],
        "severity": [("", _("All")), *((one.value, words.severity(one)) for one in Severity)],
        "since": [("", _("Any time")), *((days, words.within(int(days))) for days in SINCE)],
    }


def _list_url(view: View, values: Mapping[str, Any]) -> str:
    return url_for(f"{view.base}.errors", **values)


def _sparks(found: Mapping[int, Sequence[Day]]) -> dict[int, dict[str, Any]]:
    """Return the known days of each group for the line, and their sum for those who don't see it."""
    known = {number: [count for _day, count in days if count is not None] for number, days in found.items()}
    return {number: {"line": counts, "sum": sum(counts)} for number, counts in known.items()}


def _chart(days: Sequence[Day]) -> dict[str, Any]:
    labels = [dates.format_skeleton("MMMd", day, locale=babel_locale()) for day, _count in days]
    return {"labels": labels, "series": [{"label": _("Times"), "values": [count for _day, count in days]}]}


def _state() -> GroupState:
    try:
        return GroupState(request.args.get("state", "open"))
    except ValueError:
        return GroupState.OPEN


def _before() -> tuple[datetime, int] | None:
    cursor = request.args.get("cursor")
    if not cursor:
        return None
    moment, number = decode_cursor(cursor, 2)
    return as_moment(moment), as_row_number(number)
