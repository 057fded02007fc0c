"""The plain text follows the content until somebody writes it by hand; then it says how it differs."""

from __future__ import annotations

from lux.rooms.content import queries
from lux.rooms.content.service import Content, composed, text_part
from tests.factories import Installation
from tests.rooms.content.test_pages import MJML, make, written

LINKED = (
    '<html><body><p>Hello {{ first_name }}, <a href="https://shop.example.com/a">the lamps</a></p>'
    '<p><a href="https://shop.example.com/b">https://shop.example.com/b</a></p></body></html>'
)


def test_links_are_readable_and_said_once(lux_sqlite: Installation):
    with lux_sqlite.db.read(lux_sqlite.firm().id) as session:
        made = text_part(session, Content(format="html", source=LINKED))
    assert made is not None
    assert "the lamps [1]\n\n[1] https://shop.example.com/a" in made.made
    assert made.made.count("https://shop.example.com/b") == 1


def test_a_text_that_nobody_changed_follows_the_content(lux: Installation):
    firm = lux.firm()
    client, public_id = lux.client(firm), make(lux, firm, starter="")
    with lux.db.read(firm.id) as session:
        made = text_part(session, Content(source=MJML))
    assert made is not None
    assert "Hello {{ first_name }}" in made.made
    client.post(f"/templates/{public_id}/edit", data=written(text=made.made))
    with lux.db.read(firm.id) as session:
        template = queries.template(session, firm.id, public_id)
        assert template.text == "", "it is made again when the content changes"


def test_a_text_written_by_hand_is_kept_and_marked(lux: Installation):
    firm = lux.firm()
    client, public_id = lux.client(firm), make(lux, firm, starter="")
    client.post(f"/templates/{public_id}/edit", data=written(text="Dear {{ first_name }}"))
    with lux.db.read(firm.id) as session:
        assert queries.template(session, firm.id, public_id).text == "Dear {{ first_name }}"
    page = client.get(f"/templates/{public_id}/edit").text
    assert "Written by hand" in page
    assert "Dear {{ first_name }}</ins>" in page
    assert "Hello {{ first_name }}</del>" in page
    part = client.post("/templates/text-part", data=written(text="")).text
    assert "Follows the content" in part
    broken = client.post("/templates/text-part", data=written(source="<mjml>")).text
    assert "as soon as the content can be compiled" in broken


def test_the_text_is_never_empty(lux_sqlite: Installation):
    source = '<html><body><img src="https://example.com/a.png" alt=""></body></html>'
    with lux_sqlite.db.read(lux_sqlite.firm().id) as session:
        assert composed(session, Content(format="html", source=source)).text.strip() == "{{ view_url }}"
