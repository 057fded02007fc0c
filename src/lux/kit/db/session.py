"""Sessions that carry a company and filter by it, one transaction per request or job chunk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Engine, TextClause, event, text
from sqlalchemy.orm import ORMExecuteState, Session, sessionmaker, with_loader_criteria

from lux.kit.db.base import Tenant
from lux.kit.db.engine import make_engine

if TYPE_CHECKING:
    from lux.kit.settings import Settings

ALL_COMPANIES: Final = 0  # for work of the installation itself: leases, sweeps, sign-in
_PLACEHOLDER = re.compile(r"(?<!:):company_id\b")


class TenantMissing(RuntimeError):
    """A statement touches a company's rows, but the session has no company."""


class Database:
    """One database: opens transactions and closes them."""

    def __init__(self, url: str, *, pool_size: int = 16, settings: Settings | None = None) -> None:
        """Make the engine; nothing is connected yet. Sessions carry the settings in `info["settings"]`."""
        self.url = url
        self.settings = settings
        self.engine: Engine = make_engine(url, pool_size=pool_size)
        self._make = sessionmaker(self.engine, expire_on_commit=False)
        self._read = sessionmaker(self.engine.execution_options(read_only=True), expire_on_commit=False)
        for maker in (self._make, self._read):
            event.listen(maker, "do_orm_execute", _filter_by_company)
            event.listen(maker, "before_flush", _stamp_company)

    @classmethod
    def of(cls, settings: Settings) -> Database:
        """Open the database that the settings name."""
        size = settings.web_threads + settings.job_threads + 2
        return cls(settings.database, pool_size=size, settings=settings)

    @property
    def dialect(self) -> str:
        """Return `sqlite`, `postgresql` or `mysql` (MariaDB counts as mysql)."""
        name = self.engine.dialect.name
        return "mysql" if name == "mariadb" else name

    def session(self, company_id: int | None, *, read_only: bool = False) -> Session:
        """Return a session by hand; the caller commits or rolls back, and closes."""
        maker = self._read if read_only else self._make
        return maker(info={"company_id": company_id, "settings": self.settings})

    @contextmanager
    def begin(self, company_id: int | None) -> Iterator[Session]:
        """Open a write transaction for one company (or ALL_COMPANIES); commit at the end, roll back on an error."""
        with self.session(company_id) as session:
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise

    @contextmanager
    def within(self, session: Session, company_id: int) -> Iterator[Session]:
        """Open a session of one company in the transaction of a session of all: with that it commits or rolls back."""
        if session.info.get("company_id") != ALL_COMPANIES:
            raise TenantMissing("only work of the installation itself reaches several companies")
        session.flush()
        info = {"company_id": company_id, "settings": self.settings}
        mode = "rollback_only"  # never commits what is not its own
        with self._make(bind=session.connection(), info=info, join_transaction_mode=mode) as inner:
            yield inner
            inner.commit()

    @contextmanager
    def read(self, company_id: int | None) -> Iterator[Session]:
        """Open a read-only session for one company (or ALL_COMPANIES)."""
        with self.session(company_id, read_only=True) as session:
            yield session

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


def company_of(session: Session) -> int:
    """Return the session's company id; raises TenantMissing when it has none."""
    company_id = session.info.get("company_id")
    if not company_id:
        raise TenantMissing("the session carries no company")
    return int(company_id)


def bind_company(session: Session, company_id: int) -> None:
    """Give a session without company its company, once; changing it is refused."""
    present = session.info.get("company_id")
    if present not in {None, company_id}:
        raise TenantMissing("a session's company can't be changed")
    session.info["company_id"] = company_id


def settings_of(session: Session) -> Settings:
    """Return the settings of the installation that the session belongs to."""
    settings: Settings | None = session.info.get("settings")
    if settings is None:
        raise RuntimeError("the session's database was opened without settings")
    return settings


def dialect_of(session: Session) -> str:
    """Return `sqlite`, `postgresql` or `mysql` for the session's database."""
    name = session.get_bind().dialect.name
    return "mysql" if name == "mariadb" else name


def savepoint(session: Session) -> AbstractContextManager[object]:
    """Keep a statement that fails from ending the whole transaction, as PostgreSQL would."""
    return session.begin_nested() if dialect_of(session) == "postgresql" else nullcontext()


def tenant_sql(company_id: int, statement: str, **values: Any) -> TextClause:  # noqa: ANN401 - bind values of any type
    """Return raw SQL bound to one company; refuses a statement that does not use `:company_id`."""
    if not _PLACEHOLDER.search(statement):
        raise TenantMissing("raw SQL over a company's rows must use :company_id")
    return text(statement).bindparams(company_id=company_id, **values)


def _filter_by_company(state: ORMExecuteState) -> None:
    company_id = state.session.info.get("company_id")
    if company_id == ALL_COMPANIES and company_id is not None:
        return
    if company_id is None:
        touched = [m.class_.__name__ for m in state.all_mappers if issubclass(m.class_, Tenant)]
        if touched:
            raise TenantMissing(f"{', '.join(touched)}: the session carries no company")
        return
    if state.is_select or state.is_update or state.is_delete:
        state.statement = state.statement.options(
            with_loader_criteria(Tenant, lambda cls: cls.company_id == company_id, include_aliases=True)
        )


def _stamp_company(session: Session, _context: object, _instances: object) -> None:
    company_id = session.info.get("company_id")
    for item in session.new:
        if not isinstance(item, Tenant) or company_id == ALL_COMPANIES:
            continue
        if company_id is None:
            raise TenantMissing(f"{type(item).__name__}: the session carries no company")
        owner: int | None = item.company_id
        if owner is None:
            item.company_id = company_id
        elif owner != company_id:
            raise TenantMissing(f"{type(item).__name__} belongs to another company")
