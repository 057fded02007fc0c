"""What the macros promise: fields tied to their words, unknown shown as unknown, nothing lost, nothing unescaped."""

from __future__ import annotations

import re

import pytest

from lux.kit import i18n
from lux.kit.errors import FieldProblem
from lux.ui.forms import FormState
from tests.browser.gallery_app import create_app

REFUSED = FormState(
    values={"email": 'a"b', "agree": "1", "tags": ["x"], "basis": "none"},
    problems=(FieldProblem(field="email", message="This is not an address.", fix="Write it like a@b.example."),),
    message="Some fields need your attention.",
)


@pytest.fixture(scope="module")
def app():
    return create_app()


@pytest.fixture
def render(app):
    def rendered(file, call, **context):
        name = re.match(r"\w+", call).group()
        source = f'{{% from "ui/macros/{file}.html" import {name} %}}{{{{ {call} }}}}'
        return app.jinja_env.from_string(source).render(**context)

    with app.test_request_context():
        yield rendered


def test_a_field_is_tied_to_its_label_help_and_error(render):
    shown = render("forms", 'field("email", "E-mail", form=form, help="Where it goes.")', form=REFUSED)
    assert '<label class="field-label" for="f-email">' in shown
    assert 'aria-describedby="f-email-help f-email-error"' in shown
    assert 'aria-invalid="true"' in shown
    assert re.search(r'id="f-email-error">.*This is not an address. Write it like a@b.example.', shown, re.DOTALL)


def test_what_was_typed_is_there_again_and_escaped(render):
    assert 'value="a&#34;b"' in render("forms", 'field("email", "E-mail", form=form)', form=REFUSED)


def test_a_password_is_never_there_again(render):
    form = FormState(values={"password": "correct horse"})
    assert "correct horse" not in render(
        "forms", 'field("password", "Password", kind="password", form=form)', form=form
    )


@pytest.mark.parametrize("value", ["line one\n\nline three", "\nstarts with a break"])
def test_a_text_area_keeps_its_lines(render, value):
    shown = render("forms", 'field("note", "Note", kind="textarea", value=value)', value=value)
    assert f">\n{value}</textarea>" in shown


@pytest.mark.parametrize(
    ("value", "on"), [(True, True), ("1", True), ("on", True), (False, False), ("", False), (None, False), ("0", False)]
)
def test_a_check_box_shows_what_is_stored(render, value, on):
    shown = render("forms", 'field("agree", "Agree", kind="checkbox", value=value)', value=value)
    assert (" checked" in shown) is on


def test_a_list_shows_what_is_chosen_also_when_values_are_numbers(render):
    shown = render("forms", 'field("n", "N", kind="select", value=2, options=[(1, "one"), (2, "two")])')
    assert '<option value="2" selected>two</option>' in shown
    assert '<option value="1">one</option>' in shown


def test_choices_show_what_is_chosen(render):
    shown = render("forms", 'choices("basis", "Consent", [("column", "C"), ("none", "N")], form=form)', form=REFUSED)
    assert re.search(r'value="none" id="f-basis-2" checked', shown)
    assert not re.search(r'value="column" id="f-basis-1" checked', shown)


def test_the_summary_links_to_the_fields(render):
    shown = render("forms", 'error_summary(form, labels={"email": "E-mail"})', form=REFUSED)
    assert '<a href="#f-email">E-mail: This is not an address. Write it like a@b.example.</a>' in shown


def test_a_form_without_problems_has_no_summary(render):
    assert not render("forms", "error_summary(form)", form=FormState()).strip()


def test_a_problem_of_the_whole_form_is_said(render):
    assert "It changed meanwhile." in render(
        "forms", "error_summary(form)", form=FormState(message="It changed meanwhile.")
    )


def test_a_figure_that_is_not_known_is_never_a_zero(render):
    shown = render("tiles", 'stat(none, why="No shop is connected.", find_out=("Connect", "/shop"))')
    assert "Not known" in shown
    assert "No shop is connected." in shown
    assert '<a href="/shop">Connect</a>' in shown
    assert "stat-value" not in shown


def test_a_zero_that_is_known_is_a_zero(render):
    assert "Not known" not in render("tiles", 'stat("0", of="0 of 12 delivered")')


def test_a_share_of_nothing_is_not_known(render):
    shown = render("progress", 'share_bar("Sold", 0, 0)')
    assert "Not known" in shown
    assert "<meter" not in shown


def test_a_share_says_numerator_and_denominator(render):
    shown = render("progress", 'share_bar("Opened", 3871, 12210)')
    assert "31.7" in shown
    assert "3,871 of 12,210" in shown
    assert 'max="12210" value="3871"' in shown


def test_work_that_is_over_is_not_asked_for_again(render):
    call = 'progress("p", "Import", 5, 10, state=state, poll="/p")'
    assert "hx-get" in render("progress", call, state="running")
    assert "hx-get" not in render("progress", call, state="done")


def test_an_unknown_status_is_shown_all_the_same(render):
    assert "Something new" in render("status", 'chip("never_heard_of", "Something new")')


def test_a_chip_is_an_icon_and_a_word(render):
    shown = render("status", 'chip("sent", "Sent")')
    assert "<svg" in shown
    assert "<span>Sent</span>" in shown


def test_what_people_wrote_is_escaped_everywhere(render):
    nasty = '"><img src=x onerror=alert(1)>'
    calls = [
        ("tiles", "stat(x)"),
        ("status", "chip('sent', x)"),
        ("status", "toast(x)"),
        ("buttons", "copy_field(x, x)"),
        ("buttons", "post_button(x, '/', fields={'a': x})"),
        ("lists", "facts([(x, x)])"),
        ("lists", "diff([('in', x), ('out', x)], x)"),
        ("lists", "code_block(x, x)"),
        ("forms", "field('n', x, value=x, help=x, error=x, placeholder=x)"),
        ("states", "empty(x, x, example=x)"),
        ("charts", "chart('c', x, [x], [{'label': x, 'values': [1]}])"),
    ]
    for file, call in calls:
        assert "<img" not in render(file, call, x=nasty), call


def test_every_word_of_the_frame_is_translated(app):
    """In the pseudo locale each translated string stands in brackets; what is outside of them is data."""
    shown = app.test_client().get(f"/parts?stopped&locale={i18n.PSEUDO_LOCALE}").text
    frame = re.sub(r"<main.*?</main>", "", shown, flags=re.DOTALL)
    frame = re.sub(r"<(svg|style|script|kbd).*?</\1>|<title>.*?</title>", "", frame, flags=re.DOTALL)
    texts = [text.strip() for text in re.findall(r">([^<>]+)<", frame)]
    texts += re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]+)"', frame)
    data = {
        "Example &amp; Sons of the Invented Hills",
        "Sample Agency",
        "Maya Kern",
        "maya@example.com",
        "Owner",
        "LUX",
    }
    data |= {"MK", "E", "S", "New campaign"} | {name for _, items in app_navigation() for name, *_ in items}
    data |= {label for label, _ in app_navigation()}
    bare = [text for text in texts if text and "⟦" not in text and text not in data and re.search("[A-Za-z]{2}", text)]
    assert bare == []


def app_navigation():
    from tests.browser.gallery_app import NAV

    return NAV
