"""The API keeps the contract that its own document states: schemathesis asks every operation, well and badly."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import select

from lux.gate import reads
from lux.rooms.contacts.models import Contact, ContactExport, CustomField, Tag
from lux.rooms.content.models import Media
from lux.rooms.email.models import Campaign
from lux.rooms.segments.models import Segment
from tests.factories import Firm, Installation
from tests.full_company import filled
from tests.house.test_api import headers

REFUSALS = [400, 401, 404, 409, 413, 415, 422]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


def test_the_document_is_openapi(lux_sqlite: Installation) -> None:
    answer = lux_sqlite.client().get("/api/v1/openapi.json")
    assert answer.json["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(answer.json).validate()
    names = [one["operationId"] for path in answer.json["paths"].values() for one in path.values()]
    assert len(names) == len(set(names)) >= 50


def test_every_operation_keeps_the_contract(lux_sqlite: Installation) -> None:
    """A few examples of each, in CI."""
    ask_everything(lux_sqlite, examples=6)


@pytest.mark.slow
def test_every_operation_keeps_the_contract_for_long(lux_sqlite: Installation) -> None:
    ask_everything(lux_sqlite, examples=60)


def ask_everything(lux: Installation, *, examples: int) -> None:
    """Call every operation with what its document allows and with what it does not."""
    lux.settings.__dict__["api_per_minute"] = 100_000  # frozen, and this test is about something else
    firm = filled(lux)
    config = SchemathesisConfig.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}})
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", lux.app, config=config)
    asker = Asker(headers(lux, firm), known_ids(lux, firm), examples)
    for operation in schema.get_all_operations():
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            asker.ask(operation.ok(), mode)
    assert asker.statuses.total() > 40 * examples
    assert {200, 201, 202, 404, 409, 422} <= set(asker.statuses), asker.statuses


class Asker:
    """Calls operations with generated values; half of the calls are about a record that is there."""

    def __init__(self, sent: dict[str, str], ids: dict[str, str], examples: int) -> None:
        self.statuses: Counter[int] = Counter()
        self._sent, self._ids, self._examples = sent, ids, examples

    def ask(self, operation: Any, mode: GenerationMode) -> None:
        """Call one operation."""

        @seed(7)
        @settings(
            max_examples=self._examples, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode), is_known=st.booleans())
        def run(case: Any, is_known: bool) -> None:
            known = self._ids.get(case.path.split("/")[1])
            if is_known and known and "id" in (case.path_parameters or {}) and mode is GenerationMode.POSITIVE:
                case.path_parameters["id"] = known
            self.statuses[case.call_and_validate(headers=self._sent, checks=CHECKS).status_code] += 1

        with suppress(Unsatisfiable):  # an operation without parameters can't be asked wrongly
            run()


def known_ids(lux: Installation, firm: Firm) -> dict[str, str]:
    """Return the id of a record for each kind of address."""
    models = {
        "contacts": Contact,
        "segments": Segment,
        "campaigns": Campaign,
        "tags": Tag,
        "exports": ContactExport,
        "fields": CustomField,
        "media": Media,
    }
    with lux.db.read(firm.id) as session:
        found = {name: str(session.scalars(select(model).limit(1)).one().public_id) for name, model in models.items()}
        return found | {"approvals": str(reads.items(session)[0].public_id)}
