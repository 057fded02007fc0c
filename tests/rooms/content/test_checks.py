"""What is said about a message: the author's own lines, one way to mend each thing, nothing twice."""

from __future__ import annotations

import pytest

from lux.render.findings import Severity
from lux.rooms.contacts.models import CustomField, FieldType
from lux.rooms.content import service
from lux.rooms.content.service import Content
from tests.factories import Firm, Installation

HEAD = '<!doctype html><html lang="en"><body>'
DUTIES = '<a href="{{ unsubscribe_url }}">off</a> {{ postal_address }}'


@pytest.fixture
def firm(lux_sqlite: Installation) -> Firm:
    return lux_sqlite.firm()


def check(lux: Installation, firm: Firm, **values: str) -> dict[str, tuple[Severity, str, int | None, str]]:
    content = Content(**{"format": "html", "subject": "News", "preview_text": "More", **values})
    with lux.db.read(firm.id) as session:
        found = service.check(session, content)
    return {one.code: (one.severity, one.field, one.line, one.fix) for one in found}


def test_a_good_message_leaves_nothing_to_say(lux_sqlite: Installation, firm: Firm):
    assert check(lux_sqlite, firm, source=f'{HEAD}<p>Hello {{{{ first_name | default: "you" }}}}</p>{DUTIES}') == {}


@pytest.mark.parametrize("part", ["subject", "preview_text", "source", "text"])
def test_broken_liquid_is_found_in_every_part(lux_sqlite: Installation, firm: Firm, part: str):
    values = {"source": f"<p>x</p>{DUTIES}", part: "one line\n{{ first_name"}
    values[part] = values[part].replace("\n", " ") if part in {"subject", "preview_text"} else values[part]
    severity, field, line, _fix = check(lux_sqlite, firm, **values)["template_problem"]
    assert (severity, field) == (Severity.ERROR, part)
    assert line == (1 if part in {"subject", "preview_text"} else 2)


def test_an_unknown_field_is_named_with_the_authors_line(lux_sqlite: Installation, firm: Firm):
    source = f"<p>x</p>\n\n<p>{{{{ brand.colour }}}}</p>{DUTIES}"
    severity, field, line, fix = check(lux_sqlite, firm, source=source)["field_unknown"]
    assert (severity, field, line) == (Severity.ERROR, "source", 3)
    assert "brand." in fix


def test_own_fields_are_known_by_their_key(lux_sqlite: Installation, firm: Firm):
    with lux_sqlite.db.begin(firm.id) as session:
        session.add(CustomField(key="size", label="Size", type=FieldType.TEXT))
    known = check(lux_sqlite, firm, source=f'{HEAD}{{{{ fields.size | default: "M" }}}} {DUTIES}')
    assert known == {}
    wrong = check(lux_sqlite, firm, source=f"{{{{ fields.seize }}}} {DUTIES}")
    assert "fields.size" in wrong["field_unknown"][3]


def test_lines_of_compiled_markup_are_not_passed_off_as_the_authors(lux_sqlite: Installation, firm: Firm):
    body = f'<mj-text>\n<a href="">no</a> {DUTIES}</mj-text>'
    source = f"<mjml><mj-body><mj-section><mj-column>{body}</mj-column></mj-section></mj-body></mjml>"
    found = check(lux_sqlite, firm, format="mjml", source=source)
    assert {line for _severity, field, line, _fix in found.values() if field == "source"} == {None}


def test_a_missing_duty_is_said_once(lux_sqlite: Installation, firm: Firm):
    content = Content(format="html", subject="News", preview_text="More", source="<p>Hello</p>")
    with lux_sqlite.db.read(firm.id) as session:
        codes = [one.code for one in service.check(session, content)]
    assert codes.count("unsubscribe_missing") == 1
    assert codes.count("postal_address_missing") == 1


def test_plain_text_is_checked_as_text(lux_sqlite: Installation, firm: Firm):
    found = check(lux_sqlite, firm, format="text", source="Hello")
    assert "unsubscribe_missing" in found
    assert check(lux_sqlite, firm, format="text", source="Hi {{ unsubscribe_url }} {{ postal_address }}") == {}
