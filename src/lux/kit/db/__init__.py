"""The database: types and base classes, engines, tenant-filtered sessions, bulk statements."""

from lux.kit.db.base import Base, KeyStr, Tenant, UtcDateTime, enum_type, uuid7
from lux.kit.db.bulk import insert_rows, upsert_rows
from lux.kit.db.session import ALL_COMPANIES, Database, TenantMissing, tenant_sql

__all__ = [
    "ALL_COMPANIES",
    "Base",
    "Database",
    "KeyStr",
    "Tenant",
    "TenantMissing",
    "UtcDateTime",
    "enum_type",
    "insert_rows",
    "tenant_sql",
    "upsert_rows",
    "uuid7",
]
