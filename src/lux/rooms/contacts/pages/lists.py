"""The list of contacts: search, filters, order, selection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from flask import request, url_for

from lux.identity.access import Right
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.rooms.contacts.forms.small import SelectionForm
from lux.rooms.contacts.pages import words
from lux.rooms.contacts.pages.blueprint import contacts
from lux.rooms.contacts.queries import listing, people, saved, tables
from lux.rooms.contacts.queries.listing import COUNT_CAP, ContactFilter, ContactRow
from lux.rooms.contacts.service import exports, removal, tagging
from lux.rooms.contacts.service.origin import calling_code_of_company
from lux.rooms.contacts.values import lifecycle_label
from lux.ui import lists, web
from lux.ui.access import access
from lux.ui.filters import number
from lux.ui.forms import form_state, read_form
from lux.ui.pages import page, redirect_to, toast
from lux.ui.paging import Slice

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

ALL = "all"  # what a filter says that leaves nothing out
COLUMNS: Mapping[str, Callable[[], str]] = {
    "email": lambda: _("E-mail"),
    "phone": lambda: _("Phone"),
    "consent": lambda: _("Consent"),
    "tags": lambda: _("Tags"),
    "lifecycle": lambda: _("Lifecycle"),
    "activity": lambda: _("Last activity"),
    "created": lambda: _("Created"),
}
NAMES = ("q", "tag", "lifecycle", "consent", "view")


@contacts.get("")
@access(Right.VIEW)
def index() -> Response:
    """Show the contacts that match; an address that says nothing begins with the person's own view."""
    if not request.query_string and (first := saved.first_view(web.session(), web.person().user_id)):
        return redirect_to("contacts.index", **(first.query or {"everybody": "1"}))
    return page("contacts/index.html", block="rows", **_context(is_exact=False))


@contacts.get("/count")
@access(Right.VIEW)
def exact() -> Response:
    """Show the same list with an exact count: it takes longer the more there are."""
    return page("contacts/index.html", block="rows", **_context(is_exact=True))


@contacts.post("/selection")
@access(Right.EDIT)
def selection() -> Response:
    """Do something with the selected contacts and come back to the list."""
    form = read_form(SelectionForm)
    if form.action == "export":
        exports.request(web.session(), ContactFilter(), web.person(), ids=form.ids)
        toast(_("The export is on its way."))
        return redirect_to("contacts.exports_index")
    toast(_apply(form))
    return redirect_to("contacts.index", **address())


def address(**changes: str | None) -> dict[str, Any]:
    """Return the query of the list's present address with changes; None takes a part away."""
    found = {name: request.args.get(name, "") for name in (*NAMES, "sort")} | {"columns": _columns_part()}
    found |= {name: value or "" for name, value in changes.items()}
    return {name: value for name, value in found.items() if value not in {"", ALL}}


def present_filter(*, is_trash: bool | None = None) -> ContactFilter:
    """Return the filter in the address."""

    def read(name: str) -> str:
        found = request.args.get(name, "")
        return "" if found == ALL else found

    return ContactFilter(
        text=read("q")[:200],
        tag=read("tag"),
        lifecycle=read("lifecycle"),
        consent=read("consent"),
        is_trash=read("view") == "trash" if is_trash is None else is_trash,
    )


def _columns_part() -> str:
    """Return the chosen columns as the address holds them; "" = the usual ones."""
    chosen = request.args.getlist("column") or request.args.get("columns", "").split(".")
    known = [key for key in COLUMNS if key in chosen]
    return "" if not known or known == list(COLUMNS) else ".".join(known)


def _looks() -> dict[str, Any]:
    """Return the saved views, and which of them the present address is."""
    rows = saved.views_for(web.session(), web.person().user_id)
    parts = address()
    return {
        "form": form_state({}),
        "views": rows,
        "first": saved.first_view(web.session(), web.person().user_id),
        "present_view": next((row for row in rows if row.query == parts), None),
        "view_url": lambda row: url_for("contacts.index", **(row.query or {"everybody": "1"})),
        "list_parts": parts,
        "columns": _columns_part().split(".") if _columns_part() else list(COLUMNS),
        "column_choices": [(key, label()) for key, label in COLUMNS.items()],
    }


def _context(*, is_exact: bool) -> dict[str, Any]:
    session, wanted = web.session(), present_filter()
    sort = request.args.get("sort", "") or ("-trashed" if wanted.is_trash else listing.DEFAULT_SORT)
    code = calling_code_of_company(session)
    cursor, cap = request.args.get("cursor"), None if is_exact else COUNT_CAP

    def found() -> tuple[Slice[ContactRow], int]:
        rows = listing.page(session, wanted, sort=sort, cursor=cursor, calling_code=code)
        return rows, listing.count(session, wanted, cap=cap, calling_code=code)

    nobody: tuple[Slice[ContactRow], int] = (Slice(rows=()), 0)
    slice_, total = lists.load("contacts", found, nobody)
    session = web.session()
    return {
        **_looks(),
        "wanted": wanted,
        "slice": slice_,
        "sort": sort,
        "shown": _shown(slice_, total, is_exact=is_exact),
        "is_capped": total > COUNT_CAP and not is_exact,
        "has_any": bool(slice_.rows) or people.has_any(session),
        "tags": tables.all_tags(session),
        "tag_options": [(str(tag.public_id), tag.name) for tag in tables.all_tags(session)],
        "words": words,
        "lifecycle_label": lifecycle_label,
        "rights": Right,
        "export_url": url_for("contacts.export_request", **address()),
        "list_url": lambda **changes: url_for("contacts.index", **address(**changes)),
        "list_address": {name: value for name, value in address().items() if name in NAMES},
        "exact_url": url_for("contacts.exact", **address()),
        "bulk_url": url_for("contacts.selection", **address()),
    }


def _shown(slice_: Slice[Any], total: int, *, is_exact: bool) -> str:
    """Say how many there are as exactly as it is known."""
    if total > COUNT_CAP and not is_exact:
        return _("%(shown)s of more than %(cap)s", shown=number(len(slice_.rows)), cap=number(COUNT_CAP))
    return _("%(shown)s of %(total)s", shown=number(len(slice_.rows)), total=number(total))


def _apply(form: SelectionForm) -> str:
    """Carry out what was chosen and say what came of it."""
    session, person = web.session(), web.person()
    ids = people.ids_of(session, form.ids, trashed=form.action == "restore")
    if form.action == "trash":
        count = removal.trash(session, ids, person)
        return ngettext("%(num)s contact is in the trash.", "%(num)s contacts are in the trash.", count)
    if form.action == "restore":
        count = removal.restore(session, ids, person)
        return ngettext("%(num)s contact is back.", "%(num)s contacts are back.", count)
    tag = tagging.by_name_or_id(session, form.tag, make=form.action == "tag")
    if form.action == "tag":
        count = tagging.add_tag(session, ids, tag, person)
        return ngettext("%(num)s contact tagged.", "%(num)s contacts tagged.", count)
    count = tagging.remove_tag(session, ids, tag, person)
    return ngettext("Tag taken off %(num)s contact.", "Tag taken off %(num)s contacts.", count)
