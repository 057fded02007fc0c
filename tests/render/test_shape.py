"""No markup may nest so deep that a parser ends the process; the count is never below the truth."""

from __future__ import annotations

import re
import subprocess
import sys

import css_inline
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lux.render import shape
from lux.render.inline import inline_css
from lux.render.markup import TAG, VOID_ELEMENTS, pieces
from lux.render.mjml import mjml_to_html
from lux.render.problems import TemplateProblem
from lux.render.sanitise import sanitise
from lux.render.shape import BLOCKS, FORMATTING, TABLE_PARTS, too_complex

OTHERS = {"span", "body", "html", "head", "x-own", "frame", "table"}
NAMES = sorted(BLOCKS | TABLE_PARTS | FORMATTING | VOID_ELEMENTS | OTHERS)
TOKENS = st.one_of(
    st.sampled_from(NAMES).map(lambda name: f"<{name}>"),
    st.sampled_from(NAMES).map(lambda name: f"</{name}>"),
    st.sampled_from(NAMES).map(lambda name: f"<{name}/>"),
    st.sampled_from(
        [
            *(
                "text",
                "<!-- </div> -->",
                "<!-->",
                "<!--->",
                "<!-- --!>",
                "<a b='>'>",
                '<p a="</div>">',
                "<div\xa0b='>'>",
            ),
            *("<i b=c\"d='>", "<title></div></title>", "<style></div></style>", "</3 <div>", "<?x <div>?>", "<td b=/>"),
            *("<div a<b>", "<div =b='>'>", "</div x='>'>", "<![CDATA[<div>]]>"),
        ]
    ),
)


def true_depth(source: str) -> int:
    """Return how deep a real parser's tree is."""
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, inline_style_tags=False, keep_style_tags=True)
    tree = inliner.inline(source)
    depth = deepest = 0
    for piece in pieces(tree):
        if piece.kind == TAG and piece.name not in VOID_ELEMENTS | {"frame", "image", "basefont", "bgsound", "keygen"}:
            depth += -1 if piece.is_closing else 1
            deepest = max(deepest, depth)
    return deepest


@settings(max_examples=600, deadline=None)
@given(st.lists(TOKENS, min_size=1, max_size=12).map("".join))
@example("<div><table><tr><td></div>")
@example("<form><div></form>")
@example("<b><div></b>")
@example("<span><div></span>")
@example("<li><ul></li>")
@example("<body><div></body>")
@example("<tr><div></tr>")
@example("<frame><span></frame>")
@example("<div/>")
@example("<p><b><i><u></p>")
@example("<address><address><small></address><x-own>")
@example("<address><address></div></3 <div>")
@example("<address><h2></h1><h1>")
@example("<address></p><p>")
@example("<table><table></table><div></table>")
@example("<table><tr><td><div><td></td><div></td>")
def test_markup_that_passes_is_not_deep(pattern: str):
    source = pattern * 20
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shape, "MAX_DEPTH", 40)
        patch.setattr(shape, "MAX_FORMATTING", 10)
        found = too_complex(source)
    if found is None:
        assert true_depth(source) <= 40 + 5  # html, body and the last few


@pytest.mark.parametrize("compiler", [inline_css, sanitise, mjml_to_html])
@pytest.mark.parametrize("element", ["div", "b", "span", "table><tr><td", "blockquote", "x-own"])
def test_what_would_end_the_process_is_refused(compiler, element: str):
    deep = f"<{element}>" * 5_000
    source = f"<mjml><mj-body><mj-raw>{deep}</mj-raw></mj-body></mjml>" if compiler is mjml_to_html else deep
    with pytest.raises(TemplateProblem) as caught:
        compiler(source)
    assert caught.value.line == 1


def test_the_danger_is_real():
    program = "import css_inline; css_inline.CSSInliner(load_remote_stylesheets=False).inline('<div>' * 20_000)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode < 0


def test_an_ordinary_newsletter_passes():
    row = "<tr><td><p>One <b>two</b> <a href='#'>three</a><br>four<li>five<li>six</p></td></tr>"
    layout = (
        "<html><body>" + "<table><tr><td><div>" * 12 + f"<table>{row * 300}</table>" + "</div></td></tr></table>" * 12
    )
    assert too_complex(layout) is None


@pytest.mark.parametrize("name", ["iframe", "svg", "select", "textarea", "noscript", "script", "math", "template"])
def test_elements_no_mail_shows_are_refused_by_name(name: str):
    with pytest.raises(TemplateProblem, match=re.escape(f"<{name}>")):
        inline_css(f"<p>a</p><{name}>x</{name}>")
