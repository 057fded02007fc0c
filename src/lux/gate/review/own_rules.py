"""A company's own review rules: written, changed and removed by its admins, each change in the audit chain."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from lux.gate.review.models import ReviewRule
from lux.gate.review.rules import SEVERITIES, Rule, built_in, check_lines, refuse
from lux.identity.access import Person, Right
from lux.identity.trail import note
from lux.kit import clock
from lux.kit.errors import Conflict, FieldProblem, InvalidInput, NotFound
from lux.kit.i18n import gettext as _

MAX_RULES: Final = 100
MAX_PHRASES: Final = 50  # of one rule
_NO_LETTERS: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A rule as a person entered it."""

    name: str
    severity: str
    phrases: Sequence[str]
    unless: Sequence[str] = ()
    message: str = ""
    fix: str = ""


def listing(session: Session) -> Sequence[ReviewRule]:
    """Return the company's rules by name."""
    return session.scalars(select(ReviewRule).order_by(func.lower(ReviewRule.name), ReviewRule.id)).all()


def by_public_id(session: Session, public_id: uuid.UUID) -> ReviewRule:
    """Return one of the company's rules; raises NotFound."""
    found = session.scalar(select(ReviewRule).where(ReviewRule.public_id == public_id))
    if found is None:
        raise NotFound(_("This rule does not exist (any more)."))
    return found


def as_rules(session: Session) -> list[Rule]:
    """Return the company's rules ready to be looked for."""
    return [_rule(row) for row in listing(session)]


def add(session: Session, person: Person, draft: Draft) -> ReviewRule:
    """Store a new rule; raises InvalidInput naming the field and the line."""
    person.require(Right.MANAGE)
    problems = _problems(draft)
    code = f"own_{_NO_LETTERS.sub('_', _ascii(draft.name)).strip('_')}"[:64]
    rows = listing(session)
    if any(row.code == code or row.name.casefold() == draft.name.casefold() for row in rows):
        problems.append(_taken())
    refuse(problems)
    if len(rows) >= MAX_RULES:
        raise InvalidInput(
            field="name",
            message=_("A company has at most %(n)s rules of its own.", n=MAX_RULES),
            fix=_("Put phrases that mean the same into one rule."),
        )
    row = ReviewRule(code=code)
    _write(row, person, draft)
    session.add(row)
    session.flush()
    note(
        session, person.company_id, person, "review_rule.added", about=("review_rule", row.public_id), detail=_told(row)
    )
    return row


def change(session: Session, person: Person, public_id: uuid.UUID, draft: Draft, *, version: int) -> ReviewRule:
    """Change a rule; raises InvalidInput as `add`, Conflict when somebody changed it since it was shown."""
    person.require(Right.MANAGE)
    row = session.scalar(select(ReviewRule).where(ReviewRule.public_id == public_id).with_for_update())
    if row is None:
        raise NotFound(_("This rule does not exist (any more)."))
    if row.version != version:
        raise Conflict(_("Somebody changed this rule in the meantime."), fix=_("Load the page again."))
    problems = _problems(draft)
    if any(one.id != row.id and one.name.casefold() == draft.name.casefold() for one in listing(session)):
        problems.append(_taken())
    refuse(problems)
    before = _told(row)
    _write(row, person, draft)
    row.version += 1
    session.flush()
    detail = {"before": before, "after": _told(row)}
    note(session, person.company_id, person, "review_rule.changed", about=("review_rule", row.public_id), detail=detail)
    return row


def remove(session: Session, person: Person, public_id: uuid.UUID) -> str:
    """Remove a rule; returns its name."""
    person.require(Right.MANAGE)
    row = by_public_id(session, public_id)
    note(
        session,
        person.company_id,
        person,
        "review_rule.removed",
        about=("review_rule", row.public_id),
        detail=_told(row),
    )
    session.execute(delete(ReviewRule).where(ReviewRule.id == row.id))
    return row.name


def _problems(draft: Draft) -> list[FieldProblem]:
    problems = []
    if not draft.name.strip():
        problems.append(FieldProblem(field="name", message=_("A name is missing."), fix=_("Say what it looks for.")))
    if draft.severity not in SEVERITIES:
        fix = _("Choose one of the list.")
        problems.append(FieldProblem(field="severity", message=_("This severity does not exist."), fix=fix))
    if not draft.message.strip():
        fix = _("Say what the reviewer should know.")
        problems.append(FieldProblem(field="message", message=_("The words for the reviewer are missing."), fix=fix))
    if not draft.phrases:
        fix = _("Write at least one, each on a line of its own.")
        problems.append(FieldProblem(field="phrases", message=_("There are no phrases."), fix=fix))
    for name, lines in (("phrases", draft.phrases), ("unless", draft.unless)):
        if len(lines) > MAX_PHRASES:
            words = _("These are %(n)s lines; a rule has at most %(most)s.", n=len(lines), most=MAX_PHRASES)
            problems.append(FieldProblem(field=name, message=words, fix=_("Make two rules of it.")))
        problems += check_lines(name, lines[:MAX_PHRASES])
    if _NO_LETTERS.sub("", _ascii(draft.name)) == "" and draft.name.strip():
        fix = _("Use at least one letter or digit.")
        problems.append(FieldProblem(field="name", message=_("This name has no letters."), fix=fix))
    return problems


def _taken() -> FieldProblem:
    return FieldProblem(field="name", message=_("There is a rule with this name."), fix=_("Choose another name."))


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()


def _write(row: ReviewRule, person: Person, draft: Draft) -> None:
    row.name, row.severity = draft.name.strip(), draft.severity
    row.phrases, row.unless = list(draft.phrases), list(draft.unless)
    row.message, row.fix = draft.message.strip(), draft.fix.strip()
    row.changed_by, row.changed_by_name = person.user_id, person.name or person.email
    row.changed_at = clock.now()


def _rule(row: ReviewRule) -> Rule:
    return Rule(
        code=row.code,
        severity=row.severity,
        name=row.name,
        message=row.message,
        fix=row.fix,
        phrases={"": tuple(row.phrases)},
        unless={"": tuple(row.unless)},
        is_own=True,
    )


def _told(row: ReviewRule) -> dict[str, Any]:
    return {"name": row.name, "severity": row.severity, "phrases": list(row.phrases), "unless": list(row.unless)}


def codes(session: Session) -> frozenset[str]:
    """Return the codes of all rules that apply here."""
    return frozenset([rule.code for rule in built_in()] + [row.code for row in listing(session)])
