"""Finds the links of a mail that can be counted, and leads them over the tracking address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from lux.kit.i18n import gettext as _
from lux.render.findings import Finding, Severity
from lux.render.held import Held, hold
from lux.render.markup import TAG, Attribute, Piece, pieces
from lux.render.problems import place

# The merge field that holds "<base>/c/<token>"; a link's number follows it.
CLICK_FIELD = "lux.click"


@dataclass(frozen=True, kw_only=True)
class TrackedLink:
    """One target of a campaign; `no` counts from 1 and stands in the tracked address."""

    no: int
    url: str


@dataclass(frozen=True, kw_only=True)
class CollectedLinks:
    """The targets of a template in order of appearance, and what can't be counted."""

    links: tuple[TrackedLink, ...]
    findings: tuple[Finding, ...]


def collect_links(source: str, *, field: str = "html") -> CollectedLinks:
    """Return the distinct http(s) targets of a template's links; raises TemplateProblem."""
    held = hold(source, field=field)
    urls: dict[str, None] = {}
    findings: list[Finding] = []
    for piece, target in targets(held):
        if held.has_mark(target.value):
            if not _is_own(held.put_back(target.value)):
                findings.append(_uncounted(held, source, field, piece))
        elif is_web(target.value):
            urls.setdefault(target.value.strip())
    links = tuple(TrackedLink(no=number, url=url) for number, url in enumerate(urls, start=1))
    return CollectedLinks(links=links, findings=tuple(findings))


def numbered(urls: Sequence[str]) -> tuple[TrackedLink, ...]:
    """Return a stored list of targets as links numbered from 1."""
    return tuple(TrackedLink(no=number, url=url) for number, url in enumerate(urls, start=1))


def track_links(source: str, links: Iterable[TrackedLink], *, field: str = "html") -> str:
    """Return the template with each link of the table led over the tracking address; others stay as they are."""
    held = hold(source, field=field)
    numbers = {link.url: link.no for link in links}
    parts: list[str] = []
    position = 0
    for _piece, target in targets(held):
        number = numbers.get(target.value.strip())
        if number is not None:
            parts += (held.text[position : target.start], f"{{{{ {CLICK_FIELD} }}}}/{number}")
            position = target.end
    parts.append(held.text[position:])
    return held.put_back("".join(parts))


def is_web(url: str) -> bool:
    """Say whether a text is an absolute http or https address with a host."""
    try:
        parts = urlsplit(url.strip())
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def targets(held: Held) -> Iterator[tuple[Piece, Attribute]]:
    """Yield each link of a held template with the attribute that holds its target."""
    for piece in pieces(held.text):
        if piece.kind == TAG and piece.name in {"a", "area"} and not piece.is_closing:
            target = next((item for item in piece.attributes if item.name == "href"), None)
            if target is not None and target.value:
                yield piece, target


def _is_own(url: str) -> bool:
    """Say whether a link is one of ours or no web address: those are never counted."""
    inner = url.removeprefix("{{").removesuffix("}}").strip()
    own = {"unsubscribe_url", "preferences_url", "view_url"}
    return inner in own or url.startswith(("mailto:", "tel:", "sms:", "#"))


def _uncounted(held: Held, source: str, field: str, piece: Piece) -> Finding:
    tag = held.put_back(held.text[piece.start : piece.end])
    return Finding(
        code="link_not_counted",
        severity=Severity.INFO,
        message=_("Clicks on this link are not counted, because its address differs from person to person."),
        field=field,
        line=place(source, held.source_index(piece.start))[0],
        tag=tag,
        fix=_("Use a fixed address to have its clicks counted."),
    )
