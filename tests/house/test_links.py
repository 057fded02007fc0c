"""A link in the docs leads somewhere."""

from __future__ import annotations

import re

from tests.house import sources

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)


def links(path):
    for target in LINK.findall(CODE.sub("", path.read_text(encoding="utf-8"))):
        if "://" not in target and not target.startswith(("#", "mailto:")):
            yield target.partition("#")[0]


def test_links_between_pages_lead_to_files():
    pages = [path for path in sources.project_files() if path.suffix == ".md"]
    broken = [
        f"{sources.name_of(page)}: {target}"
        for page in pages
        for target in links(page)
        if not (page.parent / target).exists()
    ]
    assert pages
    assert not broken
