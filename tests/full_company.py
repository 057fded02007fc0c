"""A company with at least one row of everything, for tests that look into every corner."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from io import BytesIO
from typing import Any

from PIL import Image
from sqlalchemy import select, update

from lux.gate import reads, submit
from lux.gate.deciding import comments, policies
from lux.gate.review import budgets, own_rules
from lux.gate.service import ApprovalService
from lux.gate.stop import triggers
from lux.gate.stop.models import DrillState, StopDrill
from lux.gate.webhooks import allowances, by_program, subscriptions
from lux.identity import api_keys, invitations
from lux.identity.access import Role
from lux.identity.api_keys import Scope
from lux.identity.models import User
from lux.kit import clock, jobs
from lux.kit.db import ALL_COMPANIES, uuid7
from lux.ledger import facts
from lux.ledger.audit import Actor, checkpoints, checks
from lux.ledger.facts import NewFact
from lux.net.storage import store_of
from lux.ports.acts import ActKind, AudienceRef, PublishPage
from lux.rooms.approvals.models import AuditExport
from lux.rooms.company.models import CompanyExport, CompanyImport
from lux.rooms.contacts.incoming.rules import DEFAULTS
from lux.rooms.contacts.models import (
    Contact,
    ContactExport,
    ContactImport,
    ContactTag,
    ContactView,
    ContactViewDefault,
    CustomField,
    FieldType,
    ImportedContact,
    ImportRejection,
    IncomingDelivery,
    IncomingSetup,
    Tag,
)
from lux.rooms.content.addresses import key_of
from lux.rooms.content.models import Block, Media, Template
from lux.rooms.content.service import media, versions
from lux.rooms.diagnostics import service as diagnostics
from lux.rooms.diagnostics.models import ErrorGroup, GroupState
from lux.rooms.diagnostics.scope import Scope as Reach
from lux.rooms.email.models import Campaign
from lux.rooms.newsletter.models import OptIn, SubscribeForm
from lux.rooms.notifications.service import notify
from lux.rooms.safekeeping.models import Backup, BackupOrigin, BackupState
from lux.rooms.segments.models import BulkAction, Segment, SegmentMember
from lux.rooms.site import queries as site_queries
from lux.rooms.site.service import collecting, identity
from lux.rooms.site.service import setup as site_setup
from lux.vault.models import VaultCheck
from tests.factories import Firm, Installation


def filled(lux: Installation, *, locale: str = "") -> Firm:
    """Make the company: contacts, tags, segments, templates, a campaign that ran, one that waits.

    With a locale, its person reads in that language from the start.
    """
    firm = lux.firm()
    if locale:
        with lux.db.begin(ALL_COMPANIES) as session:
            session.execute(update(User).where(User.id == firm.user_id).values(locale=locale, is_operator=True))
    contacts = lux.contacts(firm, 3, phone="+493023125001", language=locale or "de")
    sender = lux.sender(firm, email=f"news{firm.id}@example.com")
    lux.switch_on(firm)
    lux.switch_on(firm, "automation_scheduled_publishing")
    with lux.db.begin(firm.id) as session:
        tag = Tag(name="Secret tag", name_key="secret tag")
        segment = Segment(name="Secret segment", name_key="secret segment", is_dynamic=False)
        session.add_all(
            [
                tag,
                segment,
                CustomField(key="plan", label="Plan", type=FieldType.TEXT),
                Template(name="Secret template", source="<mjml></mjml>"),
                ContactImport(file_name="secret.csv", file_key="imports/secret.csv", file_size=22),
                ContactExport(state="queued"),
            ]
        )
        session.flush()
        session.add(ContactTag(tag_id=tag.id, contact_id=contacts[0]))
        session.add(SegmentMember(segment_id=segment.id, contact_id=contacts[0]))
        campaigns = [
            Campaign(name=f"Secret campaign {n}", subject="Secret", sender_id=sender, audience_source="everyone")
            for n in (1, 2, 3)
        ]
        session.add_all(campaigns)
        session.flush()
        numbers = [campaign.id for campaign in campaigns]
    _content(lux, firm, numbers)
    with store_of(lux.settings).open_write("imports/secret.csv") as file:
        file.write(b"email\nsecret@example.com\n")
    _run(lux, firm, numbers)
    _account(lux, firm)
    _import(lux, firm)
    _programs(lux, firm)
    _website(lux, firm, contacts[0])
    _trash(lux, firm)
    _moves(lux, firm)
    _changed(lux, firm, contacts)
    diagnostics.capture(
        lux.db,
        ValueError("Secret error"),
        source="web",
        company_id=firm.id,
        user_id=firm.user_id,
        endpoint="email.show",
    )
    _errors(lux, firm)
    _deciding(lux, firm)
    _stops(lux, firm)
    _kept(lux)
    return firm


def _deciding(lux: Installation, firm: Firm) -> None:
    """Choose a policy, and say something about what waits."""
    with lux.db.begin(firm.id) as session:
        policies.choose(session, firm.person, policies.Rules(expires_days=10), version=0, reason="Secret reason")
        waiting = reads.items(session, states=[reads.ItemState.PENDING])[0]
        comments.add(session, firm.person, waiting.public_id, "Secret comment")


def _stops(lux: Installation, firm: Firm) -> None:
    """Leave bounds of its own for a trigger, and rehearsals that were and were not measured."""
    with lux.db.begin(firm.id) as session:
        triggers.change(session, firm.person, "bounces", threshold=4000, minimum=300, minutes=7 * 24 * 60)
        values = {"started_by_name": "Secret owner", "recipients": 400, "ended_at": clock.now()}
        measured = {"left_before": 31, "left_after": 52, "rest_ms": 870, "settled_ms": 910}
        session.add(StopDrill(state=DrillState.FAILED, reason="Secret reason", **values))
        session.add(StopDrill(state=DrillState.DONE, **values, **measured))


def _kept(lux: Installation) -> None:
    """Leave backups of the installation, and what a walk through its secrets found."""
    with lux.db.begin(ALL_COMPANIES) as session:
        verdict = {"verified_at": clock.now(), "is_good": False, "verdict": "Secret verdict"}
        made = {"origin": BackupOrigin.CLOCK, "state": BackupState.DONE, "finished_at": clock.now(), "size": 2**21}
        failed = {"origin": BackupOrigin.PERSON, "state": BackupState.FAILED, "error": "Secret failure"}
        session.add_all([
            Backup(file_name="lux-secret.lux-backup", rows=7, files=1, **made, **verdict), Backup(**failed),
            VaultCheck(secrets=3, faults=1, first_fault="Secret fault"),
        ])  # fmt: skip


def _errors(lux: Installation, firm: Firm) -> None:
    """Leave errors in the other states: resolved with a note, ignored for a while."""
    kinds = (("job", "contacts.import", GroupState.RESOLVED, None), ("clock", "gate.share", GroupState.IGNORED, 10))
    for source, endpoint, state, more in kinds:
        error = RuntimeError(f"Secret {source}")
        diagnostics.capture(lux.db, error, source=source, company_id=firm.id, endpoint=endpoint, severity="warning")
        decision = diagnostics.Decision(state=state, note="Secret note", more=more)
        with lux.db.begin(firm.id) as session:
            group = session.scalars(select(ErrorGroup).where(ErrorGroup.endpoint == endpoint,
                                                             ErrorGroup.company_id == firm.id)).one()  # fmt: skip
            diagnostics.decide(session, Reach(firm.id), group.public_id, decision, by=firm.person)


def _website(lux: Installation, firm: Firm, contact_id: int) -> None:
    """Follow a website that a known contact has visited, from a campaign, with a form, an event and a conversion."""
    with lux.db.begin(firm.id) as session:
        site_setup.add_domain(session, firm.person, "secret.example")
        found = site_queries.setup(session)
        assert found is not None
        found.refused_host, found.refused_at, key = "other-secret.example", clock.now(), found.site_key
        found.banner_text, found.privacy_url = "Secret question", "https://secret.example/privacy"
    origin = "https://secret.example"
    word = identity.mint(lux.settings, identity.CLICK, company_id=firm.id, number=contact_id, host="secret.example")
    page = f"{origin}/secret?utm_source=secret&utm_medium=secret&utm_campaign=secret"
    items: list[dict[str, Any]] = [
        {"t": "view", "u": page, "r": "https://secret-search.example/"},
        {"t": "event", "n": "secret.event", "u": page},
        {"t": "conversion", "n": "secret.goal", "u": page, "p": {"value": 5, "currency": "EUR"}},
        {"t": "form", "n": "Secret form", "u": page, "f": {"opinion": "Secret"}},
    ]
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
    asked = collecting.Asked(key=key, origin=origin, address="192.0.2.1", agent=agent)
    told = collecting.take(lux.db, asked, json.dumps({"v": "f" * 32, "i": word, "e": items}).encode())
    assert told.body == {"accepted": 4, "refused": 0}, told


def _content(lux: Installation, firm: Firm, numbers: list[int]) -> None:
    """Keep a picture, a block, and what a campaign and a template said before."""
    body = BytesIO()
    Image.new("RGB", (8, 8), "#7c3aed").save(body, "PNG")
    body.seek(0)
    taken = media.take(store_of(lux.settings), body, "Secret picture.png")
    with lux.db.begin(firm.id) as session:
        picture = media.add(session, taken, author=firm.person)
        picture.alt, picture.labels = "Secret alt", "|secret|"
        session.add(Block(key="secret-block", name="Secret block", source="<mj-raw>mjml Secret</mj-raw>"))
        template = session.scalars(select(Template.id)).first()
        for subject in (("campaign", numbers[0]), ("template", template)):
            for number in (1, 2):
                saved = {"name": "Secret", "subject": f"Secret {number}", "preview_text": "", "format": "mjml"}
                saved |= {"source": "<mjml></mjml>", "text": ""}
                versions.keep(session, subject, number, saved, editor=firm.person)


def _run(lux: Installation, firm: Firm, numbers: list[int]) -> None:
    from tests.gate.conftest import act

    everyone = AudienceRef(source="everyone", key="", label="Everyone")
    values: dict[str, Any] = {"audience": everyone, "from_email": f"news{firm.id}@example.com"}
    for number in numbers[:2]:
        with lux.db.begin(firm.id) as session:
            outbound = submit.submit_for_approval(
                session, act(firm, **values), author=firm.person, title="Secret", subject=("campaign", number)
            )
            campaign = session.get(Campaign, number)
            assert campaign is not None
            campaign.outbound_id = outbound.id
    with lux.db.begin(firm.id) as session:
        item = reads.items(session)[-1]
        ApprovalService(session).approve(firm.person, item.public_id, shown_hash=item.content_hash)
    lux.work()
    _reviewed(lux, firm)


def _reviewed(lux: Installation, firm: Firm) -> None:
    """Leave a rule of its own, a budget, and something of another kind than mail that was taken back."""
    draft = own_rules.Draft(name="Secret rule", severity="warn", phrases=["Secret phrase"], message="Secret words")
    page = PublishPage(kind=ActKind.LANDING_PAGE, company_id=firm.id, channel="web", account="", name="Secret page",
                       address="/secret", html="<p>Secret</p>")  # fmt: skip
    with lux.db.begin(firm.id) as session:
        own_rules.add(session, firm.person, draft)
        budgets.set_budget(session, firm.person, channel="sms", period="day", amount="25", currency="EUR")
        submit.submit_for_approval(session, page, author=firm.person, title="Secret page", subject=("page", 1))
        item = reads.items(session)[0]
        ApprovalService(session).cancel(firm.person, item.public_id, reason="Secret")


def _import(lux: Installation, firm: Firm) -> None:
    """Leave an import that waits, with a row it has refused, and somebody to tell about it."""
    with lux.db.begin(firm.id) as session:
        entry = ContactImport(file_name="secret.csv", file_key="imports/secret-2.csv", file_size=22, state="queued")
        session.add(entry)
        session.flush()
        due_at = clock.now() + timedelta(days=365)  # it waits in every test
        entry.job_id = jobs.enqueue(
            session, "contacts.import", {"import_id": entry.id}, company_id=firm.id, due_at=due_at
        )
        invitations.invite(session, firm.person, email=f"secret{firm.id}@example.com", role=Role.VIEWER)
        session.add(ImportRejection(import_id=entry.id, line=2, reason="Secret reason", cells=["Secret cell"]))
        notify(session, [firm.user_id], kind="contacts.imported", title="Secret news", url="/contacts/imports")


def _trash(lux: Installation, firm: Firm) -> None:
    """Leave one of each kind in the trash."""
    with lux.db.begin(firm.id) as session:
        thrown = {"trashed_at": clock.now(), "trashed_by": f"person:{firm.user_id}"}
        body, name = BytesIO(), f"{'0' * 24}-8.png"
        Image.new("RGB", (8, 8), "#0b0b10").save(body, "PNG")
        seal = hashlib.sha256(body.getvalue()).hexdigest()
        files = [{"name": name, "width": 8, "height": 8, "size": len(body.getvalue()), "sha256": seal}]
        picture = Media(public_id=uuid7(), name="Secret old picture", alt="Secret old alt", files=files, **thrown)
        with store_of(lux.settings).open_write(key_of(picture.public_id, name)) as target:
            target.write(body.getvalue())
        session.add_all(
            [
                Contact(email="secret-gone@example.com", email_key=f"secret-gone{firm.id}@example.com", **thrown),
                Segment(name="Secret old segment", name_key="secret old segment", is_dynamic=False, **thrown),
                Campaign(name="Secret old campaign", **thrown),
                Template(name="Secret old template", source="<mjml></mjml>", **thrown),
                picture,
                Block(key="secret-old-block", name="Secret old block", source="Secret", **thrown),
            ]
        )


def _changed(lux: Installation, firm: Firm, contacts: list[int]) -> None:
    """Leave a view, a change to many, an import that was undone in part, orders and an event of the company's own."""
    with lux.db.begin(firm.id) as session:
        view = ContactView(name="Secret view", name_key="secret view", owner_key=firm.user_id, query={"q": "secret"})
        session.add(view)
        session.flush()
        session.add(ContactViewDefault(user_id=firm.user_id, view_id=view.id))
        session.add(
            BulkAction(
                kind="tag_add",
                args={"name": "Secret tag"},
                scope={"filter": {}, "segment": "", "name": "Secret scope"},
                state="done",
                total=1,
                counts={"done": 1, "changed": 1},
                created_by=firm.user_id,
                finished_at=clock.now(),
            )
        )
        undone = ContactImport(file_name="secret-undone.csv", file_key="", file_size=22, state="done")
        undone.undo_state, undone.undo = "done", {"counts": {"contacts": 1, "kept": 1}, "total": 1}
        session.add(undone)
        session.flush()
        met = {"import_id": undone.id, "contact_id": contacts[0], "line": 2, "effect": "n", "version": 1}
        session.add(ImportedContact(**met, kept="changed"))
        order = NewFact(kind="order.paid", contact_id=contacts[0], value_minor=1_900, currency="EUR")
        facts.record_many(session, [order, NewFact(kind="custom.secret", contact_id=contacts[0])])


