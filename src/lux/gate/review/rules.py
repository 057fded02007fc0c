"""Review rules as people write them: read from the file of built-in ones, or made of what a company entered."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lux.gate.review.phrases import Phrase, PhraseFault, parse
from lux.kit.errors import FieldProblem, InvalidInput
from lux.kit.i18n import gettext as _

FILE: Final = Path(__file__).with_name("rules.yaml")
SEVERITIES: Final = ("block", "warn", "info")
NEEDS: Final = ("postal_address", "unsubscribe_link", "words")  # what may be asked for
NAMES: Final = frozenset(
    {"code", "severity", "name", "why", "message", "fix", "phrases", "unless", "needs", "channels", "kinds"}
)
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{2,63}")
# What a kind sends again and again is judged as that: its runs leave under the one yes, looked at only once.
SENDS: Final[Mapping[str, str]] = {"series": "email_campaign"}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule: what is looked for, what makes it harmless, and what is said when it is found."""

    code: str
    severity: str  # block | warn | info
    name: str
    message: str
    fix: str = ""
    why: str = ""
    phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by language; all of them are looked for
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # one of these anywhere, and nothing is said
    needs: str = ""  # one of NEEDS: said when it is NOT there; "words" = one of the phrases
    channels: tuple[str, ...] = ()  # () = all
    kinds: tuple[str, ...] = ()  # () = all
    is_own: bool = False  # written by the company, in its own words

    def applies(self, *, kind: str, channel: str) -> bool:
        """Say whether the rule is about such an act."""
        is_of_kind = not self.kinds or kind in self.kinds or SENDS.get(kind) in self.kinds
        return is_of_kind and (not self.channels or channel in self.channels)

    def words(self) -> tuple[str, str]:
        """Return message and fix as the present reader sees them; a company's own are as they were written."""
        if self.is_own:
            return self.message, self.fix
        return _(self.message), _(self.fix) if self.fix else ""


@functools.cache
def built_in() -> tuple[Rule, ...]:
    """Return the rules that come with LUX."""
    import yaml  # here, because most processes never ask

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return tuple(rule_from(row) for row in yaml.load(FILE.read_text(encoding="utf-8"), Loader=loader))  # noqa: S506 - a safe loader


def rule_from(row: Mapping[str, Any]) -> Rule:
    """Return a rule of the file; raises ValueError naming the rule and what is wrong in it."""
    code = str(row.get("code", ""))
    faults = [f"unknown: {name}" for name in sorted(set(row) - NAMES)]
    if not _CODE.fullmatch(code):
        faults.append("code: lower-case letters, digits and _, 3 to 64 of them")
    if row.get("severity") not in SEVERITIES:
        faults.append(f"severity: one of {', '.join(SEVERITIES)}")
    if row.get("needs", "words") not in NEEDS:
        faults.append(f"needs: one of {', '.join(NEEDS)}")
    faults += [f"{name}: missing" for name in ("name", "why", "message", "fix") if not str(row.get(name, "")).strip()]
    if not row.get("phrases") and row.get("needs", "words") == "words":
        faults.append("phrases: missing")
    lists: dict[str, Any] = {
        name: {lang: tuple(said) for lang, said in (row.get(name) or {}).items()} for name in ("phrases", "unless")
    }
    for name, by_language in lists.items():
        for language, said in by_language.items():
            faults += [f"{name}.{language}: {fault}" for fault in _faults(said)]
    if faults:
        raise ValueError(f"rule {code or '?'}: {'; '.join(faults)}")
    values: dict[str, Any] = {name: " ".join(str(row[name]).split()) for name in ("name", "why", "message", "fix")}
    values |= {name: tuple(row.get(name) or ()) for name in ("channels", "kinds")}
    return Rule(code=code, severity=row["severity"], needs=row.get("needs", ""), **values, **lists)


def in_readers_words(findings: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """Return stored findings, those of built-in rules in the words of the present reader; others keep their own."""
    rows = list(findings)
    known = {rule.code: rule.words() for rule in built_in()} if rows else {}
    return [
        {**row, "message": known[row["code"]][0], "fix": known[row["code"]][1]} if row.get("code") in known else row
        for row in rows
    ]


def parsed(phrases: Iterable[str]) -> list[Phrase]:
    """Return the phrases ready to be looked for; raises PhraseFault."""
    return [parse(one) for one in phrases]


def check_lines(field_name: str, lines: Sequence[str]) -> list[FieldProblem]:
    """Return what is wrong with phrases that a person entered, each with its line."""
    found = []
    for number, line in enumerate(lines, 1):
        try:
            parse(line)
        except PhraseFault as fault:
            words = _("Line %(n)s, “%(line)s”: %(what)s", n=number, line=line[:60], what=fault.message)
            found.append(FieldProblem(field=field_name, message=words, fix=fault.fix))
    return found


def refuse(problems: Sequence[FieldProblem]) -> None:
    """Raise InvalidInput when there are problems."""
    if problems:
        raise InvalidInput(_("Some fields need your attention."), problems=list(problems))


def _faults(lines: Iterable[str]) -> list[str]:
    faults = []
    for line in lines:
        try:
            parse(line)
        except PhraseFault as fault:
            faults.append(f"{line!r} {fault.message}")
    return faults
