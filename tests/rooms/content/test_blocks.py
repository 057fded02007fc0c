"""Blocks: named in messages, put in before the yes, and never able to change what was approved."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from lux.identity.access import Role
from lux.render.problems import TemplateProblem
from lux.rooms.content.models import Block
from lux.rooms.content.parts import Part, expand, named_in
from lux.rooms.content.service import Content, check, composed
from lux.rooms.content.starters.blocks import READY_MADE
from lux.rooms.email import queries as campaigns
from tests.factories import Firm, Installation
from tests.rooms.email.campaigns import BODY, approve, draft, load, ready, submit

SECTION = "<mj-section><mj-column><mj-text>Regards, {{ company.name }}</mj-text></mj-column></mj-section>"


def values(**changes: str) -> dict[str, str]:
    return {"key": "farewell", "name": "Farewell", "format": "mjml", "source": SECTION, "version": "1", **changes}


def made(lux: Installation, firm: Firm, **changes: str) -> uuid.UUID:
    answer = lux.client(firm).post("/templates/blocks/new", data=values(**changes))
    assert answer.status_code == 303, answer.text
    with lux.db.read(firm.id) as session:
        return session.scalars(select(Block.public_id).order_by(Block.id.desc())).first()


def parts(**sources: str) -> dict[str, Part]:
    return {key.replace("_", "-"): Part(format="html", source=source) for key, source in sources.items()}


def test_a_block_takes_the_place_of_its_tag():
    blocks = parts(sign_off="<p>Bye</p>\n  <p>{% render 'name' %}</p>", name="Ada")
    source = 'a\n{% render "sign-off" %}\n{%- render  "name" -%}\nb'
    assert expand(source, blocks, format="html") == "a\n<p>Bye</p> <p>Ada</p>\nAda\nb"
    assert named_in(source) == {"sign-off", "name"}


@given(st.lists(st.sampled_from(["x", "{% render 'many' %}", "{{ y }}", "\n"]), max_size=12))
def test_the_lines_of_the_message_stay_those_of_its_author(pieces: list[str]):
    source = "".join(pieces)
    filled = expand(source, parts(many="a\nb\n\nc"), format="html")
    assert filled.count("\n") == source.count("\n")
    assert "render" not in filled


@pytest.mark.parametrize(
    ("source", "blocks", "words"),
    [
        ("a\n{% render 'gone' %}", parts(), "There is no block “gone”."),
        ("a\n{% render 'outer' %}", parts(outer="{% render 'gone' %}"), "“outer” names “gone”, which does not exist"),
        ("a\n{% render 'a' %}", parts(a="{% render 'b' %}", b="{% render 'a' %}"), "a → b → a"),
        ("a\n{% render 'a' %}", parts(a="{% render 'a' %}"), "a → a"),
        ("a\n{% render name %}", parts(), "names no block"),
        ("a\n{% render 'a', x: 1 %}", parts(a="x"), "names no block"),
        ("a\n{% render '../secret' %}", parts(), "names no block"),
        ("a\n{% render 'm' %}", {"m": Part(format="mjml", source="x")}, "is written in MJML"),
        ("a\n{% render 'big' %}", parts(big="x" * 450_000), "too large"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(source: str, blocks: dict[str, Part], words: str):
    with pytest.raises(TemplateProblem, match=words) as problem:
        expand(source, blocks, format="html")
    assert problem.value.line == 2
    assert problem.value.tag.startswith("{% render")


def test_blocks_that_multiply_are_stopped():
    blocks = parts(a="{% render 'b' %}" * 60, b="{% render 'c' %}" * 60, c="{% render 'd' %}" * 60, d="x" * 50_000)
    with pytest.raises(TemplateProblem, match="too large"):
        expand("{% render 'a' %}", blocks, format="html")


def test_a_near_name_is_offered():
    with pytest.raises(TemplateProblem) as problem:
        expand("{% render 'foter' %}", parts(footer="x"), format="html")
    assert "footer" in problem.value.fix


def test_a_block_is_made_named_and_used(lux: Installation):
    firm = lux.firm("Ada & Sons")
    public_id = made(lux, firm)
    source = '<mjml><mj-body>{% render "farewell" %}</mj-body></mjml>'
    with lux.db.read(firm.id) as session:
        message = composed(session, Content(source=source))
        assert "Regards, Ada &amp; Sons" in message.html
        assert "Regards, Ada & Sons" in message.text
        missing = check(session, Content(source=source.replace("farewell", "farewel")))
    assert missing[0].line == 1
    assert "farewell" in missing[0].fix
    assert "Regards" in lux.client(firm).get(f"/templates/blocks/{public_id}/frame").text


def test_a_broken_block_and_a_taken_key_are_refused_and_nothing_typed_is_lost(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    client = lux_sqlite.client(firm)
    made(lux_sqlite, firm)
    for changes, words in (
        ({"key": "other", "source": "<mj-sectio></mj-sectio>"}, "There is no MJML element"),
        ({"key": "other", "source": "{% if x %}"}, "endif"),
        ({"key": "other", "source": "{% render 'other' %}"}, "lead back to themselves"),
        ({}, "Another block is named so."),
        ({"key": "Not a key"}, "key"),
    ):
        refused = client.post("/templates/blocks/new", data=values(**changes))
        assert refused.status_code == 422, changes
        assert words in refused.text
        assert "Farewell" in refused.text


def test_editing_a_block_changes_nothing_that_was_approved(lux: Installation):
    firm = ready(lux)
    public_id = made(lux, firm, format="html", source="<p>The first words</p>")
    campaign = draft(lux, firm, source=BODY.replace("<p>Hi", "{% render 'farewell' %}<p>Hi", 1))
    submit(lux, firm, campaign)
    client = lux.client(firm)
    shown = client.get(f"/templates/blocks/{public_id}").text
    assert "One message or block uses this." in shown
    assert f"/campaigns/{campaign}" in shown
    changed = values(format="html", source="<p>Other words</p>")
    assert client.post(f"/templates/blocks/{public_id}", data=changed).status_code == 303
    with lux.db.read(firm.id) as session:
        item = campaigns.outbound_of(session, load(session, campaign)).item
        assert "The first words" in item.body["html"]
        assert "render" not in item.body["html"]
    approve(lux, firm, campaign)
    lux.work()
    with lux.db.read(firm.id) as session:
        assert campaigns.outbound_of(session, load(session, campaign)).item.state.value == "published"


def test_a_block_in_use_keeps_its_key(lux_sqlite: Installation):
    firm = ready(lux_sqlite)
    public_id = made(lux_sqlite, firm, format="html", source="<p>x</p>")
    draft(lux_sqlite, firm, source="<p class='farewell'>{% render 'farewell' %}</p>")
    draft(lux_sqlite, firm, source="<p class='farewell'>the word alone is no use</p>")
    client = lux_sqlite.client(firm)
    renamed = client.post(f"/templates/blocks/{public_id}", data=values(key="other", format="html", source="<p>x</p>"))
    assert renamed.status_code == 422
    assert "its key can’t change" in renamed.text.replace("&#39;", "’").replace("'", "’")


def test_a_block_in_the_trash_is_in_no_message_and_keeps_its_key(lux_sqlite: Installation):
    firm = ready(lux_sqlite)
    public_id = made(lux_sqlite, firm, format="html", source="<p>x</p>")
    client = lux_sqlite.client(firm)
    assert client.post(f"/templates/blocks/{public_id}/trash").status_code == 303
    assert str(public_id) not in client.get("/templates/blocks").text
    assert "This block is in the trash." in client.get(f"/templates/blocks/{public_id}").text
    taken = client.post("/templates/blocks/new", data=values(key="farewell", format="html", source="<p>y</p>"))
    assert "A block in the trash is named so." in taken.text
    assert client.post(f"/templates/blocks/{public_id}", data=values(key="farewell")).status_code in {409, 422}
    assert client.post(f"/templates/blocks/{public_id}/restore").status_code == 303
    assert str(public_id) in client.get("/templates/blocks").text


def test_ready_made_blocks_are_taken_once_each(lux: Installation):
    firm = lux.firm()
    client = lux.client(firm)
    for one in READY_MADE:
        assert client.post(f"/templates/blocks/take/{one.key}").status_code == 303
        assert client.get(f"/templates/blocks/ready/{one.key}/frame").status_code == 200
    listed = client.get("/templates/blocks").text
    assert listed.count("{% render") == len(READY_MADE)
    assert "Take it" not in listed
    assert client.post("/templates/blocks/take/none").status_code == 404


def test_a_viewer_and_other_companies(lux_sqlite: Installation):
    firm, other = lux_sqlite.firm(), lux_sqlite.firm()
    public_id = made(lux_sqlite, firm)
    viewer = lux_sqlite.client(lux_sqlite.member(firm.id, Role.VIEWER))
    assert viewer.get(f"/templates/blocks/{public_id}").status_code == 200
    assert viewer.post(f"/templates/blocks/{public_id}", data=values()).status_code == 403
    assert lux_sqlite.client(other).get(f"/templates/blocks/{public_id}").status_code == 404
    with lux_sqlite.db.read(other.id) as session:
        found = composed(session, Content(source='<mjml><mj-body>{% render "farewell" %}</mj-body></mjml>'))
    assert found.problems, "a block of another company is not there"