def _programs(lux: Installation, firm: Firm) -> None:
    """Leave a key with which a program delivers, a delivery, and a webhook that was told something."""
    with lux.db.begin(firm.id) as session:
        api_keys.issue(session, name="Secret key", scopes=[Scope.ZAPIER], by=firm.person)
        session.add(IncomingDelivery(key_name="Secret key", status=400, outcome="refused", reason="Secret reason"))
        session.add(IncomingSetup(rules=[rule.stored() for rule in DEFAULTS]))
        hook, _secret = subscriptions.create(
            session,
            firm.person,
            name="Secret hook",
            target="https://secret.example/hook",
            kinds=["contact.created"],
            confirmation="secret.example",
        )
        subscriptions.pause(session, firm.person, hook.public_id)
    _asking(lux, firm)


def _asking(lux: Installation, firm: Firm) -> None:
    """Leave a program that subscribes hooks within a person's yes, a subscribe form, and somebody who was asked."""
    with lux.db.begin(firm.id) as session:
        key, _shown = api_keys.issue(session, name="Secret program", scopes=[Scope.HOOKS_WRITE], by=firm.person)
        allowances.allow(
            session, firm.person, key_id=key.public_id, hosts="hooks.secret.example", kinds=["tag.removed"], most=2,
            until=clock.now() + timedelta(days=300), reason="Secret reason", confirmation="Secret program",
        )  # fmt: skip
        program = api_keys.program_of(session, key)
        subscribed = by_program.subscribe(
            session, program, target="https://hooks.secret.example/x", event="tag.removed"
        )
        subscriptions.pause(session, firm.person, subscribed.hook.public_id)
        session.add(SubscribeForm(code=f"secret-form-{firm.id}", is_on=True, title="Secret form"))
        waiting = session.scalars(select(Contact).order_by(Contact.id)).first()
        assert waiting is not None
        session.add(
            OptIn(
                address=str(waiting.email), address_key=str(waiting.email_key), token_hash=f"{firm.id}".rjust(64, "0"),
                via="zapier", source="Secret source", wording="Secret wording", locale="en",
                expires_at=clock.now() + timedelta(days=7),
            )
        )  # fmt: skip


