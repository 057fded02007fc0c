"""Every provider is tried by the same contract, has a probe and a table of its errors, and a page that explains it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lux.gate import registry
from lux.kit.settings import Settings
from tests.contract.providers import BENCHES, FAULTS, NO_MAIL, WITHOUT_FAULTS
from tests.house import sources

PROVIDERS = sorted(registry.schemas(Settings(home=Path("/nowhere"))))


def test_every_connector_is_registered():
    modules = {path.stem for path in (sources.SRC / "connectors").glob("*.py")} - {"__init__"}
    folders = {path.parent.name for path in (sources.SRC / "connectors").glob("*/__init__.py")}
    assert modules | folders == set(PROVIDERS)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_is_named_alike_everywhere(provider):
    found = registry.connector(provider, Settings(home=Path("/nowhere")))
    assert found.schema.provider == provider
    assert callable(found.probe)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_passes_the_contract_and_its_own_tests(provider):
    assert provider in BENCHES or provider in NO_MAIL, "it needs a bench in tests/contract/providers.py"
    assert (sources.ROOT / "tests" / "connectors" / f"test_{provider}.py").is_file()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_has_a_table_of_its_errors(provider):
    assert FAULTS.get(provider) or WITHOUT_FAULTS.get(provider)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_has_a_page_that_says_what_it_needs_and_what_its_answers_mean(provider):
    page = sources.ROOT / "docs" / "providers" / f"{provider}.md"
    text = page.read_text(encoding="utf-8")
    for part in ("**Needs:**", "**Test**", "| What happened | The delivery is | Then |"):
        assert part in text, f"{page.name}: {part}"
