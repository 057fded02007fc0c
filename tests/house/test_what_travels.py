"""When a company moves, every table either travels or is named with a reason: a new one can't be forgotten."""

from __future__ import annotations

import importlib
import pkgutil

from sqlalchemy import JSON, BigInteger, Integer

import lux
from lux.kit.db import Base
from lux.rooms.company.transfer.tables import COMPANY_COLUMNS, COUNTED, LEFT_OUT, SUBJECTS, TRAVELS

for module in pkgutil.walk_packages(lux.__path__, "lux."):
    if module.name.rpartition(".")[2] in {"models", "parties", "rates", "idempotency"}:
        importlib.import_module(module.name)
TABLES = Base.metadata.tables
TENANT = {name for name, table in TABLES.items() if "company_id" in table.c}
# Numbers that are numbers, and point to nothing: a new one has to be looked at by somebody.
PLAIN = {
    "contact_import.file_size", "contact_import.offset", "contact_import.line", "imported_contact.line",
    "import_rejection.line", "contact_view.owner_key", "fact.value_minor", "approval_decision.decided_by",
    "approval_decision.session_id", "rollup.total", "rollup.firsts", "rollup.human", "rollup.human_firsts",
    "rollup.machine", "rollup_facet.total", "rollup_facet.firsts", "rollup_facet.human", "rollup_facet.human_firsts",
    "rollup_facet.machine", "site_tally.total", "approval_queue.cost_minor", "channel_budget.limit_minor",
}  # fmt: skip
# JSON that names other rows by public id, or by nothing at all; numbers of rows in JSON stand in `Travels.inside`.
JSONS = {
    "contact_import.dialect", "contact_import.mapping", "contact_import.options", "contact_import.counts",
    "contact_import.undo", "contact.attrs", "custom_field.choices", "import_rejection.cells", "import_mapping.columns",
    "import_mapping.answers", "contact_view.query", "segment.rule", "incoming_setup.rules", "media.files",
    "campaign.repeat",
    "campaign.utm", "approval_queue.body", "approval_queue.findings", "approval_version.body", "content_version.saved",
    "consent.proof", "feature_toggle.limits", "fact.facets", "site_visit.extra",
    "approval_queue.sources",
    "approval_queue.risk_reasons", "review_rule.phrases", "review_rule.unless",
}  # fmt: skip


def test_every_tenant_table_travels_or_says_why_not() -> None:
    """Two lists, each table in one of them."""
    travelling = [one.name for one in TRAVELS]
    assert len(travelling) == len(set(travelling))
    assert set(travelling) & set(LEFT_OUT) == set()
    assert TENANT - set(travelling) - set(LEFT_OUT) == set(), "say in transfer/tables.py what becomes of them"
    assert set(travelling) | set(LEFT_OUT) <= TENANT
    assert all(len(reason) > 8 for reason in LEFT_OUT.values())


def test_what_is_pointed_to_is_written_first() -> None:
    """But for a row that points to its own table, and what is written later on purpose."""
    seen: set[str] = set()
    for one in TRAVELS:
        targets = {*one.keys.values(), *(target for names in one.inside.values() for target in names.values())}
        targets |= set(SUBJECTS.values()) if one.subjects and one.name in {"fact", "rollup", "rollup_facet"} else set()
        assert targets - {one.name} <= seen, f"{one.name}: {targets - seen}"
        seen.add(one.name)
        assert (set(one.later.values()) - {one.name}) & seen == set()
    assert set(SUBJECTS.values()) <= seen


def test_every_number_that_may_point_somewhere_was_looked_at() -> None:
    """A column with a row's number that nobody declared would point at a stranger's row after a move."""
    unknown = []
    for one in TRAVELS:
        known = {"id", "company_id", *one.keys, *one.people, *one.subjects.values(), *one.later, *one.omitted}
        for column in one.table.columns:
            is_big = isinstance(column.type, BigInteger) or (
                isinstance(column.type, Integer) and column.name.endswith(("_id", "_by"))
            )
            if is_big and column.name not in known and f"{one.name}.{column.name}" not in PLAIN:
                unknown.append(f"{one.name}.{column.name}")
            if (
                isinstance(column.type, JSON)
                and column.name not in one.inside
                and f"{one.name}.{column.name}" not in JSONS
            ):
                unknown.append(f"{one.name}.{column.name} (JSON)")
    assert unknown == []


def test_declared_columns_exist() -> None:
    """A name that was changed in a model is changed here too."""
    for one in TRAVELS:
        names = {*one.refs, *one.subjects, *one.subjects.values(), *one.inside, *one.people, *one.verbatim}
        names |= {*one.omitted, *one.later}
        assert names <= set(one.table.c.keys()), one.name
    assert set(COMPANY_COLUMNS) <= set(TABLES["company"].c.keys())
    assert set(TABLES["company"].c.keys()) - set(COMPANY_COLUMNS) == {"id", "version"}
    assert {name for one in TRAVELS for name in (*one.refs, *one.subjects.values())} >= COUNTED


def test_no_column_that_holds_a_secret_travels() -> None:
    """Sums of secrets and sealed records go nowhere."""
    words = ("hash", "secret", "token", "wrapped", "record", "password")
    found = {f"{one.name}.{name}" for one in TRAVELS for name in one.columns if any(word in name for word in words)}
    # fingerprints of content, which are what a yes was given for
    assert found == {
        "approval_queue.content_hash", "approval_version.content_hash", "approval_decision.content_hash",
        "content_version.act_hash", "fact.recorded_at",
    }  # fmt: skip
