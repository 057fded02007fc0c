"""Every job is named `room.verb` after a real place, and running it twice leaves what running it once left."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import Table, select, text

from lux import house
from lux.gate import reads
from lux.gate.service import ApprovalService
from lux.gate.stop import drill
from lux.gate.webhooks import reads as hooks
from lux.gate.webhooks import subscriptions
from lux.kit import clock, jobs
from lux.kit.db import ALL_COMPANIES, Base
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.net.storage import store_of
from lux.rooms.approvals.models import AuditExport
from lux.rooms.company.models import CompanyExport
from lux.rooms.contacts.models import Contact, ContactExport, ContactImport, ImportedContact
from lux.rooms.contacts.service import tagging
from lux.rooms.safekeeping import service as safekeeping
from lux.rooms.safekeeping.models import Backup, BackupState
from lux.rooms.segments import bulk
from lux.rooms.segments.models import BulkAction
from lux.vault import verification
from tests.factories import Firm, Installation
from tests.full_company import filled
from tests.house import sources
from tests.rooms.company.moving import archive, asked

KINDS: Final = sorted(kind.name for kind in house.job_kinds())
# The queue's own bookkeeping: each run is a row of its own there; and when a chain or a secret was last looked at.
NOT_COMPARED: Final = {
    "vault_check",
    "job",
    "job_worker",
    "job_leader",
    "cron_slot",
    "error_log",
    "error_group",
    "rate_window",
    "audit_check",
}
Made = tuple[dict[str, Any], int | None]  # args, company id


def _nothing(_lux: Installation, _firm: Firm) -> Made:
    return {}, None


def _undo(lux: Installation, firm: Firm) -> Made:
    """Return the undo of an import that brought one contact."""
    args, company_id = _import(lux, firm)
    with lux.db.begin(firm.id) as session:
        entry = session.get_one(ContactImport, args["import_id"])
        entry.state, entry.undo_state = "done", "queued"
        entry.undo = {"after": 0, "counts": {}, "total": 1, "locale": "en"}
        contact = Contact(email="ann@example.com", email_key="ann@example.com", import_id=entry.id)
        session.add(contact)
        session.flush()
        session.add(ImportedContact(import_id=entry.id, contact_id=contact.id, line=2, version=1, effect="n"))
    return args, company_id


def _outbound(lux: Installation, firm: Firm) -> Made:
    """Approve the campaign that waits, without letting it leave yet."""
    with lux.db.begin(firm.id) as session:
        item = next(one for one in reads.items(session) if one.state is reads.ItemState.PENDING)
        ApprovalService(session).approve(firm.person, item.public_id, shown_hash=item.content_hash)
        return {"outbound_id": reads.item_outbound(session, item.id).id}, firm.id


def _drill(lux: Installation, firm: Firm) -> Made:
    """Return a rehearsal that has ended; tests/gate/test_stop_drill.py lets one run."""
    with lux.db.read(firm.id) as session:
        return {"drill_id": drill.history(session)[0].number}, firm.id


def _expired(lux: Installation, firm: Firm) -> Made:
    with lux.db.begin(firm.id) as session:
        late = clock.now().replace(year=2000)
        session.execute(text("UPDATE approval_queue SET expires_at = :late"), {"late": str(late)})
    return {}, None


def _import(lux: Installation, firm: Firm) -> Made:
    key = "imports/house.csv"
    with store_of(lux.settings).open_write(key) as file:
        file.write(b"email\nann@example.com\nbroken\n")
    dialect = {"columns": 1, "has_header": True}
    with lux.db.begin(firm.id) as session:
        entry = ContactImport(
            file_name="house.csv", file_key=key, file_size=29, dialect=dialect, mapping={"0": "email"}, state="queued"
        )
        session.add(entry)
        session.flush()
        return {"import_id": entry.id}, firm.id


def _export(lux: Installation, firm: Firm) -> Made:
    with lux.db.begin(firm.id) as session:
        entry = ContactExport(state="queued", file_key="exports/house.csv", file_name="house.csv")
        session.add(entry)
        session.flush()
        return {"export_id": entry.id}, firm.id


def _field(_lux: Installation, firm: Firm) -> Made:
    return {"key": "plan"}, firm.id


def _files(_lux: Installation, firm: Firm) -> Made:
    return {"keys": ["imports/secret.csv", "imports/gone.csv"]}, firm.id


def _company(_lux: Installation, firm: Firm) -> Made:
    return {"company_id": firm.id, "keys": ["imports/secret.csv"]}, None


def _company_export(lux: Installation, firm: Firm) -> Made:
    with lux.db.begin(firm.id) as session:
        entry = CompanyExport(file_key="company-exports/house.zip", file_name="house.zip", created_by=firm.user_id)
        session.add(entry)
        session.flush()
        return {"export_id": entry.id}, firm.id


def _company_import(lux: Installation, firm: Firm) -> Made:
    """Let the company come in beside itself."""
    with store_of(lux.settings).open_write("company-imports/house.zip") as file:
        file.write(archive(lux, firm.id))
    return {"import_id": asked(lux, firm.user_id, file_key="company-imports/house.zip")}, None


def _audit_export(lux: Installation, firm: Firm) -> Made:
    with lux.db.begin(firm.id) as session:
        entry = AuditExport(file_key="audit-exports/house.zip", file_name="house.zip", created_by=firm.user_id)
        session.add(entry)
        session.flush()
        return {"export_id": entry.id}, firm.id


def _bulk(lux: Installation, firm: Firm) -> Made:
    with lux.db.begin(firm.id) as session:
        tag = tagging.ensure(session, ["House"])[0]
        scope, plan = bulk.Scope(filter={}), bulk.Plan(kind="tag_add", args={"tag_id": tag.id, "name": tag.name})
        action = bulk.start(session, scope, plan, firm.person, confirmed=bulk.preview(session, scope))
        return {"action_id": action.id}, firm.id


def _bulk_undo(lux: Installation, firm: Firm) -> Made:
    made = _bulk(lux, firm)
    lux.work()
    with lux.db.begin(firm.id) as session:
        bulk.undo(session, session.get_one(BulkAction, made[0]["action_id"]), firm.person, reason="house")
    return made


def _hook(lux: Installation, firm: Firm) -> Made:
    """Let a webhook have news while its address rests: they are queued, and queued once."""
    with lux.db.begin(firm.id) as session:
        hook = hooks.listing(session)[0]
        subscriptions.resume(session, firm.person, hook.public_id)
        hook.rest_until = clock.now() + timedelta(days=1)
        facts.record(session, NewFact(kind="contact.created"))
        return {"subscription_id": hook.id}, firm.id


def _nobody(_lux: Installation, _firm: Firm) -> Made:
    return {"user_id": None}, None


def _backup(lux: Installation, _firm: Firm) -> Made:
    with lux.db.begin(ALL_COMPANIES) as session:
        return {"backup_id": safekeeping.request(session, None).id}, None


def _made_backup(lux: Installation, firm: Firm) -> Made:
    """Keep the moment out of the comparison: trying a backup again is noted each time."""
    args, company_id = _backup(lux, firm)
    lux.work()
    with lux.db.begin(ALL_COMPANIES) as session:
        session.get_one(Backup, args["backup_id"]).state = BackupState.REMOVED
    return args, company_id


def _walked(lux: Installation, _firm: Firm) -> Made:
    verification.verify_and_keep(lux.settings, lux.db)
    return {}, None


def _rotated(_lux: Installation, firm: Firm) -> Made:
    return {"company_id": firm.id, "user_id": firm.user_id, "instead_of": "d1"}, None


# How each kind of job is given something to do; a new kind has to be taught here.
FACTORIES: Final[dict[str, Callable[[Installation, Firm], Made]]] = {
    "approvals.checkpoint": _nothing,
    "approvals.export_audit": _audit_export,
    "approvals.tidy": _nothing,
    "approvals.verify_audit": _nothing,
    "company.export": _company_export,
    "company.forget_mail": _company,
    "company.import": _company_import,
    "company.tidy": _nothing,
    "contacts.clean_up": _nothing,
    "site.clean_up": _nothing,
    "contacts.export": _export,
    "contacts.forget_field": _field,
    "contacts.forget_files": _files,
    "contacts.import": _import,
    "contacts.undo_import": _undo,
    "content.drop_strays": _nothing,
    "content.forget_files": _files,
    "diagnostics.forget": _nothing,
    "gate.call": _hook,
    "gate.forget_signals": _nothing,
    "gate.drill": _drill,
    "gate.series": _outbound,
    "gate.expire": _expired,
    "gate.forget_calls": _nothing,
    "gate.send": _outbound,
    "newsletter.sweep": _nothing,
    "integrations.watch_domains": _nothing,
    "notifications.sweep": _nothing,
    "safekeeping.back_up": _backup,
    "safekeeping.rotate_keys": _rotated,
    "safekeeping.verify_backup": _made_backup,
    "safekeeping.verify_vault": _walked,
    "safekeeping.watch": _nothing,
    "segments.bulk": _bulk,
    "segments.bulk_forget": _nothing,
    "segments.bulk_undo": _bulk_undo,
    "signin.reset_mail": _nobody,
    "signin.sweep": _nothing,
    "trash.empty": _nothing,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_is_named_after_a_place_and_a_verb(kind: str) -> None:
    """The place is a room or the gate, so that one finds the code by the name."""
    place, _dot, verb = kind.partition(".")
    assert place in {*sources.rooms(), "gate"}
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", verb)


def test_what_the_clock_starts_is_a_known_job() -> None:
    """A schedule whose kind is gone would fill the table with jobs that nobody takes."""
    assert {schedule.kind for schedule in house.schedules()} <= set(KINDS)


def test_every_job_is_run_twice_below() -> None:
    """A new kind of job needs a factory of its args."""
    assert set(FACTORIES) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_runs_twice_harmlessly(lux_sqlite: Installation, kind: str) -> None:
    """A worker may die after its last chunk and before it says so: the second run changes nothing."""
    lux, firm = lux_sqlite, filled(lux_sqlite)
    args, company_id = FACTORIES[kind](lux, firm)
    lux.work()
    states = []
    for _run in (1, 2):
        with lux.db.begin(ALL_COMPANIES) as session:
            number = jobs.enqueue(session, kind, args, company_id=company_id)
        lux.work()
        with lux.db.read(ALL_COMPANIES) as session:
            assert session.get_one(jobs.Job, number).state is jobs.JobState.DONE
        states.append(everything(lux))
    first, second = states
    changed = [table for table in first if first[table] != second[table]]
    assert changed == []


def test_a_reset_link_that_is_mailed_twice_leaves_one_that_works(lux_sqlite: Installation) -> None:
    """The one job that may not be silent the second time: the newer link counts, the earlier one is gone."""
    lux, firm = lux_sqlite, lux_sqlite.firm()
    for _run in (1, 2):
        with lux.db.begin(ALL_COMPANIES) as session:
            jobs.enqueue(session, "signin.reset_mail", {"user_id": firm.user_id})
        lux.work()
    tokens = [
        found
        for path in sorted((lux.settings.home / "mailbox").rglob("*.eml"))
        for found in re.findall(r"/reset/([\w-]+)", path.read_text(encoding="utf-8").replace("=\n", ""))
    ]
    answers = [lux.client().get(f"/reset/{token}").status_code for token in dict.fromkeys(tokens)]
    assert answers == [404, 200]


def everything(lux: Installation) -> dict[str, list[tuple[str, ...]]]:
    """Return every row of every table but the queue's own, and every file."""
    with lux.db.read(ALL_COMPANIES) as session:
        found = {
            table.name: sorted(tuple(map(str, row)) for row in session.execute(select(table)))
            for table in Base.metadata.sorted_tables
            if isinstance(table, Table) and table.name not in NOT_COMPARED
        }
    found["files"] = [(key,) for key in store_of(lux.settings).list("")]
    kept = lux.settings.home / "mailbox"
    found["mailbox"] = [(str(path), path.read_text("utf-8")) for path in sorted(kept.rglob("*")) if path.is_file()]
    return found
