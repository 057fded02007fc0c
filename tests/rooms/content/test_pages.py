"""Templates in a browser without scripts, and what the editor asks while people type."""

from __future__ import annotations

import uuid

import pytest

from lux.identity.access import Role
from lux.rooms.contacts.models import Contact
from lux.rooms.content import queries, service
from lux.rooms.content.starters import STARTERS
from lux.ui.csp import MAIL_PREVIEW_POLICY
from tests.factories import Firm, Installation

HTMX = {"HX-Request": "true"}
MJML = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>\nHello {{ first_name }}\n"
    "</mj-text></mj-column></mj-section></mj-body></mjml>"
)


def make(lux: Installation, firm: Firm, starter: str = "newsletter", name: str = "Monthly") -> uuid.UUID:
    with lux.db.begin(firm.id) as session:
        return service.create(session, firm.id, name=name, starter_key=starter, author=firm.person).public_id


def written(**values: str) -> dict[str, str]:
    return {
        "name": "Monthly", "format": "mjml", "subject": "News", "preview_text": "", "source": MJML, "text": "",
        "version": "1", **values,
    }  # fmt: skip


def test_a_template_is_made_from_a_starter_and_edited(lux: Installation):
    client = lux.client(lux.firm("Ada & Sons"))
    answer = client.post("/templates/new", data={"name": "Monthly", "starter": "newsletter"})
    assert answer.status_code == 303
    editor = client.get(answer.headers["Location"])
    assert editor.status_code == 200
    assert "&lt;mjml lang" in editor.text
    assert "{{ first_name }}" in editor.text
    path = answer.headers["Location"]
    saved = client.post(path, data=written(subject="Hello {{ first_name }}"))
    assert saved.status_code == 303
    shown = client.get(saved.headers["Location"]).text
    assert "Hello Ada" in shown, "the preview's subject is filled with the example"


