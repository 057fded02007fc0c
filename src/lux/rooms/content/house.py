"""The merge fields that stand for the company and its brand, filled in before a person says yes.

What is approved is what is sent: a brand colour or a company name that changes later must not
change an approved mail. So `freeze` puts their values into the source and leaves what belongs to
the recipient for later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lux.identity import companies
from lux.kit.i18n import gettext as _
from lux.ports.contributions import MergeField
from lux.render.liquid import compile_template
from lux.render.plaintext import LITERAL_BRACE
from lux.render.scanner import OUTPUT, TAG, Construct

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

House = Mapping[str, Mapping[str, str]]  # {"brand": {"primary_color": "#7C3AED"}, "company": {"name": "…"}}

SANS = "Arial, Helvetica, sans-serif"
# What a company without a brand kit writes in; those of the brand form.
BRAND = {
    "primary_color": "#7C3AED",
    "accent_color": "#0E7490",
    "background_color": "#FFFFFF",
    "text_color": "#1F2937",
    "heading_font": SANS,
    "body_font": SANS,
}
OPENERS = {"if": "endif", "unless": "endunless", "case": "endcase"}
BRANCHES = frozenset({"elsif", "when"})
_SHELLS = {
    "if": "{{% if {0} %}}{{% endif %}}",
    "elsif": "{{% if {0} %}}{{% endif %}}",
    "unless": "{{% unless {0} %}}{{% endunless %}}",
    "case": "{{% case {0} %}}{{% when 1 %}}{{% endcase %}}",
    "when": "{{% case 1 %}}{{% when {0} %}}{{% endcase %}}",
}


def values(session: Session) -> House:
    """Return the company's values, with a default for what its brand kit leaves open."""
    company = companies.current(session)
    brand = {name: str(company.brand.get(name) or default) for name, default in BRAND.items()}
    brand["on_primary_color"] = readable_on(brand["primary_color"])
    brand["on_accent_color"] = readable_on(brand["accent_color"])
    return {"brand": brand, "company": {"name": company.name, "website": company.website}}


def fields(house: House) -> list[MergeField]:
    """Return the merge fields with the company's values as examples."""
    labels = {
        "brand.primary_color": _("Brand: main colour"),
        "brand.on_primary_color": _("Brand: text on the main colour"),
        "brand.accent_color": _("Brand: second colour"),
        "brand.on_accent_color": _("Brand: text on the second colour"),
        "brand.background_color": _("Brand: background"),
        "brand.text_color": _("Brand: text"),
        "brand.heading_font": _("Brand: font of headings"),
        "brand.body_font": _("Brand: font of text"),
        "company.name": _("Your company’s name"),
        "company.website": _("Your company’s website"),
    }
    return [
        MergeField(name=name, label=label, example=house[name.split(".")[0]].get(name.split(".")[1], ""))
        for name, label in labels.items()
    ]


def readable_on(colour: str) -> str:
    """Return black or white, whichever can be read better on a colour like #7C3AED (WCAG 2.2, relative luminance)."""
    try:
        red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    except ValueError:
        return "#000000"

    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)

    luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    return "#FFFFFF" if 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 else "#000000"


def freeze(source: str, house: House, *, field: str, html: bool) -> str:
    """Return the source with the company's values in it; raises TemplateProblem when its Liquid is broken.

    Filled are outputs, and decided are `if`, `unless` and `case`, that name nothing else.
    """
    template = compile_template(source, field=field, html=html)
    if not any(f"{root}." in source for root in house):
        return source
    shadowed = {str(name) for name in template.analysis.locals}
    known = {f"{root}.{name}" for root, inner in house.items() if root not in shadowed for name in inner}
    parts = template.constructs
    mine = _Sorter(source, known).sort(parts)
    prefix = "lqf"
    while prefix in source.lower() or any(
        prefix in text.lower() for inner in house.values() for text in inner.values()
    ):
        prefix += "q"
    brace = f"{prefix}bz"
    pieces, position = [], 0
    for number, construct in enumerate(parts):
        kept = f"{prefix}{number}z" if number not in mine else source[construct.start : construct.end]
        pieces += [source[position : construct.start], kept]
        position = construct.end
    held = "".join([*pieces, source[position:]])
    safe = {root: {name: text.replace("{", brace) for name, text in inner.items()} for root, inner in house.items()}
    filled = compile_template(held, field=field, html=html).render(safe)
    for number, construct in enumerate(parts):
        if number not in mine:
            filled = filled.replace(f"{prefix}{number}z", source[construct.start : construct.end], 1)
    return filled.replace(brace, LITERAL_BRACE)


@dataclass
class _Block:
    """An open if, unless or case (or another block), and whether its conditions name the company alone."""

    name: str
    members: list[int]
    is_mine: bool


class _Sorter:
    """Tells which constructs name nothing but the company's values."""

    def __init__(self, source: str, known: set[str]) -> None:
        self.source = source
        self.known = known
        self.open: list[_Block] = []
        self.mine: set[int] = set()

    def sort(self, parts: tuple[Construct, ...]) -> set[int]:
        """Return the numbers of the constructs to be filled."""
        for number, construct in enumerate(parts):
            if construct.kind == OUTPUT:
                if self._names_only(self.source[construct.start : construct.end]):
                    self.mine.add(number)
            elif construct.kind == TAG:
                self._tag(number, construct)
        return self.mine

    def _tag(self, number: int, construct: Construct) -> None:
        name = construct.name
        if name in OPENERS or name in {"for", "capture", "comment"}:
            is_mine = name in OPENERS and self._names_only(_SHELLS[name].format(construct.body))
            self.open.append(_Block(name=name, members=[number], is_mine=is_mine))
        elif name.startswith("end") and self.open:
            block = self.open.pop()
            if block.is_mine:
                self.mine.update([*block.members, number])
        elif name in BRANCHES | {"else"} and self.open:
            block = self.open[-1]
            block.members.append(number)
            if name in BRANCHES:
                snippet = _SHELLS[name].format(construct.body)
                block.is_mine = block.is_mine and self._names_only(snippet, also_nothing=name == "when")

    def _names_only(self, snippet: str, *, also_nothing: bool = False) -> bool:
        names = {found.name for found in compile_template(snippet, field="source", html=False).fields()}
        return names <= self.known and (bool(names) or also_nothing)
