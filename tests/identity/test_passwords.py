"""Which passwords are good enough, and how they are kept."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lux.identity import passwords
from lux.kit.errors import InvalidInput

CONTEXT = ["maria.lopez@acme.example", "María López", "Acme Rockets GmbH"]


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "Password123!",
        "P@ssw0rd2024",
        "1234567890",
        "0987654321ab",
        "qwertyuiop",
        "qwertzuiop12",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "passwordpassword",
        "84729105731",
        "correct horse battery staple",
        "Acme2024!!",
        "maria.lopez1",
        "AcmeRockets-1999",
        "summer2024!!",
        "l3tm31n!!!!!",
        "x" * 300,
    ],
)
def test_a_weak_password_is_refused_and_the_field_is_named(password: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        passwords.check_password(password, context=CONTEXT)
    assert refused.value.field == "password"
    assert refused.value.fix


@pytest.mark.parametrize(
    "password",
    [
        "mauve otter sings 9",
        "kT9$mmQx2p",
        "jörg-müller-straße",
        "ظهر الخير يا صديقي",
        "maria.lopez-xkdyqz",
    ],
)
def test_a_good_password_passes(password: str) -> None:
    passwords.check_password(password, context=CONTEXT)


def test_every_word_of_the_list_is_refused_with_a_number_behind_it() -> None:
    words = [word for word in passwords.common_words() if len(word) >= 6]
    assert len(words) > 400
    for word in words:
        with pytest.raises(InvalidInput):
            passwords.check_password(f"{word.capitalize()}2024!")


def test_the_same_letters_typed_on_another_keyboard_fit() -> None:
    composed, decomposed = "caf\u00e9 au lait 77", "cafe\u0301 au lait 77"
    assert passwords.verify_password(passwords.hash_password(composed), decomposed)


def test_a_wrong_password_and_a_missing_one_do_not_fit() -> None:
    stored = passwords.hash_password("mauve otter sings 9")
    assert stored.startswith("$argon2id$")
    assert not passwords.verify_password(stored, "mauve otter sings 8")
    assert not passwords.verify_password(None, "nobody has this password")
    assert not passwords.verify_password("not a hash", "mauve otter sings 9")
    assert not passwords.needs_rehash(stored)


def test_a_crowd_at_the_door_is_hashed_two_at_a_time(monkeypatch: pytest.MonkeyPatch):
    at_once, most, lock = 0, 0, threading.Lock()

    class Slow:
        def verify(self, _kept, _password):
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            time.sleep(0.02)
            with lock:
                at_once -= 1

    monkeypatch.setattr(passwords, "_hasher", Slow())
    with ThreadPoolExecutor(8) as crowd:
        assert all(crowd.map(lambda _: passwords.verify_password("kept", "violet harbour 27"), range(16)))
    assert most == 2
