"""Every room has tests and a page that says what it is for."""

from __future__ import annotations

from tests.house import sources


def test_every_room_has_tests():
    without = [
        room for room in sources.rooms() if not list((sources.ROOT / "tests" / "rooms" / room).glob("test_*.py"))
    ]
    assert not without


def test_every_room_has_a_page_in_the_docs():
    pages = {path.stem for path in (sources.ROOT / "docs" / "rooms").glob("*.md")}
    assert not [room for room in sources.rooms() if room not in pages]


def test_no_page_or_folder_is_left_of_a_room_that_is_gone():
    known = set(sources.rooms())
    pages = {path.stem for path in (sources.ROOT / "docs" / "rooms").glob("*.md")}
    assert not known or pages <= known