def _moves(lux: Installation, firm: Firm) -> None:
    """Leave a file with the company, and the reports of an import that came through and of one that did not."""
    again = {kind: ["Secret"] for kind in ("accounts", "domains", "api_keys", "webhooks", "toggles")}
    report = {
        "from": {"name": "Secret", "public_id": str(uuid7()), "lux": "1", "made_at": "", "public_url": "https://a.example"},
        "rows": {"contact": 1}, "people": [{"email": "secret@example.com", "name": "", "role": "viewer"}],
        "again": again, "drafts": 1, "cut_off": 1, "renewed": 1, "lost_files": 1,
        "chain": {"rows": 3, "head": "ab" * 32, "holds": True},
    }  # fmt: skip
    with lux.db.begin(firm.id) as session:
        session.add(CompanyExport(state="done", file_name="secret.zip", file_key="company-exports/secret.zip",
                                  expires_at=clock.now() + timedelta(days=1)))  # fmt: skip
        session.add(CompanyExport(state="failed", file_name="secret-2.zip"))
        session.add(AuditExport(state="done", file_name="secret-audit.zip", file_key="audit-exports/secret.zip", rows=7,
                                expires_at=clock.now() + timedelta(days=1)))  # fmt: skip
        checkpoints.make(session, lux.settings, firm.id)
        checks.keep(session, checks.Check(company_id=firm.id, state=checks.HOLDS, at=clock.now(), rows=3))
        for state, told in (("done", report), ("failed", {})):
            session.add(CompanyImport(file_name="secret.zip", state=state, report=told, created_by=firm.user_id))


def _account(lux: Installation, firm: Firm) -> None:
    from lux.gate import intake
    from lux.vault import accounts
    from lux.vault.secrets import Vault

    with lux.db.begin(firm.id) as session:
        accounts.add(
            session,
            Vault(lux.settings),
            intake.schemas(lux.settings)["smtp"],
            label="Secret server",
            values={"host": "127.0.0.1", "port": "25", "security": "none", "password": f"secret-{uuid7()}"},
            actor=Actor(type="person", id=firm.user_id),
        )
