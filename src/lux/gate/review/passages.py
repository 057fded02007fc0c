"""The words of an act that people will read, each with the part in which it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from lux.kit.i18n import gettext as _
from lux.ports.acts import QueuedAct, RunAutomation
from lux.render.plaintext import text_from_html

# In the order in which they are read; what is only quoted was written by somebody else.
READ: Final = ("subject", "name", "preview_text", "html", "text", "first_comment")
_NOTE: Final = re.compile(r" ?\[\d++\]")  # the number that our text gives a link
_URL: Final = re.compile(r"https?://[^\s<>\"')\]]++", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Passage:
    """One part of a message as people read it."""

    field: str
    text: str


def passages(act: QueuedAct) -> list[Passage]:
    """Return what people will read; raises InvalidInput for HTML that nobody can take apart."""
    found = [Passage(field=name, text=_shown(name, str(getattr(act, name, "")))) for name in READ]
    if isinstance(act, RunAutomation):
        found += [Passage(field="steps", text=one.text) for one in act.steps]
    return [one for one in found if one.text.strip()]


def links_of(act: QueuedAct) -> list[str]:
    """Return the addresses that an act leads to: its tracked links, and those written into its text."""
    bare = (str(getattr(act, name, "")) for name in ("text", "first_comment"))
    steps = (step.text for step in act.steps) if isinstance(act, RunAutomation) else ()
    written = [url for text in (*bare, *steps) for url in written_links(text)]
    return list(dict.fromkeys([*act.links, *written]))


def written_links(text: str) -> list[str]:
    """Return the web addresses that stand in a text as such."""
    return _URL.findall(text)


def hosts_of(urls: Iterable[str]) -> list[str]:
    """Return the hosts of web addresses, lower case, each once; those a merge field decides on are left out."""
    found: list[str] = []
    for url in urls:
        try:
            host = (urlsplit(url).hostname or "") if url.lower().startswith(("http://", "https://")) else ""
        except ValueError:  # no address at all
            continue
        if host and "{" not in host and host not in found:
            found.append(host)
    return found


def field_word(name: str) -> str:
    """Return the name of a part in the reader's language."""
    return {
        "subject": _("Subject"),
        "name": _("Name"),
        "preview_text": _("Preview text"),
        "html": _("Message"),
        "text": _("Text"),
        "first_comment": _("First comment"),
        "steps": _("Steps"),
        "pasted": _("Pasted text"),
    }.get(name, name)


def _shown(name: str, written: str) -> str:
    return _NOTE.sub("", text_from_html(written)) if name == "html" and written.strip() else written
