"""Compiles a mail once and builds each recipient's message from it: MIME, headers, tracking, one-click unsubscribe."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lux.kit import clock
from lux.kit.i18n import gettext as _
from lux.render import headers, tokens
from lux.render.addresses import wire_address
from lux.render.frame import with_open_picture, with_preview, with_trap
from lux.render.links import TrackedLink, track_links
from lux.render.liquid import PlainValue, compile_template
from lux.render.plaintext import text_from_html
from lux.render.problems import TemplateProblem
from lux.render.slots import Part, SegmentPart, cut_into_slots, part_of

PART_HEAD = b"Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
ONE_CLICK = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"

_NOT_IN_LIST_ID = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, kw_only=True)
class MailTemplate:
    """The content of a mail as it was approved; texts are Liquid, the HTML is finished (MJML is compiled)."""

    subject: str
    html: str
    from_name: str
    from_email: str
    text: str = ""  # empty = made from the HTML
    preview_text: str = ""
    reply_to: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class MailTokens:
    """The keyed tokens of one delivery, one per purpose."""

    open: str
    click: str
    unsubscribe: str
    view: str
    trap: str = ""

    @classmethod
    def minted(cls, key: bytes, delivery_id: int) -> MailTokens:
        """Mint all of them."""
        return cls(
            open=tokens.mint(key, tokens.OPEN, delivery_id),
            click=tokens.mint(key, tokens.CLICK, delivery_id),
            unsubscribe=tokens.mint(key, tokens.UNSUBSCRIBE, delivery_id),
            view=tokens.mint(key, tokens.VIEW, delivery_id),
            trap=tokens.mint(key, tokens.TRAP, delivery_id),
        )


@dataclass(frozen=True, kw_only=True)
class MailRecipient:
    """One person, with what their copy is made of."""

    email: str
    delivery_id: int
    message_id: str  # <left@right>
    tokens: MailTokens
    data: Mapping[str, PlainValue] = field(default_factory=dict)
    name: str = ""


class CompiledMail:
    """A mail ready to be built per recipient; make it with `compile_mail`."""

    def __init__(
        self,
        *,
        parts: Sequence[tuple[str, Part]],
        subject: Callable[[Mapping[str, PlainValue]], bytes],
        head: bytes,
        base_url: str,
        postal_address: str,
        has_one_click: bool,
    ) -> None:
        self._parts = tuple(parts)
        self._subject = subject
        self._head = head
        self._base_url = base_url
        self._address_lines = [line.strip() for line in postal_address.splitlines() if line.strip()]
        self._has_one_click = has_one_click
        self._boundary = b"=_lux_" + hashlib.blake2s(head, digest_size=12).hexdigest().encode()

    @property
    def is_fast(self) -> bool:
        """Say whether every part is filled without Liquid."""
        return all(isinstance(part, SegmentPart) for _subtype, part in self._parts)

    def data_for(self, recipient: MailRecipient) -> dict[str, PlainValue]:
        """Return the merge data of a recipient: their own, and what LUX adds and no one can override."""
        return {
            **recipient.data,
            "unsubscribe_url": f"{self._base_url}/u/{recipient.tokens.unsubscribe}",
            "view_url": f"{self._base_url}/v/{recipient.tokens.view}",
            "postal_address": ", ".join(self._address_lines),
            "lux": {
                "click": f"{self._base_url}/c/{recipient.tokens.click}",
                "open": f"{self._base_url}/o/{recipient.tokens.open}.gif",
                "trap": f"{self._base_url}/t/{recipient.tokens.trap}",
            },
        }

    def build(self, recipient: MailRecipient, *, at: datetime | None = None) -> bytes:
        """Return the message (RFC 5322, CRLF, not dot-stuffed); raises InvalidInput for an unusable address."""
        data = self.data_for(recipient)
        lines = [
            headers.address_header("To", wire_address(recipient.email), recipient.name),
            self._subject(data),
            headers.date_header(at or clock.now()),
            headers.message_id_header(recipient.message_id),
        ]
        if self._has_one_click:
            lines.append(headers.plain_header("List-Unsubscribe", f"<{data['unsubscribe_url']}>"))
            lines.append(ONE_CLICK)
        return b"".join([self._head, *lines, self._body(data)])

    def _body(self, data: dict[str, PlainValue]) -> bytes:
        bodies = []
        for subtype, part in self._parts:
            separator = "\n" if subtype == "plain" else ", "
            encoded = part.encoded({**data, "postal_address": separator.join(self._address_lines)})
            bodies.append(PART_HEAD % subtype.encode() + b"\r\n" + encoded + b"\r\n")
        return joined(bodies, self._boundary)


def joined(bodies: Sequence[bytes], boundary: bytes) -> bytes:
    """Return one part as it is, several as multipart/alternative."""
    if len(bodies) == 1:
        return bodies[0]
    start = b'Content-Type: multipart/alternative; boundary="' + boundary + b'"\r\n\r\n'
    return start + b"".join(b"--" + boundary + b"\r\n" + body for body in bodies) + b"--" + boundary + b"--\r\n"


def compile_mail(
    template: MailTemplate,
    *,
    base_url: str,
    links: Sequence[TrackedLink] = (),
    track_opens: bool = True,
    track_clicks: bool = True,
    postal_address: str = "",
    list_id: str = "",
    one_click: bool = True,
) -> CompiledMail:
    """Compile a mail; raises TemplateProblem or InvalidInput naming the field.

    Links over the tracking address are those of `links` only; `list_id` is a dotted name that belongs to the list.
    """
    html = with_preview(template.html, template.preview_text) if template.html.strip() else ""
    text = template.text if template.text.strip() else text_from_html(template.html)
    if not html and not text.strip():
        raise TemplateProblem(_("The mail has no content."), field="html", fix=_("Write something."))
    if html and track_clicks:
        html = track_links(html, links)
    if html and (track_opens or track_clicks):
        html = with_trap(html)
    if html and track_opens:
        html = with_open_picture(html)
    parts = [("plain", part_of(compile_template(text, field="text", html=False), html=False))]
    if html:
        parts.append(("html", part_of(compile_template(html, field="html", html=True), html=True)))
    return CompiledMail(
        parts=parts,
        subject=_subject_writer(template.subject),
        head=_static_head(template, list_id),
        base_url=base_url.rstrip("/"),
        postal_address=postal_address,
        has_one_click=one_click,
    )


def simple_mail(
    *,
    from_name: str,
    from_email: str,
    to_email: str,
    message_id: str,
    subject: str,
    text: str,
    html: str = "",
    reply_to: str = "",
    at: datetime | None = None,
) -> bytes:
    """Return a message of finished texts, without merge fields or tracking: for system mails."""
    template = MailTemplate(subject="", html="", from_name=from_name, from_email=from_email, reply_to=reply_to)
    head = _static_head(template, "") + headers.plain_header("Auto-Submitted", "auto-generated")
    parts = [("plain", SegmentPart([text], [], html=False))]
    if html:
        parts.append(("html", SegmentPart([html], [], html=True)))
    mail = CompiledMail(
        parts=parts,
        subject=lambda _data: headers.text_header("Subject", subject),
        head=head,
        base_url="",
        postal_address="",
        has_one_click=False,
    )
    blank = MailTokens(open="", click="", unsubscribe="", view="")
    recipient = MailRecipient(email=to_email, delivery_id=0, message_id=message_id, tokens=blank)
    return mail.build(recipient, at=at)


def _subject_writer(source: str) -> Callable[[Mapping[str, PlainValue]], bytes]:
    headers.check_line(source, field="subject")
    template = compile_template(source, field="subject", html=False)
    if not template.constructs:
        ready = headers.text_header("Subject", source)
        return lambda _data: ready
    cut = cut_into_slots(template)
    if cut is None:
        return lambda data: headers.text_header("Subject", template.render(data))
    segments, slots = cut

    def filled(data: Mapping[str, PlainValue]) -> bytes:
        values = (*(slot.text(data, html=False) for slot in slots), "")
        pairs = zip(segments, values, strict=True)
        return headers.text_header("Subject", "".join(itertools.chain.from_iterable(pairs)))

    return filled


def _static_head(template: MailTemplate, list_id: str) -> bytes:
    name = headers.check_line(template.from_name, field="from_name")
    sender = wire_address(template.from_email, field="from_email")
    lines = [headers.address_header("From", sender, name)]
    if template.reply_to:
        lines.append(headers.address_header("Reply-To", wire_address(template.reply_to, field="reply_to")))
    if list_id:
        # It only has to stay the same (RFC 2919); an installation on [::1] has one too.
        lines.append(headers.plain_header("List-ID", f"<{_NOT_IN_LIST_ID.sub('-', list_id)[:200]}>"))
    lines.append(headers.extra_headers(template.headers))
    lines.append(b"MIME-Version: 1.0\r\n")
    return b"".join(lines)
