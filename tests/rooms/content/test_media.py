"""The media library: pictures come in clean, are served to everybody, and are part of what is approved."""

from __future__ import annotations

import datetime as dt
import io
import re
import uuid
from dataclasses import replace

import pytest
from PIL import Image
from sqlalchemy import select

from lux.gate import reads
from lux.gate.reads import ItemState
from lux.identity.access import Role
from lux.kit import jobs
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import InvalidInput
from lux.net.storage import store_of
from lux.rooms.content.addresses import absolute, key_of, named_in
from lux.rooms.content.models import Media
from lux.rooms.content.service import Content, check, media
from lux.rooms.email import queries as campaigns
from tests.factories import Firm, Installation
from tests.rooms.email.campaigns import approve, draft, load, ready, submit


def picture(kind: str = "PNG", size: tuple[int, int] = (700, 300), colour: str = "#7c3aed") -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, colour).save(target, kind)
    return target.getvalue()


def upload(lux: Installation, firm: Firm, *files: tuple[bytes, str]) -> list[uuid.UUID]:
    """Upload through the page; returns the public ids, the latest first."""
    data = {"files": [(io.BytesIO(body), name) for body, name in (files or ((picture(), "Logo.png"),))]}
    answer = lux.client(firm).post("/templates/media", data=data)
    assert answer.status_code == 303, answer.text
    with lux.db.read(firm.id) as session:
        return list(session.scalars(select(Media.public_id).order_by(Media.id.desc())))


def record(lux: Installation, firm: Firm, public_id: uuid.UUID) -> Media:
    with lux.db.read(firm.id) as session:
        return session.scalars(select(Media).where(Media.public_id == public_id)).one()


def address(lux: Installation, firm: Firm, public_id: uuid.UUID) -> str:
    return f"/m/{public_id}/{record(lux, firm, public_id).files[0]['name']}"


def described(lux: Installation, firm: Firm, public_id: uuid.UUID, alt: str = "Our logo") -> str:
    with lux.db.begin(firm.id) as session:
        session.scalars(select(Media).where(Media.public_id == public_id)).one().alt = alt
    return address(lux, firm, public_id)


def test_an_upload_is_listed_shown_and_served(lux: Installation):
    firm = lux.firm()
    [public_id] = upload(lux, firm)
    client = lux.client(firm)
    listed = client.get("/templates/media").text
    assert "Logo" in listed
    assert "Needs alternative text" in listed
    shown = client.get(f"/templates/media/{public_id}").text
    assert "700 × 300" in shown
    served = client.get(re.search(r'src="(/m/[^"]+)"', shown)[1])
    assert served.status_code == 200
    assert Image.open(io.BytesIO(served.data)).size == (700, 300)


