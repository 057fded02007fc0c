"""What is compiled once in a test process, as it is in a server: addresses of routes and statements.

Each test has an application and an engine of its own. Both would compile the same four hundred rules and thousands of
statements anew, which is more than half of the time of a test. Both are plain functions of their text: shared are only
results, never an application, an engine or a connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from lux.kit.db import engine as engines

if TYPE_CHECKING:
    from sqlalchemy import Dialect, Engine

KEPT = 5000  # statements of each kind of database
_compile_rule = Rule.compile
_rules: dict[tuple[Any, ...], dict[str, Any]] = {}
_dialects: dict[str, Dialect] = {}
_statements: dict[str, LRUCache[Any, Any]] = {}


@contextmanager
def once() -> Iterator[None]:
    """Let applications and engines share what they compile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "compile", _compiled)
        patch.setattr(engines, "create_engine", _engine)
        yield


def _compiled(rule: Rule) -> None:
    """Do what `Rule.compile` does; a rule of the same text and the same converters takes over what the first got."""
    assert rule.map is not None
    place = (rule.map.host_matching, rule.host, rule.subdomain, rule.merge_slashes)
    key = (rule.rule, repr(rule.defaults), *place, *rule.map.converters.items())
    known = _rules.get(key)
    if known is None:
        _compile_rule(rule)
        _rules[key] = {
            "parts": tuple(rule._parts),
            "trace": tuple(rule._trace),
            "converters": dict(rule._converters),
            "arguments": frozenset(rule.arguments),
            "builders": (rule._build.__func__, rule._build_unknown.__func__),  # type: ignore[attr-defined]
        }
        return
    rule._parts, rule._trace = list(known["parts"]), list(known["trace"])
    rule._converters, rule.arguments = dict(known["converters"]), set(known["arguments"])
    rule._build, rule._build_unknown = (builder.__get__(rule, None) for builder in known["builders"])


def _engine(url: Any, **options: Any) -> Engine:
    """Make an engine that speaks the dialect of the first of its kind, and so finds what that one compiled.

    A statement's key names the dialect. Only one that has met its server is taken: it knows the server's version.
    """
    made = sqlalchemy.create_engine(url, **options)
    kind = made.url.drivername
    if made.dialect.name not in {"sqlite", "postgresql"}:  # MariaDB's dialect holds the name of its database
        return made
    shared = _dialects.get(kind)
    if shared is None or shared.server_version_info is None:
        _dialects[kind] = made.dialect
        _statements[kind] = LRUCache(KEPT)
    else:
        made.dialect = shared
        made.pool._dialect = shared
    made._compiled_cache = _statements[kind]
    return made
