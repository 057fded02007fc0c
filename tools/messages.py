"""Collect every sentence that people may see into a template for translators: `make messages`.

Besides what code and templates hand to gettext these are the words that an error has from its docstring, and
those of the built-in review rules.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import write_po

import lux
from lux.gate.review.rules import FILE, built_in
from lux.kit.errors import LuxError

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src" / "lux"
TEMPLATE = ROOT / "dist" / "lux.pot"
METHODS = [("**/migrations/**", "ignore"), ("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {**DEFAULT_KEYWORDS, "lazy_gettext": None}
OPTIONS = {"**/templates/**.html": {"extensions": "jinja2.ext.do", "trim_blocks": "true", "lstrip_blocks": "true"}}


def collect() -> Catalog:
    """Return all sentences with the places where they stand."""
    catalogue = Catalog(project="LUX", version=lux.__version__, fuzzy=False)
    found = extract_from_dir(str(SOURCES), METHODS, OPTIONS, KEYWORDS)
    for name, line, message, comments, context in found:
        catalogue.add(message, None, [(f"src/lux/{name}", line)], auto_comments=comments, context=context)
    for rule in built_in():
        for words in (rule.name, rule.why, rule.message, rule.fix):
            catalogue.add(words, None, [(FILE.relative_to(ROOT).as_posix(), 0)])
    for kind in errors():
        place = Path(inspect.getfile(kind)).relative_to(ROOT).as_posix()
        catalogue.add(kind.default_words(), None, [(place, inspect.getsourcelines(kind)[1])])
    return catalogue


def errors() -> Iterator[type[LuxError]]:
    """Yield every kind of error that speaks to people."""
    for module in pkgutil.walk_packages(lux.__path__, "lux."):
        if not module.name.startswith(("lux.migrations", "lux.__main__")):
            importlib.import_module(module.name)
    waiting: list[type[LuxError]] = [LuxError]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if kind.__module__.startswith("lux."):
            yield kind


def main(arguments: list[str]) -> int:
    """Write the template, by default into dist; return the exit code."""
    target = Path(arguments[0]) if arguments else TEMPLATE
    target.parent.mkdir(parents=True, exist_ok=True)
    catalogue = collect()
    with target.open("wb") as file:
        write_po(file, catalogue, sort_output=True)
    print(f"lux: {len(catalogue)} messages in {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
