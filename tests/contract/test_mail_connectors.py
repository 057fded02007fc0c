"""Whatever takes mail away keeps the same promises: a receipt per message in order, lazily, and never a silent loss."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lux.ports import provider_errors
from lux.ports.permits import Permit
from lux.ports.provider_errors import Invalid, ProviderError
from lux.ports.receipts import Outcome, OutgoingMail
from tests.connectors.conftest import Notes, account, mail, notes, permit
from tests.contract.providers import BENCHES, FAULTS, Bench, Fault

__all__ = ["account", "notes", "permit"]  # fixtures


@pytest.fixture(params=sorted(BENCHES))
def bench(request: pytest.FixtureRequest) -> Bench:
    """Return each provider in turn."""
    return BENCHES[request.param](request)


def counted(pulled: list[int], numbers: range) -> Iterator[OutgoingMail]:
    """Yield messages and note which were asked for."""
    for number in numbers:
        pulled.append(number)
        yield mail(number)


def test_the_schema_says_what_it_is_and_hides_what_is_secret(bench: Bench) -> None:
    schema = bench.connector.schema
    assert schema.provider == bench.account.provider
    assert schema.channel == "email"
    assert schema.label
    assert schema.summary
    for one in schema.fields:
        assert one.is_secret == (one.kind == "secret"), one.name
        assert one.label
        assert (one.kind == "choice") == bool(one.choices)


def test_a_probe_says_that_all_is_well_and_sends_nothing(bench: Bench) -> None:
    found = bench.connector.probe(bench.account)
    assert found.is_ok
    assert found.message
    assert bench.taken() == []


def test_a_probe_of_a_broken_account_says_why(bench: Bench) -> None:
    for broken in bench.broken:
        found = bench.connector.probe(broken)
        assert not found.is_ok
        assert found.message


def test_each_message_has_one_receipt_in_order(bench: Bench, permit: Permit, notes: Notes) -> None:
    messages = [mail(number) for number in range(1, 13)]
    receipts = list(bench.connector.perform(permit, messages, account=bench.account, in_flight=notes))
    assert [one.delivery_id for one in receipts] == list(range(1, 13))
    assert {one.outcome for one in receipts} == {bench.good}
    assert {one.error for one in receipts} == {None}
    assert all(one.at.tzinfo is not None for one in receipts)
    assert bench.taken() == list(range(1, 13))


def test_what_leaves_is_noted_before_and_after(bench: Bench, permit: Permit, notes: Notes) -> None:
    list(bench.connector.perform(permit, [mail(1), mail(2)], account=bench.account, in_flight=notes))
    assert [(kind, number) for kind, number, _outcome in notes.entries] == [
        ("leaving", 1),
        ("answered", 1),
        ("leaving", 2),
        ("answered", 2),
    ]


def test_the_next_message_is_pulled_only_after_the_receipt_was_taken(
    bench: Bench, permit: Permit, notes: Notes
) -> None:
    """The gate compares the stop between two messages: a connector that reads ahead would send past it."""
    pulled: list[int] = []
    messages = counted(pulled, range(1, 4))
    receipts = bench.connector.perform(permit, messages, account=bench.account, in_flight=notes)
    for number in (1, 2, 3):
        next(receipts)
        assert pulled == list(range(1, number + 1))


def test_what_may_not_leave_any_more_is_held_back(bench: Bench, permit: Permit, notes: Notes) -> None:
    """The stop comes when a message is in hand: it has a receipt that says so, and nothing of it is taken or noted."""

    def messages() -> Iterator[OutgoingMail]:
        yield mail(1)
        notes.is_halted = True
        yield from (mail(2), mail(3))
        notes.is_halted = False
        yield mail(4)

    receipts = list(bench.connector.perform(permit, messages(), account=bench.account, in_flight=notes))
    held = (Outcome.HELD, Outcome.HELD)
    assert tuple(one.outcome for one in receipts) == (bench.good, *held, bench.good)
    assert {(one.error, one.message) for one in receipts if one.outcome is Outcome.HELD} == {(None, "")}
    assert bench.taken() == [1, 4]
    assert {number for _kind, number, _outcome in notes.entries} == {1, 4}


def test_it_stops_when_no_more_messages_come(bench: Bench, permit: Permit, notes: Notes) -> None:
    assert list(bench.connector.perform(permit, iter(()), account=bench.account, in_flight=notes)) == []
    assert bench.taken() == []


def test_it_stops_where_it_is_left(bench: Bench, permit: Permit, notes: Notes) -> None:
    pulled: list[int] = []
    receipts = bench.connector.perform(permit, counted(pulled, range(1, 9)), account=bench.account, in_flight=notes)
    next(receipts)
    next(receipts)
    receipts.close()  # type: ignore[attr-defined]
    assert (pulled, bench.taken()) == ([1, 2], [1, 2])
    assert not notes.open()


def test_a_permit_for_nothing_lets_nothing_out(bench: Bench, permit: Permit, notes: Notes) -> None:
    object.__setattr__(permit, "outbound_id", 0)
    pulled: list[int] = []
    with pytest.raises(Invalid):
        list(bench.connector.perform(permit, counted(pulled, range(1, 3)), account=bench.account, in_flight=notes))
    assert (pulled, bench.taken()) == ([], [])


def test_a_broken_account_fails_before_the_first_message_is_pulled(bench: Bench, permit: Permit, notes: Notes) -> None:
    for broken in bench.broken:
        pulled: list[int] = []
        with pytest.raises(ProviderError) as caught:
            list(bench.connector.perform(permit, counted(pulled, range(1, 3)), account=broken, in_flight=notes))
        assert caught.value.message
        assert caught.value.provider == bench.account.provider
        assert pulled == []
        assert notes.entries == []


def test_a_message_that_is_handed_over_twice_is_not_lost(bench: Bench, permit: Permit, notes: Notes) -> None:
    for _run in (1, 2):
        receipts = list(bench.connector.perform(permit, [mail(7)], account=bench.account, in_flight=notes))
        assert [one.outcome for one in receipts] == [bench.good]
    assert set(bench.taken()) == {7}


@pytest.mark.parametrize(
    ("provider", "fault"),
    [pytest.param(name, fault, id=f"{name}: {fault.name}") for name, faults in FAULTS.items() for fault in faults],
)
def test_each_refusal_is_named_and_the_others_go_on(
    request: pytest.FixtureRequest, permit: Permit, notes: Notes, provider: str, fault: Fault
) -> None:
    bench = BENCHES[provider](request)
    fault.arrange(bench.server)
    receipts = list(
        bench.connector.perform(permit, [mail(1), mail(2), mail(3)], account=bench.account, in_flight=notes)
    )
    refused = receipts[fault.number - 1]
    others = [one for one in receipts if one is not refused]
    assert (refused.outcome, refused.error, bool(refused.message)) == (fault.outcome, fault.error, True)
    assert issubclass(getattr(provider_errors, fault.error), ProviderError)
    assert [one.outcome for one in others] == [bench.good] * 2
    assert bench.taken() == [one.delivery_id for one in others]
    assert not notes.open()
    assert Outcome.UNKNOWN not in {one.outcome for one in receipts}
