"""A built message reads back as what went in, whichever way it was built."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import dkim
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lux.kit.errors import InvalidInput
from lux.render.dkim import DkimSigner, dns_record, generate_key, public_text, zone_text
from lux.render.links import TrackedLink, collect_links
from lux.render.liquid import compile_template
from lux.render.mime import CompiledMail, MailRecipient, MailTemplate, MailTokens, compile_mail, simple_mail
from lux.render.problems import TemplateProblem
from lux.render.slots import LiquidPart, SegmentPart, cut_into_slots

KEY = b"k" * 32
AT = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
BASE = "https://mail.shop.example"
HTML = (
    "<!doctype html><html><body class='a'><p>Hello {{ first_name | default: \"you\" }}, {{ custom.city }}</p>"
    '<a href="https://shop.example/?a=1&amp;b=2">Shop</a> <a href="https://shop.example/{{ sku }}">Yours</a>'
    '<p>{{ postal_address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>'
)


def template(**changes: object) -> MailTemplate:
    values = {
        "subject": "Hi {{ first_name }}",
        "preview_text": "News for {{ first_name }} & co",
        "html": HTML,
        "from_name": "Shop & Söhne",
        "from_email": "news@shop.example",
        "reply_to": "help@shop.example",
        **changes,
    }
    return MailTemplate(**values)  # type: ignore[arg-type]


def compiled(content: MailTemplate | None = None, **options: object) -> CompiledMail:
    content = content or template()
    chosen = {
        "base_url": BASE,
        "links": collect_links(content.html).links,
        "postal_address": "Shop GmbH\nHauptstr. 1\n50667 Köln",
        "list_id": "news.shop.example",
        **options,
    }
    return compile_mail(content, **chosen)  # type: ignore[arg-type]


def recipient(**changes: object) -> MailRecipient:
    values = {
        "email": "ann@example.org",
        "delivery_id": 7,
        "message_id": "<7.abc@shop.example>",
        "tokens": MailTokens.minted(KEY, 7),
        "data": {"first_name": "Jürgen", "custom": {"city": "Köln & Bonn"}, "sku": "a/1"},
        **changes,
    }
    return MailRecipient(**values)  # type: ignore[arg-type]


def parsed(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def part(message: EmailMessage, subtype: str) -> str:
    body = message.get_body((subtype,))
    assert body is not None
    return body.get_content().replace("\r\n", "\n")


def test_a_message_has_all_its_headers_once():
    message = parsed(compiled().build(recipient(), at=AT))
    tokens = MailTokens.minted(KEY, 7)
    assert (
        message["From"] == '"Shop & Söhne" <news@shop.example>'
        or message["From"].addresses[0].display_name == "Shop & Söhne"
    )
    assert message["To"].addresses[0].addr_spec == "ann@example.org"
    assert message["Reply-To"].addresses[0].addr_spec == "help@shop.example"
    assert message["Subject"] == "Hi Jürgen"
    assert message["Date"].datetime == AT
    assert message["Message-ID"] == "<7.abc@shop.example>"
    assert message["MIME-Version"] == "1.0"
    assert message["List-ID"] == "<news.shop.example>"
    assert message["List-Unsubscribe"] == f"<{BASE}/u/{tokens.unsubscribe}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message.get_content_type() == "multipart/alternative"
    assert [item.get_content_type() for item in message.iter_parts()] == ["text/plain", "text/html"]
    names = [name.lower() for name in message]
    assert len(names) == len(set(names))


def test_the_html_is_filled_tracked_and_framed():
    html = part(parsed(compiled().build(recipient(), at=AT)), "html")
    tokens = MailTokens.minted(KEY, 7)
    assert "Hello Jürgen, Köln &amp; Bonn" in html
    assert f'href="{BASE}/c/{tokens.click}/1"' in html
    assert 'href="https://shop.example/a/1"' in html  # holds a merge field: not tracked
    assert f'src="{BASE}/o/{tokens.open}.gif"' in html
    assert f'href="{BASE}/u/{tokens.unsubscribe}"' in html
    assert "Shop GmbH, Hauptstr. 1, 50667 Köln" in html
    assert "News for Jürgen &amp; co" in html
    assert (
        html.index("<body") < html.index("News for") < html.index("Hello") < html.index("/o/") < html.index("</body>")
    )
    assert "{{" not in html


def test_the_text_part_reads_well_and_is_not_tracked():
    text = part(parsed(compiled().build(recipient(), at=AT)), "plain")
    assert "Hello Jürgen, Köln & Bonn" in text
    assert "https://shop.example/?a=1&b=2" in text
    assert "Shop GmbH\nHauptstr. 1\n50667 Köln" in text
    assert "/c/" not in text
    assert "<" not in text


def test_without_tracking_nothing_is_rewritten():
    html = part(parsed(compiled(track_clicks=False, track_opens=False).build(recipient(), at=AT)), "html")
    assert 'href="https://shop.example/?a=1&amp;b=2"' in html
    assert "/c/" not in html
    assert "/o/" not in html


def test_only_links_of_the_table_are_tracked():
    only = (TrackedLink(no=1, url="https://other.example/"),)
    html = part(parsed(compiled(links=only).build(recipient(), at=AT)), "html")
    assert "/c/" not in html


def test_merge_data_cannot_replace_what_is_ours():
    evil = {"unsubscribe_url": "https://evil.example", "lux": {"click": "x", "open": "y"}, "postal_address": "nowhere"}
    html = part(parsed(compiled().build(recipient(data=evil), at=AT)), "html")
    assert "evil.example" not in html
    assert f"{BASE}/u/" in html
    assert "nowhere" not in html


def test_a_message_is_the_same_however_often_it_is_built():
    mail = compiled()
    assert mail.build(recipient(), at=AT) == mail.build(recipient(), at=AT) == compiled().build(recipient(), at=AT)


def test_lines_end_with_crlf_and_are_short_and_seven_bit():
    raw = compiled(template(html=HTML.replace("Hello", "Grüße " * 200))).build(recipient(), at=AT)
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 78


def test_a_mail_without_html_is_plain_text():
    mail = compiled(template(html="", text="Just {{ first_name }}\n{{ postal_address }}"), links=())
    message = parsed(mail.build(recipient(), at=AT))
    assert message.get_content_type() == "text/plain"
    assert message.get_content().startswith("Just Jürgen\r\nShop GmbH\r\n")


def test_a_mail_without_any_content_is_refused():
    with pytest.raises(TemplateProblem, match="no content"):
        compiled(template(html="  ", text="", preview_text=""))


NASTY = st.text(alphabet=st.characters(codec="utf-8"), max_size=60) | st.sampled_from(
    [
        "a\r\nBcc: evil@example.org",
        "a\nb",
        "\r\n\r\nbody",
        "=?utf-8?q?x?=",
        '"quoted" <a@b>',
        "a\x00b",
        "\u2028x",
        "ä" * 90,
        ". .",
        "%s %b",
    ]
)


@settings(max_examples=80, deadline=None)
@given(first=NASTY, city=NASTY, name=NASTY)
def test_nothing_a_contact_is_called_breaks_a_message(first: str, city: str, name: str):
    data = {"first_name": first, "custom": {"city": city}, "sku": ""}
    message = parsed(compiled().build(recipient(data=data, name=name), at=AT))
    assert "Bcc" not in message
    assert not message.defects
    assert [item.get_content_type() for item in message.iter_parts()] == ["text/plain", "text/html"]
    assert len(message["To"].addresses) == 1
    assert message["To"].addresses[0].addr_spec == "ann@example.org"
    text = part(message, "plain")
    wanted = first.replace("\r\n", "\n").replace("\r", "\n") or "you"
    assert f"Hello {wanted}" in text


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats(allow_nan=False, allow_infinity=False) | NASTY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=4,
)
FIELDS = st.sampled_from(
    [
        *("{{ a }}", "{{ b }}", "{{ a.b }}", "{{a}}", '{{ a | default: "x & <y>" }}', "{{ b | default: 'z' }}"),
        *("{{ missing }}", '{{ a.b.c | default: "" }}', "{{ first }}", "{{ a_1-x }}"),
    ]
)
LITERALS = st.text(alphabet=st.sampled_from("ab äß€😀.=%&<>\"'\n\r\t-"), max_size=90)


@settings(max_examples=150, deadline=None)
@given(
    pieces=st.lists(st.tuples(LITERALS, FIELDS), max_size=6),
    tail=LITERALS,
    data=st.dictionaries(st.sampled_from(["a", "b", "first", "a_1-x"]), VALUES),
    html=st.booleans(),
)
def test_the_fast_way_and_liquid_say_the_same(pieces, tail, data, html: bool):
    source = "".join(literal + field for literal, field in pieces) + tail
    made = compile_template(source, field="html", html=html)
    cut = cut_into_slots(made)
    assert cut is not None
    fast, slow = SegmentPart(*cut, html=html).encoded(data), LiquidPart(made).encoded(data)
    assert decoded(fast) == decoded(slow)
    for encoded in (fast, slow):
        assert max(map(len, encoded.split(b"\r\n"))) <= 76
        assert encoded.isascii()


def decoded(encoded: bytes) -> bytes:
    message = message_from_bytes(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + encoded)
    found = message.get_payload(decode=True)
    assert isinstance(found, bytes)
    return found


@pytest.mark.parametrize(
    "source",
    [
        *("{% if a %}x{% endif %}", "{{ a | upcase }}", "{{- a }}", "{{ a.size }}", "{{ a.first }}", "{{ a[0] }}"),
        *("{{ empty }}", "{{ true }}", "{% raw %}{{ a }}{% endraw %}", "{{ 'a' }}", "{{ 1 }}", "{{ a | default: b }}"),
        *("{{ a | default: 'x', allow_false: true }}", "{{ ä }}", "{% # comment %}"),
    ],
)
def test_what_is_more_than_a_plain_field_goes_through_liquid(source: str):
    assert cut_into_slots(compile_template(source, field="html", html=True)) is None


def test_a_plain_newsletter_takes_the_fast_way():
    assert compiled().is_fast
    assert not compiled(template(html=HTML + "{% if x %}{% endif %}")).is_fast


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"from_name": "a\r\nBcc: x@y.example"}, "from_name"),
        ({"from_email": "a@b.example\r\nBcc: x@y.example"}, "from_email"),
        ({"from_email": "jürgen@shop.example"}, "from_email"),
        ({"reply_to": "not an address"}, "reply_to"),
        ({"subject": "a\nb"}, "subject"),
        ({"subject": "{{ a"}, "subject"),
        ({"text": "{% if a %}"}, "text"),
        ({"headers": {"Bcc": "x@y.example"}}, "headers"),
        ({"headers": {"X-A": "a\r\nBcc: x@y.example"}}, "headers"),
        ({"headers": {"X A": "a"}}, "headers"),
        ({"headers": {"Resent-To": "a@b.example"}}, "headers"),
    ],
)
def test_content_that_cannot_be_a_mail_names_its_field(changes: dict[str, object], field: str):
    with pytest.raises(InvalidInput) as caught:
        compiled(template(**changes))
    assert caught.value.field == field


@pytest.mark.parametrize("message_id", ["7@x", "<7 8@x>", "<7@x>\r\nBcc: a@b.example", "<>", "<a@b@c>"])
def test_a_message_id_is_one_or_refused(message_id: str):
    with pytest.raises(InvalidInput):
        compiled().build(recipient(message_id=message_id), at=AT)


def test_ids_of_an_international_or_numeric_installation_are_valid():
    mail = compiled(list_id="shop.::1\r\nBcc: x")
    message = parsed(mail.build(recipient(message_id="<7@Bücher.example>"), at=AT))
    assert message["Message-ID"] == "<7@xn--bcher-kva.example>"
    assert message["List-ID"] == "<shop.-1-Bcc-x>"
    assert "Bcc" not in message


def test_own_headers_are_added():
    message = parsed(compiled(template(headers={"X-Campaign": "Frühling"})).build(recipient(), at=AT))
    assert message["X-Campaign"] == "Frühling"


def test_an_international_address_goes_as_punycode():
    message = parsed(compiled().build(recipient(email="ann@Bücher.example"), at=AT))
    assert message["To"].addresses[0].addr_spec == "ann@xn--bcher-kva.example"


def test_braces_in_a_system_mail_are_just_braces():
    raw = simple_mail(
        from_name="LUX",
        from_email="lux@shop.example",
        to_email="ann@example.org",
        message_id="<1@shop.example>",
        subject="100 % {{ x }}",
        text="{{ x }} {% if %} 100 %\n",
        html="<p>{{ x }}</p>",
        at=AT,
    )
    message = parsed(raw)
    assert message["Subject"] == "100 % {{ x }}"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "List-Unsubscribe" not in message
    assert part(message, "plain") == "{{ x }} {% if %} 100 %\n"
    assert part(message, "html").strip() == "<p>{{ x }}</p>"


@pytest.fixture(scope="module")
def private_key() -> str:
    return generate_key()


def verifies(raw: bytes, private_key: str) -> bool:
    def lookup(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"lux._domainkey.shop.example."
        return public_text(private_key).encode()

    return bool(dkim.verify(raw, dnsfunc=lookup))


@settings(max_examples=10, deadline=None)
@given(first=NASTY, body=st.sampled_from(["", "\n", "\n\n\n", " trailing \n \n", "x" * 2000, "ä\r\n.\r\n"]))
def test_signatures_verify(private_key: str, first: str, body: str):
    signer = DkimSigner(domain="Shop.Example", selector="lux", private_key=private_key)
    mail = compiled(template(text="Hi {{ first_name }}" + body))
    raw = mail.build(recipient(data={"first_name": first}, name=first), at=AT)
    assert verifies(signer.sign(raw, at=AT), private_key)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Hello", b"Hallo"),
        (b"From: ", b"From: evil@example.org\r\nFrom: "),
        (b"List-Unsubscribe: <", b"List-Unsubscribe: <https://evil.example/"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
        (b"To: ", b"To: b@example.org\r\nTo: "),
        (b"Message-ID: <7", b"Message-ID: <8"),
    ],
)
def test_a_changed_message_verifies_no_more(private_key: str, old: bytes, new: bytes):
    signer = DkimSigner(domain="shop.example", selector="lux", private_key=private_key)
    signed = signer.sign(compiled().build(recipient(), at=AT), at=AT)
    head, separator, rest = signed.partition(b"\r\nFrom: ")
    changed = (separator + rest).replace(old, new, 1)
    assert changed != separator + rest
    assert verifies(signed, private_key)
    assert not verifies(head + changed, private_key)


def test_the_record_to_publish_is_whole(private_key: str):
    record = dns_record(domain="shop.example", selector="lux", private_key=private_key)
    assert (record.name, record.type) == ("lux._domainkey.shop.example", "TXT")
    assert record.value.startswith("v=DKIM1; k=rsa; p=")
    pieces = zone_text(record.value)
    assert "".join(pieces.strip('"').split('" "')) == record.value
    assert max(map(len, pieces.split())) <= 257


@pytest.mark.parametrize("key", ["", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
def test_a_broken_key_is_named(key: str):
    with pytest.raises(InvalidInput) as caught:
        DkimSigner(domain="shop.example", selector="lux", private_key=key)
    assert caught.value.field == "private_key"
