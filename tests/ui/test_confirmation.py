"""Typing a number or a name before something that can't be undone."""

from __future__ import annotations

import pytest

from lux.kit.errors import InvalidInput
from lux.ui import confirmation


@pytest.mark.parametrize("typed", ["12408", "12,408", "12.408", " 12 408 ", "12’408"])
def test_a_number_may_be_typed_with_its_separators(typed):
    assert confirmation.matches(typed, 12408)


@pytest.mark.parametrize("typed", ["", "12407", "124080", "12408 people", "yes", "-12408"])
def test_another_number_is_refused(typed):
    assert not confirmation.matches(typed, 12408)


@pytest.mark.parametrize(
    ("typed", "same"), [("Example & Sons", True), (" Example & Sons ", True), ("example & sons", False), ("", False)]
)
def test_a_name_is_typed_as_it_is(typed, same):
    assert confirmation.matches(typed, "Example & Sons") is same


def test_a_wrong_word_names_the_field_and_the_fix():
    with pytest.raises(InvalidInput) as refused:
        confirmation.require("no", 7)
    assert refused.value.field == "confirmation"
    assert "7" in refused.value.fix
