"""The media library through the API: add a picture, describe it, see where it stands, throw it away, bring it back."""

from __future__ import annotations

import io
import uuid
from typing import Any

import pytest
from PIL import Image

from lux.identity.api_keys import Scope
from lux.net.storage import store_of
from lux.ui.api import reading
from tests.callers import Caller
from tests.factories import Installation
from tests.rooms.content.test_media import picture, with_picture
from tests.rooms.email.campaigns import ready


@pytest.fixture
def shop(lux: Installation) -> Caller:
    return Caller(lux, lux.firm())


@pytest.fixture
def small(lux_sqlite: Installation) -> Caller:
    """Return a caller where the database makes no difference."""
    return Caller(lux_sqlite, lux_sqlite.firm())


def upload(shop: Caller, body: bytes = b"", *, expect: int = 201, key: str = "", **fields: Any) -> Any:
    data = {"file": (io.BytesIO(body or picture()), "Our logo.png"), **fields}
    headers = {"Idempotency-Key": key} if key else {}
    return shop.ask("POST", "/media", data=data, expect=expect, headers=headers)


def test_a_picture_is_added_read_listed_and_seen_by_everybody(shop: Caller) -> None:
    made = upload(shop, alt="A red lantern", labels=["Spring", "shop window"]).json
    assert (made["name"], made["alt"], made["is_ready"]) == ("Our logo", "A red lantern", True)
    assert made["labels"] == ["shop window", "spring"]
    assert shop.ask("GET", f"/media/{made['id']}").json == made
    for query in ("", "?q=LANTERN", "?label=spring", "?label=Spring", "?q=window"):
        assert [one["id"] for one in shop.ask("GET", f"/media{query}").json["data"]] == [made["id"]], query
    assert shop.ask("GET", "/media?label=spr").json["data"] == []
    [file] = [one for one in made["files"] if one["width"] == 700]
    served = shop.lux.client().get("/" + file["url"].split("/", 3)[3])
    assert (served.mimetype, len(served.data)) == (file["type"], file["size"])
    assert Image.open(io.BytesIO(served.data)).size == (700, 300)


def test_the_library_is_walked_page_by_page(small: Caller) -> None:
    made = [upload(small, picture(colour=f"#{number}00000")).json["id"] for number in range(3)]
    first = small.ask("GET", "/media?limit=2&q=logo").json
    second = small.ask("GET", first["next"]).json
    assert [one["id"] for one in first["data"] + second["data"]] == made[::-1]
    assert second["next"] is None


def test_words_are_changed_and_the_rest_stays(shop: Caller) -> None:
    made = upload(shop, labels=["spring"]).json
    assert made["is_ready"] is False
    path = f"/media/{made['id']}"
    changed = shop.ask("PATCH", path, json={"alt": "A lantern", "version": made["version"]})
    assert changed.headers["ETag"] == f'"{made["version"] + 1}"'
    assert changed.json == {**made, "alt": "A lantern", "is_ready": True, "version": made["version"] + 1}
    assert shop.ask("PATCH", path, json={"alt": "x", "version": made["version"]}, expect=409).json["code"] == (
        "version_conflict"
    )
    shop.ask("PATCH", path, json={"alt": "x"}, headers={"If-Match": '"1"'}, expect=412)
    two_lines = shop.ask("PATCH", path, json={"alt": "two\nlines"}, expect=422)
    assert two_lines.json["errors"][0]["field"] == "alt"


