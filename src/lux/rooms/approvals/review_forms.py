"""What people enter about the review: rules of their own, texts to try them on, budgets."""

from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from lux.gate.review.own_rules import Draft
from lux.ui.parsing import FormModel

MAX_TEXT = 50_000  # characters to try rules on
Line = Annotated[str, StringConstraints(max_length=200)]
Words = Annotated[str, StringConstraints(max_length=500)]


class RuleForm(FormModel):
    """A rule: a name, phrases one per line, what makes them harmless, and the words for the reviewer."""

    name: Annotated[str, StringConstraints(max_length=120)] = ""
    severity: str = "warn"
    phrases: list[Line] = Field(default_factory=list, max_length=500)
    unless: list[Line] = Field(default_factory=list, max_length=500)
    message: Words = ""
    fix: Words = ""
    version: int = Field(default=1, ge=1)

    @field_validator("phrases", "unless", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Read one phrase per line."""
        parts = value if isinstance(value, list) else [value]
        lines = [line.strip() for part in parts for line in str(part).splitlines()]
        return list(dict.fromkeys(line for line in lines if line))

    def draft(self) -> Draft:
        """Return it as the gate takes it."""
        return Draft(
            name=self.name,
            severity=self.severity,
            phrases=self.phrases,
            unless=self.unless,
            message=self.message,
            fix=self.fix,
        )


class TryForm(FormModel):
    """A text to try the rules on."""

    text: Annotated[str, StringConstraints(max_length=MAX_TEXT)] = ""


class BudgetForm(FormModel):
    """What one channel may cost; an empty amount is no budget."""

    channel: Annotated[str, StringConstraints(max_length=64)]
    currency: Annotated[str, StringConstraints(max_length=3)]
    day: Annotated[str, StringConstraints(max_length=40)] = ""
    month: Annotated[str, StringConstraints(max_length=40)] = ""