def test_the_list_shows_templates_and_starters(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    client = lux_sqlite.client(firm)
    empty = client.get("/templates/").text
    assert "No template of your own yet." in empty
    make(lux_sqlite, firm)
    shown = client.get("/templates/").text
    assert "Monthly" in shown
    assert shown.count("/templates/starters/") == len(STARTERS)


@pytest.mark.parametrize("key", [starter.key for starter in STARTERS])
def test_a_starter_is_shown_in_the_brand_in_a_sandbox(lux_sqlite: Installation, key: str):
    firm = lux_sqlite.firm("Käthe & Söhne")
    answer = lux_sqlite.client(firm).get(f"/templates/starters/{key}/frame")
    assert answer.headers["Content-Security-Policy"] == MAIL_PREVIEW_POLICY
    assert "Käthe &amp; Söhne" in answer.text
    assert "{{" not in answer.text


def test_a_preview_is_filled_for_a_contact(lux: Installation):
    firm = lux.firm()
    contact = lux.contacts(firm, 1, first_name="Grace <b>")[0]
    with lux.db.read(firm.id) as session:
        key = session.get_one(Contact, contact).public_id
    client = lux.client(firm)
    data = {**written(), "preview_contact": str(key)}
    shown = client.post("/templates/preview", data=data)
    assert "Hello Grace &lt;b&gt;" in shown.text
    assert shown.headers["Content-Security-Policy"] == MAIL_PREVIEW_POLICY
    example = client.post("/templates/preview", data=written())
    assert "Hello Ada" in example.text
    as_text = client.post("/templates/preview", data={**data, "preview_part": "text"})
    assert "<pre" in as_text.text
    assert "Hello Grace" in as_text.text


def test_the_preview_reads_only_its_own_fields_of_a_larger_form(lux_sqlite: Installation):
    client = lux_sqlite.client(lux_sqlite.firm())
    shown = client.post("/templates/preview", data={**written(), "sender": "x", "audience": "everyone"})
    assert shown.status_code == 200
    assert "Hello Ada" in shown.text


def test_an_error_names_line_and_tag(lux_sqlite: Installation):
    client = lux_sqlite.client(lux_sqlite.firm())
    broken = MJML.replace("{{ first_name }}", "{% if first_name %}")
    checked = client.post("/templates/check", data=written(source=broken), headers=HTMX).text
    assert "line 2" in checked
    assert "{% if first_name %}" in checked
    assert 'data-line="2"' in checked
    shown = client.post("/templates/preview", data=written(source=broken)).text
    assert "Line 2" in shown


def test_an_unknown_field_gets_a_suggestion(lux_sqlite: Installation):
    client = lux_sqlite.client(lux_sqlite.firm())
    wrong = MJML.replace("first_name", "fist_name")
    checked = client.post("/templates/check", data=written(source=wrong), headers=HTMX).text
    assert "There is no merge field “fist_name”" in checked
    assert "Did you mean “first_name”?" in checked


def test_broken_content_is_kept_and_its_problem_shown(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    public_id = make(lux_sqlite, firm)
    client = lux_sqlite.client(firm)
    answer = client.post(f"/templates/{public_id}/edit", data=written(source="<mjml>half"))
    assert answer.status_code == 303
    assert "The message can't be shown." in client.get(f"/templates/{public_id}").text
    assert "&lt;mjml&gt;half" in client.get(f"/templates/{public_id}/edit").text
    assert client.get(f"/templates/{public_id}/frame").status_code == 200


def test_what_was_typed_survives_a_refused_form(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    public_id = make(lux_sqlite, firm)
    client = lux_sqlite.client(firm)
    refused = client.post(f"/templates/{public_id}/edit", data=written(name="", source=MJML + "<!-- mine -->"))
    assert refused.status_code == 422
    assert "mine" in refused.text
    client.post(f"/templates/{public_id}/edit", data=written())
    late = client.post(f"/templates/{public_id}/edit", data=written(source=MJML + "<!-- late -->"))
    assert late.status_code == 409
    assert "late" in late.text


def test_duplicate_trash_and_restore(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    public_id = make(lux_sqlite, firm)
    client = lux_sqlite.client(firm)
    client.post(f"/templates/{public_id}/duplicate")
    client.post(f"/templates/{public_id}/trash")
    listed = client.get("/templates/", headers=HTMX).text
    assert "Monthly (copy)" in listed
    assert f"/templates/{public_id}" not in listed
    assert f"/templates/{public_id}" in client.get("/templates/?state=trash").text
    client.post(f"/templates/{public_id}/restore")
    assert f"/templates/{public_id}" in client.get("/templates/", headers=HTMX).text


def test_the_list_is_paged(lux_sqlite: Installation):
    firm = lux_sqlite.firm()
    for number in range(queries.PAGE + 2):
        make(lux_sqlite, firm, "", f"Template {number:02}")
    client = lux_sqlite.client(firm)
    first = client.get("/templates/").text
    assert "Template 25" in first
    assert "Template 01" not in first
    assert "before=" in first


@pytest.mark.parametrize("path", ["", "/edit", "/frame"])
def test_another_company_sees_nothing(lux_sqlite: Installation, path: str):
    mine, theirs = lux_sqlite.firm(), lux_sqlite.firm()
    public_id = make(lux_sqlite, theirs)
    contact = lux_sqlite.contacts(theirs, 1, first_name="Secret")[0]
    with lux_sqlite.db.read(theirs.id) as session:
        key = session.get_one(Contact, contact).public_id
    client = lux_sqlite.client(mine)
    assert client.get(f"/templates/{public_id}{path}").status_code == 404
    assert "Monthly" not in client.get("/templates/").text
    assert "Secret" not in client.post("/templates/preview", data={**written(), "preview_contact": str(key)}).text
    assert "Secret" not in client.get("/templates/recipients?preview_q=Secret", headers=HTMX).text
    for verb in ("trash", "restore", "duplicate"):
        assert client.post(f"/templates/{public_id}/{verb}").status_code == 404


def test_a_viewer_looks_but_changes_nothing(lux_sqlite: Installation):
    owner = lux_sqlite.firm()
    public_id = make(lux_sqlite, owner)
    client = lux_sqlite.client(lux_sqlite.member(owner.id, Role.VIEWER))
    assert client.get(f"/templates/{public_id}").status_code == 200
    assert client.get(f"/templates/{public_id}/edit").status_code == 403
    assert client.post(f"/templates/{public_id}/trash").status_code == 403
