"""A company leaves as a file and arrives elsewhere: the same history, the same figures, and nothing that may leave."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update

from lux.gate import consent, control, reads, toggles
from lux.gate.models import ApprovalDecision, ApprovalQueue, Delivery, Outbound
from lux.gate.states import ConsentState, DeliveryState, ItemState, Method, OutboundState
from lux.identity import members, users
from lux.identity.access import Role
from lux.identity.models import Company
from lux.kit import clock
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import WrongState
from lux.ledger import audit, recount
from lux.ledger.models import ApprovalAuditLog
from lux.rooms.email import queries as campaigns
from lux.rooms.email.models import Campaign
from lux.rooms.email.states import CampaignState
from lux.rooms.segments.models import Segment
from lux.rooms.segments.service import audience
from tests.factories import PASSWORD, Installation, installation, migrate
from tests.rooms.company.moving import (
    Rows,
    approve_for_later,
    archive,
    brought_in,
    company,
    counts,
    files,
    rich,
    rows,
)
from tests.services import run

# What a first move changes on purpose; the second one changes nothing any more.
BY_THE_MOVE: dict[str, set[str]] = {
    "contact_import": {"created_by", "state"},
    "contact": {"trashed_by"},
    "contact_view": {"created_by"},
    "segment": {"created_by", "trashed_by"},
    "sender": {"verified_at", "verified_by"},
    "media": {"created_by", "trashed_by"},
    "template": {"created_by", "trashed_by"},
    "content_block": {"created_by", "trashed_by"},
    "campaign": {"created_by", "outbound_id", "trashed_by"},
    "approval_queue": {"author_id", "editor_id", "decided_by", "expires_at", "state", "reason", "decided_at"},
    "approval_comment": {"author_id"},
    "approval_policy": {"changed_by"},
    "channel_budget": {"changed_by"},
    "review_rule": {"changed_by"},
    "stop_trigger": {"changed_by"},
    "approval_version": {"created_by"},
    "approval_decision": {"method", "decided_by", "session_id"},
    "outbound": {"state", "reason", "finished_at", "due_at", "approval_id", "approval_verdict"},
    "content_version": {"editor_id"},
    "delivery": {"claimed_by", "lease_until", "due_at"},
    "feature_toggle": {"is_on", "reason", "changed_by", "changed_by_name", "changed_at"},
    "fact": {"actor"},
}


@pytest.fixture
def elsewhere(tmp_path: Path, postgres: Any) -> Iterator[Any]:
    """Return a maker of other installations: `elsewhere("postgresql")`."""
    made: list[Installation] = []

    def make(dialect: str) -> Installation:
        home = tmp_path / f"elsewhere{len(made)}"
        home.mkdir()
        if dialect == "postgresql":
            url = postgres.url(postgres.create(template=postgres.template("migrated", migrate)))
        else:
            url = f"sqlite:///{home / 'lux.db'}"
            path = run.folder() / "migrated.db"
            shutil.copyfile(run.once("sqlite-migrated", lambda: _migrated(path))["path"], home / "lux.db")
        made.append(installation(url, home / "home", is_migrated=True))
        return made[-1]

    yield make
    for one in made:
        one.db.close()


def _migrated(path: Path) -> dict[str, str]:
    migrate(f"sqlite:///{path}")
    return {"path": str(path)}


def owner_of(lux: Installation, email: str = "mover@example.com") -> int:
    with lux.db.begin(ALL_COMPANIES) as session:
        return users.create(session, name="Mover", email=email, password=PASSWORD).id


def without(found: Rows, columns: dict[str, set[str]]) -> Rows:
    return {
        name: [{key: value for key, value in row.items() if key not in columns.get(name, set())} for row in each]
        for name, each in found.items()
    }


def figures(lux: Installation, company_id: int) -> dict[str, Any]:
    """Return what the pages would say: every campaign's figures, every segment's size, who may be written to."""
    with lux.db.read(company_id) as session:
        found: dict[str, Any] = {}
        for one in session.scalars(select(Campaign).order_by(Campaign.public_id)):
            row = campaigns.row_of(session, one)
            found[one.name] = (dict(row.facts), {state.value: n for state, n in row.counts.items() if n})
        for segment in session.scalars(select(Segment).where(Segment.trashed_at.is_(None))):
            ids = audience.select_segment(session, segment)
            found[f"segment {segment.name}"] = len(session.scalars(ids).all())
        addresses = sorted(session.scalars(select(Delivery.address_key)))
        standings = consent.status(session, "email", [*addresses, "gone@example.com"])
        found["standings"] = {key: dataclasses.astuple(one) for key, one in standings.items()}
        return found


@pytest.mark.postgres
def test_a_company_moves_from_sqlite_to_postgresql_and_back(lux_sqlite: Installation, elsewhere: Any) -> None:
    """Every table is equal after each move, but for what a move changes on purpose, and so is every figure."""
    firm = rich(lux_sqlite)
    second, third = elsewhere("postgresql"), elsewhere("sqlite")
    for lux in (second, third):  # other numbers than at home
        other = lux.firm()
        lux.contacts(other, 7)
        lux.sender(other)
    before = rows(lux_sqlite, firm.id)
    empty = [name for name, found in before.items() if not found]
    assert empty == [], "each table is tried with at least one row"

    at_second = brought_in(second, archive(lux_sqlite, firm.id), owner_of(second))
    there = rows(second, at_second.target_id or 0)
    assert without(there, BY_THE_MOVE) == without(before, BY_THE_MOVE)
    had, has = (
        [one["approval_id"] for one in found["outbound"] if one["state"] is OutboundState.DONE]
        for found in (before, there)
    )
    assert had == has
    at_third = brought_in(third, archive(second, at_second.target_id or 0), owner_of(third))
    assert rows(third, at_third.target_id or 0) == there

    home, away = figures(lux_sqlite, firm.id), figures(third, at_third.target_id or 0)
    waiting = [one for one in home if one.startswith("Secret campaign")]
    assert waiting
    assert home == away
    assert [one for one in recount.rebuild(third.db, at_third.target_id or 0, is_dry=True) if one.differing] == []
    pictures = [[key for key in files(lux) if key.startswith("media/")] for lux in (lux_sqlite, second, third)]
    assert pictures[0] != []
    assert pictures[0] == pictures[1] == pictures[2]


@pytest.mark.mariadb
def test_a_company_moves_to_mariadb(lux_sqlite: Installation, mariadb_url: str, tmp_path: Path) -> None:
    """The third database gives numbers back in the same order, and keeps every byte."""
    firm = rich(lux_sqlite)
    there = installation(mariadb_url, tmp_path / "maria")
    try:
        other = there.firm()
        there.contacts(other, 3)
        done = brought_in(there, archive(lux_sqlite, firm.id), owner_of(there))
        arrived, before = rows(there, done.target_id or 0), rows(lux_sqlite, firm.id)
        assert without(arrived, BY_THE_MOVE) == without(before, BY_THE_MOVE)
        again = brought_in(there, archive(there, done.target_id or 0), owner_of(there, "second@example.com"))
        assert {name: len(found) for name, found in rows(there, again.target_id or 0).items()} == {
            name: len(found) for name, found in before.items()
        }
    finally:
        there.db.close()


def test_a_copy_stands_beside_its_original(lux: Installation) -> None:
    """On the same installation: new public ids everywhere, also where a text or a rule names them; nobody loses any."""
    firm = rich(lux)
    before = rows(lux, firm.id)
    done = brought_in(lux, archive(lux, firm.id), firm.user_id, name="Copy", slug="copy")
    copy = rows(lux, done.target_id or 0)
    assert rows(lux, firm.id) == before
    assert done.report["renewed"] > 10
    ids = {str(row["public_id"]) for found in before.values() for row in found if "public_id" in row}
    naming = json.dumps({name: found for name, found in copy.items() if not name.startswith("approval_")}, default=str)
    assert [one for one in ids if one in naming] == []
    assert len(copy["contact"]) == len(before["contact"])
    assert company(lux, done.target_id or 0).slug == "copy"
    mine = [key for key in files(lux) if key.startswith("media/")]
    assert len(mine) == 2 * len({key.rpartition("/")[2] for key in mine})


def test_nobody_gains_access_but_the_owner(lux_sqlite: Installation, elsewhere: Any) -> None:
    """People of the old installation are a list in the report, also somebody with an account here."""
    lux = lux_sqlite
    firm = rich(lux)
    there = elsewhere("sqlite")
    with lux.db.read(firm.id) as session:
        email = members.listing(session)[0].email
    stranger = owner_of(there, email)
    done = brought_in(there, archive(lux, firm.id), owner_of(there))
    with there.db.read(done.target_id) as session:
        found = members.listing(session)
        assert [(one.email, one.role) for one in found] == [("mover@example.com", Role.OWNER)]
        assert list(members.companies_of(session, stranger)) == []
    assert {"email": email, "role": "owner"}.items() <= done.report["people"][0].items()


def test_nothing_leaves_by_a_yes_that_was_given_elsewhere(lux_sqlite: Installation, elsewhere: Any) -> None:
    """What was approved for tomorrow is a draft; with everything switched on again, nothing leaves, now or then."""
    lux = lux_sqlite
    firm = rich(lux)
    approve_for_later(lux, firm)
    there = elsewhere("sqlite")
    done = brought_in(there, archive(lux, firm.id), owner_of(there))
    there_id = done.target_id or 0
    assert done.report["drafts"] == 2, "what was approved for tomorrow, and what would have repeated"
    assert done.report["again"]["toggles"] == ["automation_scheduled_publishing", "channel_email"]
    with there.db.read(there_id) as session:
        assert not toggles.is_on(session, there_id, "channel_email")
        assert {one.method for one in session.scalars(select(ApprovalDecision))} == {Method.ELSEWHERE}
        states = {one.state for one in session.scalars(select(Outbound))}
        assert states == {OutboundState.DONE, OutboundState.CANCELLED}
        item_states = {one.state for one in session.scalars(select(ApprovalQueue))}
        assert item_states & {ItemState.PENDING, ItemState.APPROVED, ItemState.SCHEDULED} == set()
        drafts = [
            one
            for one in session.scalars(select(Campaign).where(Campaign.trashed_at.is_(None)))
            if campaigns.row_of(session, one).state is CampaignState.DRAFT
        ]
        assert len(drafts) == 3
    with there.db.begin(there_id) as session:
        session.execute(text("UPDATE feature_toggle SET is_on = 1"))
        session.execute(text("UPDATE sender SET verified_at = '2026-01-01 00:00:00'"))
    there.work()
    assert not list((there.settings.home / "mailbox").rglob("*.eml"))


def test_an_imported_campaign_cannot_be_sent_again_to_those_who_failed(
    lux_sqlite: Installation, elsewhere: Any
) -> None:
    """The one way in which an old yes could send: both the button and the check at the door say no."""
    lux = lux_sqlite
    firm = rich(lux)
    with lux.db.begin(firm.id) as session:
        session.execute(
            update(Delivery).values(state=DeliveryState.FAILED, error="Transient", first_opened_at=None,
                                    first_clicked_at=None)
        )  # fmt: skip
    there = elsewhere("sqlite")
    done = brought_in(there, archive(lux, firm.id), owner_of(there))
    user = done.created_by or 0
    person = there.sign_in(user, done.target_id or 0).person
    with there.db.begin(done.target_id) as session:
        is_done = Outbound.state == OutboundState.DONE
        sent = session.scalars(select(Outbound).where(is_done).order_by(Outbound.id).limit(1)).one()
        with pytest.raises(WrongState, match="another installation"):
            control.resend_failed(session, person, sent.id)
        # as if somebody had got past the button, on an installation where even the company's number is the same
        assert done.target_id == firm.id
        session.execute(update(Outbound).where(Outbound.id == sent.id).values(state=OutboundState.WORKING))
        session.execute(update(Delivery).values(state=DeliveryState.QUEUED))
        session.execute(text("UPDATE feature_toggle SET is_on = 1"))
        session.execute(text("UPDATE sender SET verified_at = '2026-01-01 00:00:00'"))
        control.wake(session, session.get_one(Outbound, sent.id))
    there.work()
    assert not list((there.settings.home / "mailbox").rglob("*.eml"))


def test_who_unsubscribed_stays_unsubscribed(lux_sqlite: Installation, elsewhere: Any) -> None:
    """Consent comes with its proof, suppressions with their reason."""
    lux = lux_sqlite
    firm = rich(lux)
    there = elsewhere("postgresql")
    done = brought_in(there, archive(lux, firm.id), owner_of(there))
    assert figures(there, done.target_id or 0)["standings"] == figures(lux, firm.id)["standings"]
    with there.db.read(done.target_id) as session:
        second = session.scalars(select(Delivery).order_by(Delivery.id)).all()[1]
        standing = consent.status(session, "email", [second.address_key, "gone@example.com"])
        assert standing[second.address_key].state is ConsentState.WITHDRAWN
        assert standing[second.address_key].proof["address"] == "192.0.2.7"
        assert not standing["gone@example.com"].is_mailable
        assert standing["gone@example.com"].suppressed is not None


def test_no_secret_is_in_the_file(lux_sqlite: Installation) -> None:
    """Whatever the database keeps of secrets, sums of them too, and where webhooks lead."""
    lux = lux_sqlite
    firm = rich(lux)
    columns = [
        "SELECT record FROM vault_secret", "SELECT wrapped FROM data_key", "SELECT secret_hash FROM api_key",
        "SELECT password_hash FROM app_user", "SELECT token_hash FROM web_session", "SELECT token_hash FROM invitation",
        "SELECT target FROM webhook_subscription",
    ]  # fmt: skip
    with lux.db.begin(ALL_COMPANIES) as session:
        session.execute(text("UPDATE sender SET code_hash = 'sum-of-a-code'"))
        secrets = [value for one in columns for value in session.scalars(text(one)) if value]
    assert len(secrets) >= len(columns)
    with zipfile.ZipFile(io.BytesIO(archive(lux, firm.id))) as opened:
        whole = b"\n".join(opened.read(name) for name in opened.namelist())
    assert [one for one in (*secrets, "sum-of-a-code", "secret.example/hook") if str(one).encode() in whole] == []


def test_the_old_chain_can_be_verified_and_a_new_one_begins(lux_sqlite: Installation, elsewhere: Any) -> None:
    """The file proves what was decided; the first entry here says where the company comes from."""
    lux = lux_sqlite
    firm = rich(lux)
    body = archive(lux, firm.id)
    there = elsewhere("sqlite")
    done = brought_in(there, body, owner_of(there))
    with lux.db.read(ALL_COMPANIES) as session:
        whole, fault = audit.verify(session, firm.id)
        head = session.scalar(
            select(ApprovalAuditLog.hash)
            .where(ApprovalAuditLog.company_id == firm.id)
            .order_by(ApprovalAuditLog.seq.desc())
            .limit(1)
        )
    assert fault is None
    assert done.report["chain"] == {"rows": whole, "head": bytes(head or b"").hex(), "holds": True}
    with there.db.read(ALL_COMPANIES) as session:
        assert audit.verify(session, done.target_id or 0) == (1, None)
        first = session.get_one(ApprovalAuditLog, (done.target_id, 1))
        assert (first.action, first.actor_id) == ("company.imported", done.created_by)
        assert json.loads(first.detail)["chain"]["head"] == done.report["chain"]["head"]


def test_campaigns_that_were_leaving_are_cut_off_and_nobody_gets_them_twice(
    lux_sqlite: Installation, elsewhere: Any
) -> None:
    """Who has it is known; who waits is skipped; whose bytes may have left is unknown, as after any crash."""
    lux = lux_sqlite
    firm = rich(lux)
    with lux.db.begin(firm.id) as session:
        is_done = Outbound.state == OutboundState.DONE
        sent = session.scalars(select(Outbound).where(is_done).order_by(Outbound.id).limit(1)).one()
        sent.state = OutboundState.WORKING
        of_it = select(Delivery).where(Delivery.outbound_id == sent.id).order_by(Delivery.id)
        waits, left, _done = session.scalars(of_it).all()
        waits.state = DeliveryState.QUEUED
        left.state, left.leaving_at = DeliveryState.CLAIMED, clock.now()
    there = elsewhere("sqlite")
    done = brought_in(there, archive(lux, firm.id), owner_of(there))
    assert done.report["cut_off"] == 1
    with there.db.read(done.target_id) as session:
        found = [one.state for one in session.scalars(select(Delivery).order_by(Delivery.id))][:3]
        assert found == [DeliveryState.SKIPPED, DeliveryState.UNKNOWN, DeliveryState.CAPTURED]
        assert OutboundState.WORKING not in set(session.scalars(select(Outbound.state)))
        assert reads.overdue(session) == 0


def test_a_company_is_seen_by_nobody_until_it_is_whole(lux_sqlite: Installation) -> None:
    """While it is written it belongs to nobody, and its short name is none that anybody typed."""
    lux = lux_sqlite
    firm = rich(lux)
    seen: list[tuple[int, list[str]]] = []

    def look(_done: int, _total: int) -> None:
        with lux.db.read(ALL_COMPANIES) as session:
            seen.append((len(members.companies_of(session, firm.user_id)), list(session.scalars(select(Company.slug)))))

    brought_in(lux, archive(lux, firm.id), firm.user_id, look, slug="whole")
    assert {number for number, _slugs in seen} == {1}
    assert not any("whole" in slugs for _number, slugs in seen)
    with lux.db.read(ALL_COMPANIES) as session:
        assert len(members.companies_of(session, firm.user_id)) == 2


def test_broken_off_it_leaves_nothing(lux: Installation) -> None:
    """At any row at which somebody stops it, every table and every file is as before."""
    firm = rich(lux)
    body, before, kept = archive(lux, firm.id), counts(lux), files(lux)
    with zipfile.ZipFile(io.BytesIO(body)) as opened:
        total = 2 * sum(part["rows"] for part in json.loads(opened.read("manifest.json"))["parts"] if part["table"])
    for stop in (1, total // 2 + 1, total // 2 + 20, total):

        def tell(done: int, _total: int, stop: int = stop) -> None:
            if done >= stop:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            brought_in(lux, body, firm.user_id, tell)
        assert counts(lux) == before
        assert files(lux) == kept
