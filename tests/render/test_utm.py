"""UTM parameters break no link: not its parameters, not its fragment, and none that is LUX's own."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lux.render.links import collect_links
from lux.render.utm import tagged, with_utm

UTM = {"utm_source": "tide", "utm_medium": "email", "utm_campaign": "spring & sun"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/x", "https://a.example/x?utm_source=tide&utm_medium=email&utm_campaign=spring+%26+sun"),
        ("https://a.example?b=1#top", "https://a.example?b=1&utm_source=tide&utm_medium=email&utm_campaign=spring+%26+sun#top"),
        ("https://a.example/?utm_source=own&q=%C3%A4;b", "https://a.example/?utm_source=own&q=%C3%A4;b&utm_medium=email&utm_campaign=spring+%26+sun"),
    ],
)  # fmt: skip
def test_parameters_come_behind_what_is_there(url: str, expected: str) -> None:
    assert tagged(url, UTM) == expected
    assert tagged(expected, UTM) == expected


@given(
    query=st.text(alphabet="ab=&%20;+", max_size=12),
    fragment=st.text(alphabet="ab/?=-", max_size=6),
)
def test_what_was_there_is_still_there(query: str, fragment: str) -> None:
    before = urlsplit(f"https://a.example/p?{query}#{fragment}")
    after = urlsplit(tagged(before.geturl(), UTM))
    assert (after.scheme, after.netloc, after.path, after.fragment) == (*before[:3], before.fragment)
    assert after.query.startswith(before.query)
    assert dict(parse_qsl(after.query)).items() >= UTM.items()


def test_only_fixed_web_links_are_touched() -> None:
    source = (
        '<a href="https://a.example/?x=1&amp;y=2#z">a</a><a href="mailto:me@a.example">m</a><a href="#top">t</a>'
        '<a href="{{ unsubscribe_url }}">u</a><a href="{{ view_url }}">v</a><a href="https://a.example/{{ id }}">i</a>'
        "<a href=https://b.example/q>b</a>"
    )
    made = with_utm(source, UTM)
    assert [link.url for link in collect_links(made).links] == [
        "https://a.example/?x=1&y=2&utm_source=tide&utm_medium=email&utm_campaign=spring+%26+sun#z",
        "https://b.example/q?utm_source=tide&utm_medium=email&utm_campaign=spring+%26+sun",
    ]
    for kept in (
        "mailto:me@a.example",
        "#top",
        "{{ unsubscribe_url }}",
        "{{ view_url }}",
        "https://a.example/{{ id }}",
    ):
        assert f'"{kept}"' in made