def test_everybody_gets_the_file_cached_for_good_and_as_nothing_but_a_picture(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    [public_id] = upload(lux_sqlite, firm, (picture("JPEG"), "a.png"))  # named wrongly on purpose
    path = address(lux_sqlite, firm, public_id)
    assert path.endswith("-700.jpg"), "what a file is decides its content, not its name"
    answer = lux_sqlite.client().get(path)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert "Set-Cookie" not in answer.headers
    assert "Vary" not in answer.headers
    again = lux_sqlite.client().get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    head = lux_sqlite.client().head(path)
    assert (head.headers["Content-Length"], head.data) == (answer.headers["Content-Length"], b"")
    assert "Vary" not in lux_sqlite.client(firm).get(path).headers, "who asks makes no difference"


LEADING_OUT = (
    "%2e%2e%2f%2e%2e%2fsecret.key", "%252e%252e%252fsecret.key", "..%2f..%2flux.db", "..%5c..%5clux.db",
    "../../../imports/secret.csv", "..%252f..%252flux.db", "%2fetc%2fpasswd", "a.jpg%00.png", "none", "a.svg",
    "0123456789abcdef01234567-700.html", "0123456789abcdef01234567-700.jpg/..", "%c0%ae%c0%ae%2flux.db",
)  # fmt: skip


def test_no_address_leads_out_of_the_library(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    [public_id] = upload(lux_sqlite, firm)
    (lux_sqlite.settings.home / "files" / "secret.key").write_text("the hidden words")
    client = lux_sqlite.client()
    for tail in LEADING_OUT:
        for folder in (str(public_id), "%2e%2e", "..", "%252e%252e"):
            answer = client.get(f"/m/{folder}/{tail}")
            assert answer.status_code == 404, (folder, tail)
            assert b"hidden words" not in answer.data


def test_what_is_no_picture_is_named_and_the_others_are_kept(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    assert len(upload(lux_sqlite, firm, (picture(), "good.png"), (svg, "bad.png"))) == 1
    refused = lux_sqlite.client(firm).post("/templates/media", data={"files": [(io.BytesIO(svg), "bad.png")]})
    assert refused.status_code == 422
    assert "bad.png: This is no picture that mails can show." in refused.text
    assert list(store_of(lux_sqlite.settings).list("media")), "the good one's file is there"
    nothing = lux_sqlite.client(firm).post("/templates/media", data={})
    assert nothing.status_code == 422
    assert "Choose a file." in nothing.text


def test_words_and_labels_are_kept_and_found(lux: Installation):
    firm = lux.firm()
    first, _second = upload(lux, firm, (picture(), "a.png"), (picture(colour="#000000"), "b.png"))
    client = lux.client(firm)
    data = {"name": "Lantern", "alt": "A red lantern", "labels": "Spring, Shop | window", "version": "1"}
    assert client.post(f"/templates/media/{first}", data=data).status_code == 303
    assert record(lux, firm, first).labels == "|shop window|spring|"
    for query in ("q=red", "q=LANTERN", "label=spring", "q=spring"):
        assert client.get(f"/templates/media?{query}").text.count("media-thumb") == 1, query
    assert client.get("/templates/media?label=spr").text.count("media-thumb") == 0
    stale = client.post(f"/templates/media/{first}", data=data)
    assert stale.status_code == 409
    assert "Somebody saved this picture" in stale.text


def test_a_viewer_looks_and_changes_nothing(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    [public_id] = upload(lux_sqlite, firm)
    viewer = lux_sqlite.client(lux_sqlite.member(firm.id, Role.VIEWER))
    assert "Upload" not in viewer.get("/templates/media").text.replace("Uploaded", "")
    assert viewer.get(f"/templates/media/{public_id}").status_code == 200
    assert viewer.post("/templates/media", data={}).status_code == 403
    assert viewer.post(f"/templates/media/{public_id}/trash").status_code == 403


def test_another_companys_pictures_are_not_there(lux: Installation):
    firm, other = lux.firm(), lux.firm()
    [public_id] = upload(lux, firm)
    assert lux.client(other).get(f"/templates/media/{public_id}").status_code == 404
    with lux.db.read(other.id) as session:
        found = check(session, Content(format="html", source=f'<img src="/m/{public_id}/{"0" * 24}-700.png" alt="">'))
    assert "media_missing" in {one.code for one in found}


def test_a_picture_without_words_can_not_be_sent(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    [public_id] = upload(lux_sqlite, firm)
    source = f'<p>x</p>\n<img src="{address(lux_sqlite, firm, public_id)}" alt="x">'
    with lux_sqlite.db.read(firm.id) as session:
        [silent] = [one for one in check(session, Content(format="html", source=source)) if one.code == "media_silent"]
    assert silent.line == 2
    described(lux_sqlite, firm, public_id)
    with lux_sqlite.db.read(firm.id) as session:
        assert "media_silent" not in {one.code for one in check(session, Content(format="html", source=source))}


def with_picture(lux: Installation, firm: Firm, path: str) -> uuid.UUID:
    from tests.rooms.email.campaigns import BODY

    return draft(lux, firm, source=BODY.replace("<p>Hi", f'<img src="{path}" alt="Our logo" width="600"><p>Hi', 1))


def test_mails_carry_the_whole_address_and_the_act_the_pictures_bytes(lux: Installation):
    firm = ready(lux)
    [public_id] = upload(lux, firm)
    path = described(lux, firm, public_id)
    campaign = with_picture(lux, firm, path)
    submit(lux, firm, campaign)
    with lux.db.read(firm.id) as session:
        item = campaigns.outbound_of(session, load(session, campaign)).item
    assert f"{lux.settings.base_url}{path}" in item.body["html"]
    [file] = record(lux, firm, public_id).files[:1]
    assert item.body["media"] == [{"key": key_of(public_id, file["name"]), "sha256": file["sha256"]}]
    approve(lux, firm, campaign)
    lux.work()
    with lux.db.read(firm.id) as session:
        assert campaigns.outbound_of(session, load(session, campaign)).item.state is ItemState.PUBLISHED


@pytest.mark.parametrize("is_gone", [False, True])
def test_changed_bytes_void_the_yes(lux: Installation, *, is_gone: bool):
    """The picture is changed behind LUX's back after the yes: nothing leaves, and a person is asked again."""
    firm = ready(lux)
    [public_id] = upload(lux, firm)
    path = described(lux, firm, public_id)
    campaign = with_picture(lux, firm, path)
    submit(lux, firm, campaign)
    approve(lux, firm, campaign)
    store, key = store_of(lux.settings), path.replace("/m/", "media/")
    if is_gone:
        store.delete(key)
    else:
        with store.open_write(key) as file:
            file.write(picture(colour="#ff0000"))
    lux.work()
    with lux.db.read(firm.id) as session:
        outbound = campaigns.outbound_of(session, load(session, campaign))
        assert outbound.item.state is ItemState.PENDING
        assert "is not what was approved" in outbound.reason
        assert reads.deliveries(session, outbound.id) == []
    with pytest.raises(InvalidInput, match="gone or damaged"):
        submit_again(lux, firm, campaign)


def submit_again(lux: Installation, firm: Firm, campaign: uuid.UUID) -> None:
    from lux.rooms.email import launch

    with lux.db.begin(firm.id) as session:
        launch.revise(session, load(session, campaign), editor=firm.person)


def test_the_bytes_are_part_of_the_hash(lux_sqlite: Installation):
    from lux.ports.acts import MediaFile, act_from
    from tests.gate.conftest import act

    plain = act(lux_sqlite.firm())
    first = replace(plain, media=(MediaFile(key="media/a", sha256="0" * 64),))
    second = replace(plain, media=(MediaFile(key="media/a", sha256="1" * 64),))
    assert len({plain.digest(), first.digest(), second.digest()}) == 3
    assert act_from(first.canonical()) == first
    old = plain.canonical()
    del old["media"]
    assert act_from(old) == plain, "acts of before there were pictures can be read"


def test_where_a_picture_stands_and_how_it_goes(lux: Installation):
    firm = ready(lux)
    [public_id] = upload(lux, firm)
    campaign = with_picture(lux, firm, described(lux, firm, public_id))
    client = lux.client(firm)
    shown = client.get(f"/templates/media/{public_id}").text
    assert f"/campaigns/{campaign}" in shown
    assert "one place" in shown
    assert client.post(f"/templates/media/{public_id}/trash").status_code == 303
    assert str(public_id) not in client.get("/templates/media").text
    shown = client.get(f"/templates/media/{public_id}").text
    address = next(one for one in re.findall(r'src="(/m/[^"]+)"', shown))
    assert client.get(address).status_code == 200, "what shows it shows it still"
    removing = client.post("/trash/media/remove", data={"ids": str(public_id), "confirmation": "1"})
    assert removing.status_code == 422
    assert "Messages show it." in removing.text
    assert client.post(f"/templates/media/{public_id}/restore").status_code == 303
    assert str(public_id) in client.get("/templates/media").text


def test_a_picture_that_stands_nowhere_goes_with_its_files(lux: Installation):
    firm = lux.firm()
    [public_id] = upload(lux, firm)
    client = lux.client(firm)
    assert client.post(f"/templates/media/{public_id}/trash").status_code == 303
    assert list(store_of(lux.settings).list("media")) != []
    assert client.post("/trash/media/remove", data={"ids": str(public_id), "confirmation": "1"}).status_code == 303
    assert client.get(f"/templates/media/{public_id}").status_code == 404
    lux.work()
    assert list(store_of(lux.settings).list("media")) == []


def test_the_files_of_a_removed_company_are_known(lux_sqlite: Installation):
    from lux.ports.contributions import installed

    firm = lux_sqlite.firm()
    upload(lux_sqlite, firm)
    with lux_sqlite.db.read(firm.id) as session:
        keys = [key for owner in installed().file_owners for key in owner.file_keys(session, firm.id)]
    assert sorted(keys) == list(store_of(lux_sqlite.settings).list("media"))


def test_only_our_own_addresses_are_ours():
    name = f"{'a' * 24}-600.jpg"
    ours = f"/m/00000000-0000-7000-8000-000000000000/{name}"
    base = "https://lux.example.com"
    text = f'<img src="{ours}"> url({ours}) <img src="{base}{ours}"> <img src="https://other.example{ours}"> x{ours}'
    assert len(list(named_in(text, base))) == 1
    assert list(named_in(f"https://other.example{ours}", base)) == []
    assert absolute(text, base).count(f"{base}/m/") == 3
    assert absolute(text, "") == text


def test_files_whose_upload_was_undone_go_after_a_day_and_no_others(lux: Installation):
    firm = lux.firm()
    [kept] = upload(lux, firm)
    store = store_of(lux.settings)
    milliseconds = int((dt.datetime.now(dt.UTC) - dt.timedelta(days=1, hours=1)).timestamp() * 1000)
    lost = key_of(uuid.UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62 | 1), "lost.png")  # its transaction failed
    with store.open_write(lost) as file:
        file.write(picture())
    fresh = media.take(store, io.BytesIO(picture()), "fresh.png")  # its transaction is still open
    with store.open_write("media/readme.txt") as file:  # not ours
        file.write(b"x")
    before = set(store.list("media"))
    with lux.db.begin(ALL_COMPANIES) as session:
        jobs.enqueue(session, "content.drop_strays", {}, company_id=None)
    lux.work()
    assert before - set(store.list("media")) == {lost}
    assert lux.client(firm).get(address(lux, firm, kept)).status_code == 200
    assert any(str(fresh.public_id) in key for key in store.list("media"))
