"""How fast one recipient's message is built: compiled slots, Liquid with our MIME, Liquid with EmailMessage."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage

from lux.render.dkim import DkimSigner, generate_key
from lux.render.links import collect_links
from lux.render.liquid import Template, compile_template
from lux.render.mime import CompiledMail, MailRecipient, MailTemplate, MailTokens, compile_mail

KEY = b"k" * 32
AT = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
LINKS = 42


def template(*, with_condition: bool) -> MailTemplate:
    """Return a 13 KB mail with 42 links; a condition forces the slow path."""
    rows = "".join(
        f'<tr><td style="padding:8px 16px;font-family:Arial,sans-serif;font-size:14px;color:#222222">'
        f'<a href="https://shop.example/product/{number}?utm_source=news&amp;utm_campaign=spring" '
        f'style="color:#6d28d9;text-decoration:none">Product {number} für {{{{ first_name | default: "you" }}}}'
        f"</a> costs {number}.90 €</td></tr>\n"
        for number in range(LINKS)
    )
    condition = "{% if city %}Greetings to {{ city }}.{% endif %}" if with_condition else "{{ city }}"
    html = (
        f"<!doctype html><html><body><h1>Hello {{{{ first_name }}}}</h1><p>{condition}</p><table>{rows}</table>"
        '<p>{{ postal_address }}</p><p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>'
    )
    return MailTemplate(
        subject="{{ first_name }}, the spring is here: zwölf Ideen",
        preview_text="Fresh things for {{ city }}",
        html=html,
        from_name="Müller & Söhne",
        from_email="news@mueller.example",
    )


def recipient(number: int) -> MailRecipient:
    """Return one of many people."""
    return MailRecipient(
        email=f"person{number}@example.org",
        delivery_id=number,
        message_id=f"<{number}.lux@mueller.example>",
        tokens=MailTokens.minted(KEY, number),
        data={"first_name": "Jürgen", "last_name": "Groß", "city": "Köln & Bonn", "custom": {"size": "L"}},
    )


def compiled(content: MailTemplate) -> CompiledMail:
    """Compile with all links tracked."""
    return compile_mail(
        content,
        links=collect_links(content.html).links,
        base_url="https://mail.mueller.example",
        postal_address="Müller & Söhne\nHauptstraße 1\n50667 Köln",
        list_id="news.mueller.example",
    )


def library_way(html: Template, subject: Template) -> Callable[[int], bytes]:
    """Return the obvious way: Liquid per recipient, then the standard library's EmailMessage."""

    def build(number: int) -> bytes:
        person = recipient(number)
        data = dict(person.data)
        message = EmailMessage()
        message["From"] = "Müller & Söhne <news@mueller.example>"
        message["To"] = person.email
        message["Subject"] = subject.render(data)
        message["Message-ID"] = person.message_id
        body = html.render(data)
        message.set_content("Hello")
        message.add_alternative(body, subtype="html")
        return message.as_bytes()

    return build


def microseconds(build: Callable[[int], bytes], seconds: float = 1.5) -> float:
    """Return CPU microseconds per call."""
    build(0)
    count, start = 0, time.process_time()
    while (spent := time.process_time() - start) < seconds:
        for _ in range(20):
            count += 1
            build(count)
    return spent / count * 1e6


def main() -> None:
    """Print the table."""
    fast, slow = compiled(template(with_condition=False)), compiled(template(with_condition=True))
    content = template(with_condition=True)
    library = library_way(
        compile_template(content.html, field="html", html=True),
        compile_template(content.subject, field="subject", html=False),
    )
    signer = DkimSigner(domain="mueller.example", selector="lux", private_key=generate_key())
    message = fast.build(recipient(1), at=AT)
    rows = {
        "compiled slots": microseconds(lambda n: fast.build(recipient(n), at=AT)),
        "Liquid + our MIME": microseconds(lambda n: slow.build(recipient(n), at=AT)),
        "Liquid + EmailMessage": microseconds(library),
        "DKIM RSA-2048 alone": microseconds(lambda _n: signer.sign(message, at=AT)),
        "compiled slots + DKIM": microseconds(lambda n: signer.sign(fast.build(recipient(n), at=AT), at=AT)),
    }
    print(f"message: {len(message):,} bytes, {LINKS} tracked links, fast path: {fast.is_fast}/{slow.is_fast}")
    for name, cost in rows.items():
        print(f"{name:24} {cost:9.1f} us  {1e6 / cost:9.0f} /s per core")
    ratio = rows["Liquid + EmailMessage"] / rows["compiled slots"]
    print(f"compiled slots are {ratio:.1f} times as fast as Liquid + EmailMessage")


if __name__ == "__main__":
    main()