def test_a_picture_goes_to_the_trash_and_back_and_what_shows_it_shows_it_still(lux: Installation) -> None:
    """As on its page: nothing is lost, its files stay, and the trash names the program that threw it away."""
    shop = Caller(lux, ready(lux))
    made = upload(shop, alt="Our logo").json
    campaign = with_picture(lux, shop.firm, made["files"][0]["url"].removeprefix(lux.settings.base_url))
    [use] = shop.ask("GET", f"/media/{made['id']}/uses").json["data"]
    assert use["url"] == f"{lux.settings.base_url}/campaigns/{campaign}"
    path = f"/media/{made['id']}"
    for _again in range(2):
        assert shop.ask("DELETE", path, expect=204).data == b""
    lux.work()
    listed = [shop.ask("GET", query).json["data"] for query in ("/media", "/media?trashed=true")]
    assert [[one["id"] for one in found] for found in listed] == [[], [made["id"]]]
    assert shop.ask("GET", path).json["trashed_at"] is not None
    assert lux.client().get("/" + made["files"][0]["url"].split("/", 3)[3]).status_code == 200
    refused = shop.ask("PATCH", path, json={"alt": "x"}, expect=409).json
    assert refused["code"] == "wrong_state"
    assert "a program" in lux.client(shop.firm).get("/trash/media").text
    back = shop.ask("POST", f"{path}/restore").json
    assert back == {**made, "version": made["version"] + 2}
    assert [one["id"] for one in shop.ask("GET", "/media").json["data"]] == [made["id"]]


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        ({}, 422, "file"),
        ({"file": (io.BytesIO(b"<svg/>"), "a.png")}, 422, "file"),
        ({"file": (io.BytesIO(b""), "a.png")}, 422, "file"),
        ({"file": (io.BytesIO(picture()), "a.png"), "colour": "red"}, 422, "colour"),
        ({"file": (io.BytesIO(picture()), "a.png"), "alt": "x" * 301}, 422, "alt"),
        ({"file": [(io.BytesIO(picture()), "a.png"), (io.BytesIO(picture()), "b.png")]}, 422, "file"),
        ({"picture": (io.BytesIO(picture()), "a.png")}, 422, "picture"),
    ],
)
def test_what_can_not_be_used_is_named_and_nothing_is_kept(
    small: Caller, sent: dict[str, Any], status: int, field: str
) -> None:
    refused = small.ask("POST", "/media", data=sent, content_type="multipart/form-data", expect=status)
    assert [one["field"] for one in refused.json["errors"]] == [field]
    assert small.ask("GET", "/media").json["data"] == []
    assert list(store_of(small.lux.settings).list("media")) == []


def test_other_bodies_and_too_large_ones_are_refused(small: Caller) -> None:
    assert "multipart" in small.post("/media", {"alt": "x"}, expect=415).json["title"]
    large, kind = b"\0" * (reading.MAX_FILE + 1), "multipart/form-data; boundary=x"
    assert small.ask("POST", "/media", data=large, content_type=kind, expect=413).json["code"] == "too_large"


def test_a_repeated_upload_is_one_picture(small: Caller) -> None:
    """The boundary between the parts is another one each time: the fields and the file's bytes are compared."""
    first = upload(small, alt="Logo", key="a")
    again = upload(small, alt="Logo", key="a")
    assert (again.json, again.headers["Idempotent-Replayed"]) == (first.json, "true")
    assert upload(small, alt="Another", key="a", expect=422).json["code"] == "idempotency_mismatch"
    assert upload(small, picture(colour="#000000"), alt="Logo", key="a", expect=422).json["code"] == (
        "idempotency_mismatch"
    )
    assert len(small.ask("GET", "/media").json["data"]) == 1


def test_a_reader_changes_nothing_and_another_company_sees_nothing(small: Caller) -> None:
    made = upload(small).json
    reader = Caller(small.lux, small.firm, Scope.MEDIA_READ)
    assert reader.ask("GET", f"/media/{made['id']}").json == made
    reader.ask("DELETE", f"/media/{made['id']}", expect=403)
    reader.ask("POST", f"/media/{made['id']}/restore", expect=403)
    upload(reader, expect=403)
    other = Caller(small.lux, small.lux.firm())
    for method, path in (("GET", ""), ("GET", "/uses"), ("DELETE", ""), ("POST", "/restore")):
        other.ask(method, f"/media/{made['id']}{path}", expect=404)
    other.ask("GET", f"/media/{uuid.uuid4()}", expect=404)
