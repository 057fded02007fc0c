"""Members, roles, invitations: who may do what to whom."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from sqlalchemy import select

from lux.identity import companies, invitations, members, sessions, users
from lux.identity.access import Person, Right, Role
from lux.identity.models import Company, User
from lux.identity.tokens import LinkGone
from lux.kit.db import ALL_COMPANIES, Database, TenantMissing
from lux.kit.errors import Forbidden, InvalidInput, NotFound, WrongState
from lux.kit.settings import Settings
from lux.ledger import audit
from lux.ledger.models import ApprovalAuditLog
from tests.identity.people import PASSWORD, member, sign_in_token, signed_in

Owner = tuple[User, Company]


def role_of(db: Database, company: Company, user: User) -> Role | None:
    with db.read(company.id) as session:
        return next((row.role for row in members.listing(session) if row.user_id == user.id), None)


def test_the_last_owner_can_be_neither_demoted_nor_removed(db: Database, settings: Settings, owner: Owner) -> None:
    user, company = owner
    actor = signed_in(db, settings, user)
    with pytest.raises(WrongState, match="last owner"), db.begin(company.id) as session:
        members.change_role(session, actor, user.public_id, Role.ADMIN)
    with pytest.raises(WrongState, match="last owner"), db.begin(company.id) as session:
        members.remove(session, actor, user.public_id)
    assert role_of(db, company, user) is Role.OWNER


def test_an_owner_can_step_down_when_there_is_another(db: Database, settings: Settings, owner: Owner) -> None:
    user, company = owner
    second = member(db, company, Role.OWNER)
    actor = signed_in(db, settings, user)
    with db.begin(company.id) as session:
        members.change_role(session, actor, user.public_id, Role.ADMIN)
    assert role_of(db, company, user) is Role.ADMIN
    assert role_of(db, company, second) is Role.OWNER


def test_an_admin_does_not_touch_owners(db: Database, settings: Settings, owner: Owner) -> None:
    company = owner[1]
    second = member(db, company, Role.OWNER)
    actor = signed_in(db, settings, member(db, company, Role.ADMIN))
    with db.begin(company.id) as session, pytest.raises(Forbidden):
        members.change_role(session, actor, second.public_id, Role.ADMIN)
    with db.begin(company.id) as session, pytest.raises(Forbidden):
        members.remove(session, actor, second.public_id)
    assert role_of(db, company, second) is Role.OWNER


def test_an_admin_makes_no_owner(db: Database, settings: Settings, owner: Owner) -> None:
    company = owner[1]
    admin = member(db, company, Role.ADMIN)
    actor = signed_in(db, settings, admin)
    for somebody in (admin, member(db, company, Role.VIEWER)):
        with pytest.raises(Forbidden), db.begin(company.id) as session:
            members.change_role(session, actor, somebody.public_id, Role.OWNER)
    with pytest.raises(Forbidden), db.begin(company.id) as session:
        invitations.invite(session, actor, email="new@example.com", role=Role.OWNER)


@pytest.mark.parametrize("role", [Role.MARKETER, Role.VIEWER])
def test_who_may_not_manage_changes_nobody(db: Database, settings: Settings, owner: Owner, role: Role) -> None:
    company = owner[1]
    victim = member(db, company, Role.VIEWER)
    actor = signed_in(db, settings, member(db, company, role))
    with pytest.raises(Forbidden), db.begin(company.id) as session:
        members.change_role(session, actor, victim.public_id, Role.ADMIN)
    with pytest.raises(Forbidden), db.begin(company.id) as session:
        members.remove(session, actor, victim.public_id)
    with pytest.raises(Forbidden), db.begin(company.id) as session:
        invitations.invite(session, actor, email="new@example.com", role=Role.VIEWER)


def test_a_change_of_role_ends_the_members_sessions(db: Database, settings: Settings, owner: Owner) -> None:
    user, company = owner
    marketer = member(db, company, Role.MARKETER)
    token = sign_in_token(db, settings, marketer)
    actor = signed_in(db, settings, user)
    with db.begin(company.id) as session:
        members.change_role(session, actor, marketer.public_id, Role.VIEWER)
    assert sessions.person_for(db, token, settings) is None


def test_who_is_removed_is_out_and_so_are_the_invitations_they_sent(
    db: Database, settings: Settings, owner: Owner
) -> None:
    user, company = owner
    admin = member(db, company, Role.ADMIN)
    token = sign_in_token(db, settings, admin)
    with db.begin(company.id) as session:
        _invitation, link = invitations.invite(
            session, signed_in_as(db, settings, token), email="friend@example.com", role=Role.ADMIN
        )
    actor = signed_in(db, settings, user)
    with db.begin(company.id) as session:
        members.remove(session, actor, admin.public_id)
    assert sessions.person_for(db, token, settings) is None
    with db.begin(ALL_COMPANIES) as session, pytest.raises(LinkGone):
        invitations.by_token(session, link)


def signed_in_as(db: Database, settings: Settings, token: str) -> Person:
    person = sessions.person_for(db, token, settings)
    assert person is not None
    return person


@pytest.mark.parametrize(
    ("becomes", "left"),
    [(Role.ADMIN, {"admin@example.com", "viewer@example.com"}), (Role.MARKETER, set()), (Role.VIEWER, set())],
)
def test_who_loses_a_role_loses_the_invitations_it_could_send(
    db: Database, settings: Settings, owner: Owner, becomes: Role, left: set[str]
) -> None:
    user, company = owner
    first = signed_in(db, settings, user)
    second = member(db, company, Role.OWNER)
    actor = signed_in(db, settings, second)
    with db.begin(company.id) as session:
        for role in (Role.OWNER, Role.ADMIN, Role.VIEWER):
            invitations.invite(session, actor, email=f"{role.value}@example.com", role=role)
        invitations.invite(session, first, email="mine@example.com", role=Role.OWNER)
    with db.begin(company.id) as session:
        members.change_role(session, first, second.public_id, becomes)
    with db.read(company.id) as session:
        assert {one.email for one in invitations.pending(session)} == {*left, "mine@example.com"}


def test_of_two_who_invite_an_address_at_once_the_second_is_told(
    db: Database, settings: Settings, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, company = owner
    actor = signed_in(db, settings, user)
    with db.begin(company.id) as session:
        invitations.invite(session, actor, email="grace@example.com", role=Role.VIEWER)
    monkeypatch.setattr(invitations, "_present", lambda *_arguments: None)  # it looked a moment before
    with pytest.raises(InvalidInput, match="at the same moment"), db.begin(company.id) as session:
        invitations.invite(session, actor, email="grace@example.com", role=Role.ADMIN)


def test_of_two_companies_made_at_once_each_gets_a_slug(db: Database, owner: Owner, monkeypatch) -> None:
    user, company = owner
    monkeypatch.setattr(companies, "free_slug", lambda *_arguments: company.slug)  # it looked a moment before
    with db.begin(ALL_COMPANIES) as session:
        second = companies.create(session, name=company.name, owner_id=user.id)
        assert second.slug != company.slug
        assert second.slug.startswith(company.slug)


def test_anybody_may_leave(db: Database, settings: Settings, owner: Owner) -> None:
    company = owner[1]
    viewer = member(db, company, Role.VIEWER)
    actor = signed_in(db, settings, viewer)
    with db.begin(company.id) as session:
        members.remove(session, actor, viewer.public_id)
    assert role_of(db, company, viewer) is None


def test_members_of_another_company_do_not_exist_here(db: Database, settings: Settings, owner: Owner) -> None:
    from lux.identity import companies

    user, company = owner
    with db.begin(ALL_COMPANIES) as session:
        other = companies.create(session, name="Other", owner_id=user.id)
    foreign = member(db, other, Role.VIEWER)
    actor = signed_in(db, settings, user, company)
    with pytest.raises(NotFound), db.begin(company.id) as session:
        members.change_role(session, actor, foreign.public_id, Role.ADMIN)
    with db.read(company.id) as session:
        assert [row.user_id for row in members.listing(session)] == [user.id]
        assert members.user_ids_with(session, Right.VIEW) == [user.id]
    with db.read(None) as session, pytest.raises(TenantMissing):
        members.listing(session)


def test_an_invited_person_comes_in_with_a_new_account(db: Database, settings: Settings, owner: Owner) -> None:
    user, company = owner
    actor = signed_in(db, settings, user)
    with db.begin(company.id) as session:
        _invitation, token = invitations.invite(session, actor, email=" New@Example.COM ", role=Role.MARKETER)
    with db.begin(ALL_COMPANIES) as session:
        new, joined = invitations.accept_as_new(session, token, name="New", password=PASSWORD)
    assert joined.id == company.id
    assert new.email_key == "new@example.com"
    assert role_of(db, company, new) is Role.MARKETER
    with db.begin(ALL_COMPANIES) as session, pytest.raises(LinkGone):
        invitations.accept_as_new(session, token, name="Again", password=PASSWORD)


def test_an_invitation_is_for_the_invited_address_only(db: Database, settings: Settings, owner: Owner) -> None:
    user, company = owner
    other = member(db, company, Role.VIEWER)
    actor = signed_in(db, settings, user)
    with db.begin(company.id) as session:
        _invitation, token = invitations.invite(session, actor, email="new@example.com", role=Role.ADMIN)
    with (
        pytest.raises(Forbidden, match="is for new@"),
        db.begin(ALL_COMPANIES) as session,
    ):
        invitations.accept(session, token, users.by_id(session, other.id))
    assert role_of(db, company, other) is Role.VIEWER


def test_an_old_account_comes_in_with_its_own_address(db: Database, settings: Settings, owner: Owner) -> None:
    from lux.identity import companies

    user, company = owner
    with db.begin(ALL_COMPANIES) as session:
        elsewhere = companies.create(session, name="Elsewhere", owner_id=user.id)
    known = member(db, elsewhere, Role.VIEWER)
    actor = signed_in(db, settings, user, company)
    with db.begin(company.id) as session:
        _invitation, token = invitations.invite(session, actor, email=known.email, role=Role.ADMIN)
    with pytest.raises(InvalidInput) as refused, db.begin(ALL_COMPANIES) as session:
        invitations.accept_as_new(session, token, name="Thief", password=PASSWORD)
    assert refused.value.field == "email"
    with db.begin(ALL_COMPANIES) as session:
        invitations.accept(session, token, users.by_id(session, known.id))
    assert role_of(db, company, known) is Role.ADMIN


def test_an_invitation_ends_after_a_week_or_when_withdrawn_or_replaced(
    db: Database, settings: Settings, owner: Owner
) -> None:
    user, company = owner
    with time_machine.travel(dt.datetime(2026, 11, 23, tzinfo=dt.UTC), tick=False) as time:
        actor = signed_in(db, settings, user)
        with db.begin(company.id) as session:
            _old, replaced = invitations.invite(session, actor, email="new@example.com", role=Role.ADMIN)
            _new, valid = invitations.invite(session, actor, email="NEW@example.com", role=Role.VIEWER)
            row, withdrawn = invitations.invite(session, actor, email="third@example.com", role=Role.VIEWER)
            invitations.withdraw(session, actor, row.public_id)
            assert len(invitations.pending(session)) == 1
        with db.begin(ALL_COMPANIES) as session:
            assert invitations.by_token(session, valid)[0].role is Role.VIEWER
            for gone in (replaced, withdrawn):
                with pytest.raises(LinkGone):
                    invitations.by_token(session, gone)
        time.shift(dt.timedelta(days=7, seconds=1))
        with db.begin(ALL_COMPANIES) as session, pytest.raises(LinkGone):
            invitations.by_token(session, valid)


def test_a_member_is_not_invited_again(db: Database, settings: Settings, owner: Owner) -> None:
    user, company = owner
    actor = signed_in(db, settings, user)
    with pytest.raises(InvalidInput) as refused, db.begin(company.id) as session:
        invitations.invite(session, actor, email="ADA@example.com", role=Role.VIEWER)
    assert refused.value.field == "email"


def test_every_change_of_access_stands_in_the_audit_chain(db: Database, settings: Settings, owner: Owner) -> None:
    user, company = owner
    viewer = member(db, company, Role.VIEWER)
    actor = signed_in(db, settings, user)
    with db.begin(company.id) as session:
        invitation, token = invitations.invite(session, actor, email="new@example.com", role=Role.ADMIN)
        members.change_role(session, actor, viewer.public_id, Role.MARKETER)
        members.remove(session, actor, viewer.public_id)
    with db.begin(ALL_COMPANIES) as session:
        invitations.accept_as_new(session, token, name="New", password=PASSWORD)
    with db.read(ALL_COMPANIES) as session:
        rows = session.scalars(
            select(ApprovalAuditLog).where(ApprovalAuditLog.company_id == company.id).order_by(ApprovalAuditLog.seq)
        ).all()
        assert [row.action for row in rows] == [
            "company.created",
            "invitation.sent",
            "member.role_changed",
            "member.removed",
            "member.added",
        ]
        assert not any("example.com" in row.detail for row in rows), "no personal data in the chain"
        assert audit.verify(session, company.id) == (5, None)
        assert audit.verify(session, audit.INSTALLATION)[1] is None
    assert invitation.email_key == "new@example.com"
