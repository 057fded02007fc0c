"""Two who change one item at the same moment: the second waits for the first, and nobody waits for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from lux.gate import control, jobs, refused, submit
from lux.gate.deciding import policies
from lux.gate.models import ApprovalDecision, ApprovalQueue, Outbound
from lux.gate.reads import ItemView
from lux.gate.refusals import Effect, Refusal
from lux.gate.service import ApprovalService, Chosen
from lux.gate.states import ItemState, OutboundState, Verdict
from lux.identity.access import Role
from lux.kit import clock
from lux.kit.errors import LuxError
from tests.factories import Firm, Installation
from tests.gate.conftest import Told, act, approved, ready, submitted

PATIENCE = 20.0  # seconds


@dataclass(frozen=True)
class Case:
    """One item, its outbound, and the firm whose person acts."""

    firm: Firm
    item: ItemView
    outbound_id: int


def approve(session: Session, case: Case) -> None:
    ApprovalService(session).approve(case.firm.person, case.item.public_id, shown_hash=case.item.content_hash)


def reject(session: Session, case: Case) -> None:
    ApprovalService(session).reject(
        case.firm.person, case.item.public_id, shown_hash=case.item.content_hash, reason="no"
    )


def take_back(session: Session, case: Case) -> None:
    ApprovalService(session).cancel(case.firm.person, case.item.public_id)


def withdraw(session: Session, case: Case) -> None:
    submit.withdraw(session, case.outbound_id, by=case.firm.person)


def revise(session: Session, case: Case) -> None:
    submit.revise(session, case.outbound_id, act(case.firm, subject="New"), editor=case.firm.person, title="New")


def cancel(session: Session, case: Case) -> None:
    control.cancel(session, case.firm.person, case.outbound_id)


def send_back(session: Session, case: Case) -> None:
    refused.carry_out(session, case.outbound_id, Refusal(check="window", effect=Effect.RETURN, reason="late"))


Hand = Callable[[Session, Case], Any]
WAITING: list[tuple[Hand, Hand]] = [(approve, withdraw), (withdraw, approve), (reject, revise), (revise, take_back)]
APPROVED: list[tuple[Hand, Hand]] = [
    (take_back, send_back),
    (send_back, take_back),
    (cancel, take_back),
    (revise, cancel),
]


@pytest.mark.parametrize("migrated_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize(
    ("first", "second", "has_yes"),
    [*((a, b, False) for a, b in WAITING), *((a, b, True) for a, b in APPROVED)],
    ids=lambda value: value.__name__ if callable(value) else str(value),
)
def test_whoever_comes_second_waits(lux: Installation, told: Told, first: Hand, second: Hand, has_yes: bool) -> None:
    """The second begins while the first holds its first lock: one of them wins, the other is told so or comes after."""
    firm = ready(lux, 3)
    item = submitted(lux, firm)
    if has_yes:
        approved(lux, firm, item)
    with lux.db.read(firm.id) as session:
        case = Case(firm, item, session.scalars(select(Outbound.id)).one())
    assert at_once(lux, case, first, second) == []
    with lux.db.read(firm.id) as session:
        outbound = session.scalars(select(Outbound)).one()
        state = session.scalars(select(ApprovalQueue.state)).one()
    is_on = outbound.state is OutboundState.READY
    assert is_on == (state in {ItemState.APPROVED, ItemState.SCHEDULED})


@pytest.mark.parametrize("migrated_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_expiring_waits_as_well(lux: Installation, told: Told) -> None:
    """The job that expires items and a person who takes one back."""
    firm = ready(lux, 3)
    item = submitted(lux, firm)
    with lux.db.begin(firm.id) as session:
        session.scalars(select(ApprovalQueue)).one().expires_at = clock.now()
        case = Case(firm, item, session.scalars(select(Outbound.id)).one())

    def expire(_session: Session, _case: Case) -> None:
        jobs.expire(Context(lux), {})

    assert at_once(lux, case, expire, withdraw) == []


@pytest.mark.parametrize("migrated_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_two_people_say_yes_at_the_same_moment(lux: Installation, told: Told) -> None:
    """Where two are needed both count, one as the first and one as the second; where one is, only the first does."""
    firm = ready(lux, 3)
    other = lux.member(firm.id, Role.ADMIN)
    with lux.db.begin(firm.id) as session:
        policies.choose(session, firm.person, policies.Rules(two_above=2), version=0)
    case = Case(firm, submitted(lux, firm), 0)

    def second(session: Session, case: Case) -> None:
        approve(session, Case(other, case.item, 0))

    assert at_once(lux, case, approve, second) == []
    with lux.db.read(firm.id) as session:
        assert session.scalars(select(ApprovalQueue.state)).one() is ItemState.APPROVED
        numbers = session.scalars(select(ApprovalDecision.number).order_by(ApprovalDecision.id)).all()
    assert list(numbers) == [1, 2]


@pytest.mark.parametrize("migrated_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_two_batches_in_opposite_orders_do_not_wait_for_each_other(lux: Installation, told: Told) -> None:
    """Every item is decided on once, whoever was first, and neither batch breaks."""
    firm = ready(lux, 2)
    wanted = [
        Chosen(public_id=one.public_id, shown_hash=one.content_hash, recipients=2)
        for one in (submitted(lux, firm, subject=f"Number {n}") for n in range(3))
    ]

    def batch(chosen: list[Chosen]) -> Hand:
        return lambda session, case: ApprovalService(session).decide_batch(
            case.firm.person, chosen, verdict=Verdict.YES
        )

    assert at_once(lux, Case(firm, submitted(lux, firm), 0), batch(wanted), batch(wanted[::-1])) == []
    with lux.db.read(firm.id) as session:
        assert len(session.scalars(select(ApprovalDecision.id)).all()) == 3


class Context:
    """What the job needs of its surroundings."""

    def __init__(self, lux: Installation) -> None:
        self.db = lux.db

    def check_cancelled(self) -> None:
        """Go on."""


def at_once(lux: Installation, case: Case, first: Hand, second: Hand) -> list[BaseException]:
    """Let the second act as soon as the first has its first lock; returns what went wrong but for refusals."""
    has_lock, problems = threading.Event(), list[BaseException]()

    def act_as(hand: Hand) -> None:
        try:
            with lux.db.begin(case.firm.id) as session:
                hand(session, case)
        except LuxError:
            pass  # too late: somebody else was first, and it says so
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            problems.append(error)

    def hold(_c: Any, _cursor: Any, statement: str, _p: Any, _context: Any, _many: Any) -> None:
        if threading.current_thread() is holder and "FOR UPDATE" in statement and not has_lock.is_set():
            has_lock.set()
            time.sleep(0.4)  # time enough for the second to get its own first lock

    holder = threading.Thread(target=act_as, args=(first,))
    waiter = threading.Thread(target=act_as, args=(second,))
    event.listen(lux.db.engine, "after_cursor_execute", hold)
    try:
        holder.start()
        assert has_lock.wait(PATIENCE)
        waiter.start()
        holder.join(PATIENCE)
        waiter.join(PATIENCE)
    finally:
        event.remove(lux.db.engine, "after_cursor_execute", hold)
    return problems
