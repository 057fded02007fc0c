"""A token is for one purpose and one delivery, and nobody can make one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lux.render import tokens

KEY = b"k" * 32
IDS = st.integers(0, 2**63 - 1)
PURPOSES = sorted(tokens.PURPOSES)


@given(IDS, st.sampled_from(PURPOSES), st.binary(min_size=16, max_size=32))
def test_a_token_reads_back(number: int, purpose: str, key: bytes):
    token = tokens.mint(key, purpose, number)
    assert tokens.read(key, purpose, token) == number
    assert len(token) == tokens.LENGTH
    assert token.replace("-", "").replace("_", "").isalnum()


@given(IDS)
def test_no_purpose_takes_anothers_token(number: int):
    for minted in PURPOSES:
        token = tokens.mint(KEY, minted, number)
        assert [purpose for purpose in PURPOSES if tokens.read(KEY, purpose, token) is not None] == [minted]


@given(IDS, st.integers(0, tokens.LENGTH - 1), st.sampled_from("ABCxyz019-_"))
def test_a_changed_letter_makes_it_worthless(number: int, index: int, letter: str):
    token = tokens.mint(KEY, tokens.CLICK, number)
    changed = token[:index] + letter + token[index + 1 :]
    assert tokens.read(KEY, tokens.CLICK, changed) == (number if changed == token else None)


def test_another_key_does_not_read_it():
    assert tokens.read(b"x" * 32, tokens.OPEN, tokens.mint(KEY, tokens.OPEN, 5)) is None


@pytest.mark.parametrize(
    "token",
    ["", "A" * 23, "A" * 24, "A" * 25, "ä" * 24, "=" * 24, " " * 24, "A" * 23 + "\n", "../../../etc/passwd/////"],
)
def test_nonsense_is_just_not_a_token(token: str):
    assert all(tokens.read(KEY, purpose, token) is None for purpose in PURPOSES)


def test_an_unknown_purpose_reads_nothing():
    assert tokens.read(KEY, "x", tokens.mint(KEY, tokens.OPEN, 5)) is None


def test_tokens_of_neighbours_do_not_look_alike():
    ends = {tokens.mint(KEY, tokens.OPEN, number)[-12:] for number in range(1000)}
    assert len(ends) == 1000
