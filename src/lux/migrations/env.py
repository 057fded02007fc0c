"""Alembic's entry: runs revisions on the engine it is handed."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil

from alembic import context
from sqlalchemy import Engine

import lux.rooms
from lux.kit.db import Base

LOWER = ("lux.kit.jobs.models", "lux.kit.rates", "lux.kit.spool.models", "lux.identity.models", "lux.vault.models", "lux.ledger.models", "lux.gate.models", "lux.gate.parties", "lux.gate.toggles.models", "lux.gate.webhooks.models", "lux.gate.deciding.models", "lux.gate.guests.models", "lux.gate.review.models", "lux.gate.stop.models", "lux.gate.series.models")  # fmt: skip


def load_models() -> None:
    """Import every module that defines tables."""
    for name in LOWER:
        if importlib.util.find_spec(name):
            importlib.import_module(name)
    for room in pkgutil.iter_modules(lux.rooms.__path__, "lux.rooms."):
        if importlib.util.find_spec(f"{room.name}.models"):
            importlib.import_module(f"{room.name}.models")


def run() -> None:
    """Run the asked-for revisions in one transaction each."""
    load_models()
    engine: Engine = context.config.attributes["engine"]
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            compare_type=True,
            render_as_batch=engine.dialect.name == "sqlite",
            user_module_prefix="base.",
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        if connection.in_transaction():
            connection.commit()


run()
