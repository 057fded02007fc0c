"""Whose errors and jobs a person looks at: one company's, or, for operators, everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import true

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute


@dataclass(frozen=True)
class Scope:
    """One company, or the whole installation; jobs and errors are not filtered by the session."""

    company_id: int | None  # None = everything

    def allows(self, column: InstrumentedAttribute[int | None]) -> ColumnElement[bool]:
        """Return the condition on a company column."""
        return true() if self.company_id is None else column == self.company_id


EVERYTHING = Scope(None)
