"""The API of exports: ask for a file, look how far it is, take it by the key or by a link that expires."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Annotated, Literal, cast

from flask import url_for
from pydantic import Field

from lux.identity import api_keys
from lux.identity.api_keys import Scope
from lux.kit import clock, origin
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import NotFound
from lux.net.storage import store_of
from lux.rooms.contacts.api.blueprint import contacts
from lux.rooms.contacts.api.reading import tag_id
from lux.rooms.contacts.models import Lifecycle
from lux.rooms.contacts.queries import tables
from lux.rooms.contacts.queries.listing import ContactFilter
from lux.rooms.contacts.service import export_links, exports
from lux.rooms.contacts.service.origin import calling_code_of_company
from lux.ui import files, web
from lux.ui.access import public
from lux.ui.api import Input, Moment, Output, PageOf, PageQuery, newest_first, operation, program

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from lux.identity.api_keys import Program
    from lux.rooms.contacts.models import ContactExport

TAG = "Exports"
State = Literal["queued", "running", "done", "failed", "cancelled"]


class ExportIn(Input):
    """Which contacts to export; nothing said = all."""

    q: Annotated[str, Field(max_length=200)] = ""
    tag: Annotated[str, Field(max_length=64, description="name or id of a tag")] = ""
    lifecycle: Lifecycle | None = None
    changed_since: Moment | None = None


class ExportOut(Output):
    """A file of contacts, on its way or ready."""

    id: uuid.UUID
    state: State
    rows: int
    error: str
    created_at: dt.datetime
    finished_at: dt.datetime | None
    expires_at: dt.datetime | None
    file_size: int | None
    download_url: Annotated[
        str | None, Field(description="works for 15 minutes and without the key; ask again for a new one")
    ]


class ExportPage(PageOf[ExportOut]):
    """One page of exports."""


@operation(contacts, "POST /exports", scope=Scope.EXPORTS, tag=TAG, body=ExportIn, answer=ExportOut, status=202)
def start_export(body: ExportIn) -> ExportOut:
    """Start an export of contacts as CSV.

    A job writes the file; ask for the export until its state is `done`. The file is kept for a week.
    """
    session = web.session()
    wanted = ContactFilter(
        text=body.q,
        tag=tag_id(session, body.tag),
        lifecycle=body.lifecycle.value if body.lifecycle else "",
        changed_since=body.changed_since.isoformat() if body.changed_since else "",
    )
    return _shown(exports.request(session, wanted, program(), calling_code=calling_code_of_company(session)))


@operation(contacts, "GET /exports", scope=Scope.EXPORTS, tag=TAG, query=PageQuery, answer=ExportPage)
def list_exports(query: PageQuery) -> ExportPage:
    """List the exports of the last days, the newest first."""
    session = web.session()
    rows, following = newest_first(query, lambda before, limit: tables.exports(session, limit, before=before))
    return ExportPage(data=[_shown(row) for row in rows], next=following)


@operation(contacts, "GET /exports/<uuid:public_id>", scope=Scope.EXPORTS, tag=TAG, answer=ExportOut)
def read_export(public_id: uuid.UUID) -> ExportOut:
    """Look how far an export is, and get a link to its file."""
    return _shown(tables.export_by_public_id(web.session(), public_id))


@operation(contacts, "GET /exports/<uuid:public_id>/contacts.csv", scope=Scope.EXPORTS, tag=TAG, media_type="text/csv")
def download_export(public_id: uuid.UUID) -> Response:
    """Take the file of an export."""
    return _file(public_id, program())


@contacts.get("/exports/download/<token>")
@public("The token in the link is signed, names one export and ends after 15 minutes.")
def download_by_link(token: str) -> Response:
    """Send the file to who holds a link that was made by a key which is still good."""
    link = export_links.read(web.settings(), token)
    with web.database().read(ALL_COMPANIES) as session:
        key = api_keys.live(session, link.key_id)
        if key is None or Scope.EXPORTS not in api_keys.scopes_of(key):
            raise NotFound
        holder = api_keys.program_of(session, key)
        origin.enter(origin.API, key.public_id)
    return _file(link.export, holder)


def _file(public_id: uuid.UUID, holder: Program) -> Response:
    with web.database().begin(holder.company_id) as session:
        entry = tables.export_by_public_id(session, public_id)
        blocks = exports.download(session, store_of(web.settings()), entry, holder)
    return files.attachment(entry.file_name, blocks, "text/csv")


def _shown(entry: ContactExport) -> ExportOut:
    state, error = tables.state_of(web.session(), entry)
    is_there = state == "done" and (entry.expires_at is None or entry.expires_at > clock.now())
    token = export_links.make(web.settings(), entry.public_id, program().key_id) if is_there else ""
    return ExportOut(
        id=entry.public_id,
        state=cast("State", state),
        rows=entry.rows,
        error=error,
        created_at=entry.created_at,
        finished_at=entry.finished_at,
        expires_at=entry.expires_at,
        file_size=entry.file_size,
        download_url=web.settings().base_url + url_for("api_contacts.download_by_link", token=token) if token else None,
    )
