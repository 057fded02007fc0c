"""Takes an HTML page apart as far as somebody without a script uses it: headings, words, links, forms, figures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from html.parser import HTMLParser
from typing import Final

VOID: Final = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
SILENT: Final = frozenset({"script", "style", "template", "svg"})  # nobody reads what stands in them
BLOCKS: Final = frozenset({
    "button", "dd", "div", "dl", "dt", "form", "h1", "h2", "h3", "h4", "header", "label", "li", "main", "nav", "ol",
    "option", "p", "section", "table", "td", "th", "tr", "ul",
})  # fmt: skip


class PageError(Exception):
    """The page is not what was expected; the message says what stands there instead."""


@dataclass
class Element:
    """One element with what is in it."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        """Return an attribute."""
        return self.attributes.get(name, default)

    def has(self, name: str) -> bool:
        """Say whether an attribute is there, with or without a value."""
        return name in self.attributes

    def all(self, *tags: str) -> list[Element]:
        """Return every element below with one of these names, in order."""
        return [one for one in self.everything() if one.tag in tags]

    @property
    def text(self) -> str:
        """Return the words people see, in one line."""
        return re.sub(r"\s+", " ", self.words()).strip()

    def words(self) -> str:
        """Return the words with the spaces of the source, parted where blocks part them."""
        if self.tag in SILENT:
            return ""
        inner = "".join(child if isinstance(child, str) else child.words() for child in self.children)
        return f" {inner} " if self.tag in BLOCKS else inner

    def words_in(self, name: str) -> str:
        """Return the words of the first element below with this class; empty when there is none."""
        return next((one.text for one in self.everything() if name in one.get("class").split()), "")

    def everything(self) -> Iterator[Element]:
        """Yield every element below, in order."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.everything()

    @property
    def raw(self) -> str:
        """Return the text with its line breaks, as a textarea holds it."""
        return "".join(child if isinstance(child, str) else child.raw for child in self.children)


