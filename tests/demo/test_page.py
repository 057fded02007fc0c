"""A page read without a script: what a form would send, what it offers, what the page complains about."""

from __future__ import annotations

from email.message import Message

import pytest

from examples.page import Page, PageError

FORM = """<main><h1>Settings &amp; more</h1>
<form method="post" action="/save?x=1"><input type="hidden" name="csrf_token" value="t">
<input name="name" value="A &quot;B&quot;"><textarea name="text">
 two
lines</textarea>
<select name="one"><option value="a">Apple</option><option value="b">Pear</option></select>
<select name="many" multiple><option value="1" selected>1</option><option value="2" selected>2</option></select>
<label><input type="checkbox" name="on" value="1" checked> On</label>
<label><input type="checkbox" name="off" value="1"> Off</label>
<label><input type="radio" name="when" value="now"> Now</label>
<label><input type="radio" name="when" value="at" checked> Later</label>
<input name="gone" value="x" disabled><button name="do" value="go">Save</button></form>
<script>var form = "<form action='/evil' method='post'>"</script>
<div class="error-summary"><ul><li>The name is missing.</li></ul></div></main>"""


def page(html, status=200):
    headers = Message()
    headers["Content-Type"] = "text/html; charset=utf-8"
    return Page("http://127.0.0.1/settings", status, headers, html.encode())


def test_a_form_sends_what_a_browser_would_send():
    assert page(FORM).form("/save").values == [
        ("csrf_token", "t"), ("name", 'A "B"'), ("text", " two\nlines"), ("one", "a"),
        ("many", "1"), ("many", "2"), ("on", "1"), ("when", "at"),
    ]  # fmt: skip


def test_filling_replaces_what_is_there_and_keeps_its_place():
    form = page(FORM).form("/save").fill(name="C", many=["2"]).choose("one", "Pear").choose("when", "Now")
    assert form.values[1:6] == [("name", "C"), ("text", " two\nlines"), ("one", "b"), ("many", "2"), ("on", "1")]
    assert form.value("when") == "now"
    assert form.set("off", "1").value("off") == "1"


def test_a_field_or_an_option_that_is_not_there_is_an_error():
    form = page(FORM).form("/save")
    with pytest.raises(PageError, match="no field “nmae”"):
        form.fill(nmae="C")
    with pytest.raises(PageError, match="no “Plum”, only: Apple; Pear"):
        form.choose("one", "Plum")
    with pytest.raises(PageError, match="no form /send"):
        page(FORM).form("/send")


def test_the_page_says_what_is_wrong_and_scripts_are_not_words():
    found = page(FORM, status=422)
    assert found.complaints == "The name is missing."
    assert found.heading == "Settings & more"
    assert "evil" not in found.text
    assert len(found.forms) == 1
