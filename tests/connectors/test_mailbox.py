"""The built-in mailbox keeps what it is handed and never claims to have sent it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lux.connectors import mailbox
from lux.connectors.mailbox import MailboxConnector, path_of
from lux.ports import provider_errors
from lux.ports.connector import Account
from lux.ports.permits import Permit
from lux.ports.receipts import Outcome
from tests.connectors.conftest import Notes, mail


def box(folder: Path | None) -> Account:
    return Account(provider="mailbox", public_id="", config={}, folder=folder)


def test_every_message_becomes_a_file_and_is_called_captured(tmp_path: Path, permit: Permit, notes: Notes):
    messages = [mail(number, body=b"\xff.\r\n.") for number in (1, 2, 1_000_000)]
    receipts = list(MailboxConnector().perform(permit, messages, account=box(tmp_path), in_flight=notes))
    assert [receipt.outcome for receipt in receipts] == [Outcome.CAPTURED] * 3
    assert all(receipt.error is None for receipt in receipts)
    for message in messages:
        assert path_of(tmp_path, message.delivery_id).read_bytes() == message.message
    assert not notes.open()


def test_keeping_a_message_twice_leaves_one_whole_file(tmp_path: Path, permit: Permit, notes: Notes):
    for body in (b"first and longer", b"second"):
        list(MailboxConnector().perform(permit, [mail(7, body=body)], account=box(tmp_path), in_flight=notes))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [path_of(tmp_path, 7)]
    assert files[0].read_bytes().endswith(b"second\r\n")


def test_messages_are_pulled_one_at_a_time(tmp_path: Path, permit: Permit, notes: Notes):
    pulled: list[int] = []
    messages = (pulled.append(number) or mail(number) for number in (1, 2, 3))
    receipts = MailboxConnector().perform(permit, messages, account=box(tmp_path), in_flight=notes)
    next(receipts)
    assert pulled == [1]


def test_a_disk_that_becomes_full_loses_no_message(tmp_path: Path, permit: Permit, notes: Notes, monkeypatch):
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    receipts = MailboxConnector().perform(permit, [mail(1), mail(2), mail(3)], account=box(tmp_path), in_flight=notes)
    assert next(receipts).outcome is Outcome.CAPTURED
    monkeypatch.setattr(mailbox, "keep", full)
    second = next(receipts)
    assert (second.outcome, second.error) == (Outcome.RETRY, "Transient")
    with pytest.raises(provider_errors.Transient, match="No space left"):
        next(receipts)
    assert not notes.open(), "nobody has to wonder whether it was kept"


def test_without_a_folder_nothing_is_taken(permit: Permit, notes: Notes):
    with pytest.raises(provider_errors.Invalid):
        list(MailboxConnector().perform(permit, [mail(1)], account=box(None), in_flight=notes))


def test_the_probe_says_whether_the_folder_can_be_written(tmp_path: Path):
    assert MailboxConnector().probe(box(tmp_path / "new")).is_ok
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert not MailboxConnector().probe(box(blocked / "below")).is_ok
