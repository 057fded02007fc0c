"""Looks at the elements of a mail's HTML: pictures, links, and what mail programs drop."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from lux.kit.i18n import gettext as _
from lux.render.findings import Finding, Severity
from lux.render.held import Held, hold
from lux.render.links import is_web
from lux.render.markup import TAG, Piece, pieces
from lux.render.problems import place
from lux.render.shape import FOREIGN

DROPPED = FOREIGN | {"audio", "embed", "form", "input", "object", "video"}
OTHER_SCHEMES = ("mailto:", "tel:", "sms:")
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104 - compared, not bound

Problem = tuple[str, Severity, str, str]  # code, severity, message, fix


def inspect_markup(source: str) -> list[Finding]:
    """Return what is wrong with the pictures, links and elements; raises TemplateProblem."""
    held = hold(source, field="html")
    findings = []
    link: tuple[Piece, int] | None = None  # the open link and where its content begins
    for piece in pieces(held.text):
        if piece.kind != TAG:
            continue
        if piece.name == "a":
            if link is not None and piece.is_closing and not _says_something(held, link[1], piece.start):
                findings.append(_finding(held, source, link[0], _silent_link()))
            link = (piece, piece.end) if not piece.is_closing and piece.get("href") else None
        if not piece.is_closing:
            findings += [_finding(held, source, piece, problem) for problem in _problems(held, piece)]
    return findings


def _problems(held: Held, piece: Piece) -> Iterator[Problem]:
    if piece.name == "img":
        yield from _picture(held, piece)
    elif piece.name in {"a", "area"}:
        yield from _link(held, piece)
    elif piece.name in DROPPED:
        message = _("Mail programs drop <%(name)s>.", name=piece.name)
        yield "element_dropped", Severity.WARNING, message, _("Use a picture with a link instead.")
    elif piece.name == "link" and "stylesheet" in (piece.get("rel") or ""):
        message = _("Linked stylesheets are not loaded by mail programs.")
        yield "stylesheet_linked", Severity.WARNING, message, _("Put the CSS into <style>.")
    elif piece.name == "html" and not piece.get("lang"):
        message = _("The language of the mail is not named; screen readers need it.")
        yield "language_missing", Severity.INFO, message, _('Write <html lang="en">.')


def _picture(held: Held, piece: Piece) -> Iterator[Problem]:
    if piece.get("alt") is None:
        message = _("The picture has no alternative text.")
        fix = _('Say in alt="…" what it shows; alt="" if it is only decoration.')
        yield "alt_missing", Severity.WARNING, message, fix
    address = (piece.get("src") or "").strip()
    if held.has_mark(address):
        return
    if address.startswith("data:"):
        message = _("The picture is inside the mail's text; Gmail does not show that.")
        yield "picture_embedded", Severity.WARNING, message, _("Upload it to the media library.")
    elif not is_web(address):
        message = _("The picture's address is not complete, so nobody will see it.")
        yield "picture_address", Severity.ERROR, message, _("Use an address that begins with https://.")
    elif address.startswith("http:"):
        message = _("The picture is loaded without encryption; many mail programs block that.")
        yield "picture_insecure", Severity.WARNING, message, _("Use an address that begins with https://.")


def _link(held: Held, piece: Piece) -> Iterator[Problem]:
    target = piece.get("href")
    if target is None or held.has_mark(target):
        return
    address = target.strip()
    if address in {"", "#"}:
        yield "link_empty", Severity.WARNING, _("The link leads nowhere."), _("Give it an address.")
    elif address.startswith(("#", *OTHER_SCHEMES)):
        return
    elif not is_web(address):
        message = _("“%(address)s” is not an address a mail can link to.", address=address[:80])
        yield "link_address", Severity.ERROR, message, _("Use an address that begins with https://.")
    elif (urlsplit(address).hostname or "") in LOCAL_HOSTS or " " in address:
        message = _("“%(address)s” can't be reached by others.", address=address[:80])
        yield "link_unreachable", Severity.ERROR, message, _("Use a public address.")
    elif address.startswith("http:"):
        message = _("The link is not encrypted.")
        yield "link_insecure", Severity.INFO, message, _("Use https:// where the site offers it.")


def _says_something(held: Held, start: int, end: int) -> bool:
    text = held.text[start:end]
    position = 0
    words = []
    for piece in pieces(text):
        words.append(text[position : piece.start])
        words.append((piece.get("alt") or piece.get("title") or "") if piece.kind == TAG else "")
        position = piece.end
    return bool("".join([*words, text[position:]]).strip())


def _silent_link() -> Problem:
    message = _("The link has no text, so a screen reader has nothing to say.")
    return "link_silent", Severity.WARNING, message, _("Add words, or an alternative text to its picture.")


def _finding(held: Held, source: str, piece: Piece, problem: Problem) -> Finding:
    code, severity, message, fix = problem
    return Finding(
        code=code,
        severity=severity,
        message=message,
        field="html",
        line=place(source, held.source_index(piece.start))[0],
        tag=held.put_back(held.text[piece.start : piece.end])[:120],
        fix=fix,
    )