class _Builder(HTMLParser):
    """Builds the tree; what is not closed is closed by its parent's end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(made)
        if tag not in VOID:
            self._open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if any(one.tag == tag for one in self._open[1:]):
            while self._open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


@dataclass
class Form:
    """A form with what it holds; `fill` types into it, the browser submits it."""

    element: Element
    action: str
    method: str
    is_multipart: bool
    values: list[tuple[str, str]]
    options: dict[str, list[tuple[str, str]]]  # of selects, radio buttons and checkboxes: (value, words)

    @property
    def names(self) -> set[str]:
        """Return the fields a person could fill in, also those that hold nothing yet."""
        inputs = {one.get("name") for one in self.element.all("input", "select", "textarea", "button")}
        return inputs - {""}

    def value(self, name: str) -> str:
        """Return what a field holds now; empty when nothing."""
        return next((value for key, value in self.values if key == name), "")

    def fill(self, **fields: str | list[str]) -> Form:
        """Type into fields; raises PageError when there is no such field. `a__b` stands for `a.b`."""
        for key, value in fields.items():
            self.set(key.replace("__", "."), value)
        return self

    def set(self, name: str, value: str | list[str]) -> Form:
        """Type into one field, or choose several of its values."""
        if name not in self.names:
            raise PageError(f"the form for {self.action} has no field “{name}”; it has {', '.join(sorted(self.names))}")
        wanted = value if isinstance(value, list) else [value]
        place = next((at for at, (key, _old) in enumerate(self.values) if key == name), len(self.values))
        others = [(key, old) for key, old in self.values if key != name]
        self.values = [*others[:place], *((name, one) for one in wanted), *others[place:]]
        return self

    def choose(self, name: str, words: str) -> Form:
        """Choose the option that says these words (or begins with them); raises PageError."""
        found = [value for value, label in self.options.get(name, []) if label.startswith(words)]
        if not found:
            offered = "; ".join(label for _value, label in self.options.get(name, [])) or "nothing"
            raise PageError(f"“{name}” offers no “{words}”, only: {offered}")
        return self.set(name, found[0])


class Page:
    """One answer of the server."""

    def __init__(self, url: str, status: int, headers: Message, body: bytes) -> None:
        """Take the answer apart when it is HTML."""
        self.url, self.status, self.headers, self.body = url, status, headers, body
        self.root = Element("", {})
        if headers.get_content_type() == "text/html":
            builder = _Builder()
            builder.feed(body.decode("utf-8", "replace"))
            builder.close()
            self.root = builder.root

    @property
    def heading(self) -> str:
        """Return the page's heading."""
        return next((one.text for one in self.root.all("h1")), "")

    @property
    def text(self) -> str:
        """Return the words of the page's main part."""
        return (self.root.all("main") or [self.root])[0].text

    @property
    def forms(self) -> list[Form]:
        """Return every form, as it stands."""
        return [_form(one, self.url) for one in self.root.all("form")]

    def form(self, action: str = "", *, has: str = "") -> Form:
        """Return the form whose action ends so, or that has such a field; raises PageError."""
        for one in self.forms:
            path = one.action.partition("?")[0]
            if one.method == "post" and (not action or path.endswith(action)) and (not has or has in one.names):
                return one
        raise self.lacks(f"no form {action or 'with ' + has}")

    def link(self, part: str) -> str:
        """Return the first link whose address contains this; raises PageError."""
        for one in self.root.all("a"):
            if part in one.get("href"):
                return one.get("href")
        raise self.lacks(f"no link to {part}")

    def by_id(self, name: str) -> Element | None:
        """Return the element with this id."""
        return next((one for one in self.root.everything() if one.get("id") == name), None)

    def figures(self) -> dict[str, str]:
        """Return the page's figures: key → its words (elements with `data-figure`)."""
        found: dict[str, str] = {}
        for one in self.root.all("div"):
            if one.has("data-figure"):
                shown = [child for child in one.children if not _is_fold(child)]
                found[one.get("data-figure")] = Element("div", {}, shown).text
        return found

    def says(self, words: str) -> bool:
        """Say whether the page shows these words."""
        return words in self.text

    @property
    def complaints(self) -> str:
        """Return what the page says is wrong with what was sent, or nothing."""
        found = [one.text for one in self.root.all("div", "p") if _has_class(one, "error-summary", "field-error")]
        if self.status >= 400 and not found:
            found = [self._problem() or f"{self.heading} {self.text[:300]}"]
        return " ".join(dict.fromkeys(found))

    def lacks(self, what: str) -> PageError:
        """Return an error that says what is missing on this page, and what the page says."""
        return PageError(f"{what} on {self.url} ({self.status}, “{self.heading}”). {self.complaints}".strip())

    def _problem(self) -> str:
        if self.headers.get_content_subtype() not in {"json", "problem+json"}:
            return ""
        told = json.loads(self.body)
        return f"{told.get('title', '')} {told.get('detail', '')}".strip()


def _is_fold(child: Element | str) -> bool:
    return isinstance(child, Element) and child.tag == "details"


def _has_class(element: Element, *names: str) -> bool:
    return bool(set(element.get("class").split()) & set(names))


def _form(element: Element, url: str) -> Form:
    options: dict[str, list[tuple[str, str]]] = {}
    labels = {id(box): one.text for one in element.all("label") for box in one.all("input")}
    values: list[tuple[str, str]] = []
    for one in element.all("input", "select", "textarea"):
        name, kind = one.get("name"), one.get("type", "text").lower()
        if not name or one.has("disabled"):
            continue
        if one.tag == "select":
            choices = [(o.get("value", o.text), o) for o in one.all("option")]
            options[name] = [(value, o.text) for value, o in choices]
            chosen = [value for value, o in choices if o.has("selected")]
            is_single = not one.has("multiple")
            values += [(name, value) for value in chosen or [value for value, _o in choices[:1] if is_single]]
        elif one.tag == "textarea":
            values.append((name, one.raw.removeprefix("\n")))
        elif kind in {"checkbox", "radio"}:
            options.setdefault(name, []).append((one.get("value", "on"), labels.get(id(one), "")))
            values += [(name, one.get("value", "on"))] if one.has("checked") else []
        elif kind not in {"submit", "button", "image", "reset", "file"}:
            values.append((name, one.get("value")))
    method, action = element.get("method", "get").lower(), element.get("action") or url
    return Form(element, action, method, "multipart" in element.get("enctype"), values, options)
