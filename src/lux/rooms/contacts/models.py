"""Tables of contacts, tags, typed fields, imports, exports and deliveries of other programs."""

import datetime as dt
import enum
import uuid
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lux.identity.kept_files import KeptFile
from lux.kit import clock
from lux.kit.db.base import Base, BigKey, KeyStr, ShortKeyStr, Tenant, enum_type, uuid7
from lux.kit.db.trash import Trashable


class Lifecycle(enum.Enum):
    """Where a contact stands."""

    LEAD = "lead"  # known, has bought nothing
    CUSTOMER = "customer"  # has bought
    NEWSLETTER = "newsletter"  # reads, nothing else known
    VIP = "vip"  # marked by hand or by a rule
    PARTNER = "partner"  # not a buyer


class FieldType(enum.Enum):
    """What a custom field holds."""

    TEXT = "text"  # up to 500 characters
    NUMBER = "number"  # decimal
    DATE = "date"  # ISO date
    BOOLEAN = "boolean"  # yes or no
    CHOICE = "choice"  # one of the field's choices


class Contact(Tenant, Trashable, Base):
    """A person a company knows."""

    __tablename__ = "contact"
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "email_key"),  # NULLs are distinct: SMS-only contacts
        Index("ix_contact_phone", "company_id", "phone"),
        Index("ix_contact_created", "company_id", "created_at", "id"),
        Index("ix_contact_updated", "company_id", "updated_at", "id"),
        Index("ix_contact_activity", "company_id", "last_activity_at", "id"),
        Index("ix_contact_import", "company_id", "import_id"),
        Index("ix_contact_lifecycle", "company_id", "lifecycle", "created_at", "id"),
        Index("ix_contact_trashed", "company_id", "trashed_at", "id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    email: Mapped[str | None] = mapped_column(String(254))  # as typed
    email_key: Mapped[str | None] = mapped_column(KeyStr)  # trimmed, lower case, punycode
    phone: Mapped[str | None] = mapped_column(ShortKeyStr)  # E.164
    first_name: Mapped[str] = mapped_column(String(100), default="")
    last_name: Mapped[str] = mapped_column(String(100), default="")
    organisation: Mapped[str] = mapped_column(String(200), default="")
    website: Mapped[str] = mapped_column(String(300), default="")
    street: Mapped[str] = mapped_column(String(200), default="")
    postal_code: Mapped[str] = mapped_column(String(20), default="")
    city: Mapped[str] = mapped_column(String(100), default="")
    region: Mapped[str] = mapped_column(String(100), default="")
    country: Mapped[str] = mapped_column(String(2), default="")  # ISO 3166-1 alpha-2
    timezone: Mapped[str] = mapped_column(String(64), default="")
    language: Mapped[str] = mapped_column(String(16), default="")
    source: Mapped[str] = mapped_column(String(100), default="")
    lifecycle: Mapped[Lifecycle] = mapped_column(enum_type(Lifecycle, 16), default=Lifecycle.LEAD)
    attrs: Mapped[dict[str, Any]] = mapped_column(default=dict)  # custom field key -> value
    import_id: Mapped[int | None] = mapped_column(BigKey)  # the import that created it
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    last_activity_at: Mapped[dt.datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class ContactWord(Tenant, Base):
    """A lower-case word of a contact's name or organisation, for prefix search."""

    __tablename__ = "contact_word"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "contact_id"], ["contact.company_id", "contact.id"]),
        UniqueConstraint("company_id", "word", "contact_id"),
        Index("ix_contact_word_contact", "company_id", "contact_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    word: Mapped[str] = mapped_column(ShortKeyStr)
    contact_id: Mapped[int] = mapped_column(BigKey)


class Tag(Tenant, Base):
    """A label people put on contacts."""

    __tablename__ = "tag"
    __table_args__ = (UniqueConstraint("company_id", "id"), UniqueConstraint("company_id", "name_key"))

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    name: Mapped[str] = mapped_column(String(64))
    name_key: Mapped[str] = mapped_column(ShortKeyStr)  # casefolded
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class ContactTag(Tenant, Base):
    """A tag on a contact."""

    __tablename__ = "contact_tag"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "contact_id"], ["contact.company_id", "contact.id"]),
        ForeignKeyConstraint(["company_id", "tag_id"], ["tag.company_id", "tag.id"]),
        Index("ix_contact_tag_contact", "company_id", "contact_id"),
    )

    tag_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    contact_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    added_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class CustomField(Tenant, Base):
    """A typed field a company adds to its contacts."""

    __tablename__ = "custom_field"
    __table_args__ = (UniqueConstraint("company_id", "key"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    key: Mapped[str] = mapped_column(ShortKeyStr)  # as in merge fields: {{ fields.key }}
    label: Mapped[str] = mapped_column(String(100))
    type: Mapped[FieldType] = mapped_column(enum_type(FieldType, 16))
    choices: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class ContactImport(Tenant, Base):
    """One file on its way into the contacts."""

    __tablename__ = "contact_import"
    __table_args__ = (UniqueConstraint("company_id", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    file_name: Mapped[str] = mapped_column(String(255))
    file_key: Mapped[str] = mapped_column(String(255))  # in the file store
    file_size: Mapped[int] = mapped_column(BigKey)
    dialect: Mapped[dict[str, Any]] = mapped_column(default=dict)  # encoding, delimiter, has_header, columns
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)  # column index -> field
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)  # duplicates, consent, tags, source, lifecycle
    state: Mapped[str] = mapped_column(String(16), default="uploaded")  # uploaded|queued|running|done|failed|cancelled
    offset: Mapped[int] = mapped_column(BigKey, default=0)  # bytes read so far: where a crash resumes
    line: Mapped[int] = mapped_column(BigKey, default=0)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # created, updated, unchanged, rejected, mailable ...
    error: Mapped[str] = mapped_column(Text, default="")
    job_id: Mapped[int | None] = mapped_column(BigKey)
    created_by: Mapped[int | None] = mapped_column(BigKey)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    finished_at: Mapped[dt.datetime | None]
    undo_state: Mapped[str | None] = mapped_column(String(16))  # queued|running|done|failed; NULL = never asked for
    undo: Mapped[dict[str, Any] | None]  # place, counts, job, person of the undo


class ImportedContact(Tenant, Base):
    """A contact that one import has met, in which line, and what it did there: a repeat is seen, and undo knows."""

    __tablename__ = "imported_contact"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "import_id"], ["contact_import.company_id", "contact_import.id"]),
        ForeignKeyConstraint(["company_id", "contact_id"], ["contact.company_id", "contact.id"]),
        Index("ix_imported_contact_contact", "company_id", "contact_id"),
    )

    import_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    contact_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(BigKey)
    version: Mapped[int | None]  # of the contact as the import left it
    effect: Mapped[str | None] = mapped_column(String(8))  # letters of importing.effects, "" = nothing changed
    overwritten: Mapped[dict[str, Any] | None]  # fields: {name: [before, after]}, tags: [ids]
    kept: Mapped[str | None] = mapped_column(String(16))  # why an undo left something: changed | mailed | withdrawn


class ImportMapping(Tenant, Base):
    """The answers of a mapping page, kept for the next file with the same headings."""

    __tablename__ = "import_mapping"
    __table_args__ = (UniqueConstraint("company_id", "header_key", "name_key"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    name: Mapped[str] = mapped_column(String(64), default="")  # "" = the last answers for these headings
    name_key: Mapped[str] = mapped_column(ShortKeyStr, default="")  # casefolded
    header_key: Mapped[str] = mapped_column(ShortKeyStr)  # SHA-256 of the headings in any order
    columns: Mapped[dict[str, Any]] = mapped_column(default=dict)  # heading as compared -> target
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)  # fields of the mapping form
    file_name: Mapped[str] = mapped_column(String(255), default="")  # it was last used with
    used_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class ImportRejection(Tenant, Base):
    """A row that could not be imported as it is, and why."""

    __tablename__ = "import_rejection"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "import_id"], ["contact_import.company_id", "contact_import.id"]),
        UniqueConstraint("import_id", "line"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    import_id: Mapped[int] = mapped_column(BigKey)
    line: Mapped[int] = mapped_column(BigKey)
    kind: Mapped[str] = mapped_column(String(16), default="rejected")  # rejected | duplicate | gap (imported in part)
    field: Mapped[str] = mapped_column(String(64), default="")
    reason: Mapped[str] = mapped_column(String(500))
    cells: Mapped[list[Any]] = mapped_column(default=list)  # as read


class ContactExport(KeptFile, Base):
    """A file of contacts, made by a job, gone after a week."""

    __tablename__ = "contact_export"

    filter: Mapped[dict[str, Any]] = mapped_column(default=dict)


class ContactView(Tenant, Base):
    """A saved way to look at the list of contacts; its address holds filter, order and columns."""

    __tablename__ = "contact_view"
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "owner_key", "name_key"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid7, unique=True)
    owner_key: Mapped[int] = mapped_column(BigKey)  # user id; 0 = shared with the company
    name: Mapped[str] = mapped_column(String(64))
    name_key: Mapped[str] = mapped_column(ShortKeyStr)  # casefolded
    query: Mapped[dict[str, Any]] = mapped_column(default=dict)  # parts of the list's address
    created_by: Mapped[int | None] = mapped_column(BigKey)
    created_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class ContactViewDefault(Tenant, Base):
    """The view with which a person's list of contacts begins."""

    __tablename__ = "contact_view_default"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "view_id"], ["contact_view.company_id", "contact_view.id"]),
        UniqueConstraint("company_id", "user_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigKey)
    view_id: Mapped[int] = mapped_column(BigKey)


class IncomingSetup(Tenant, Base):
    """How a company sorts contacts that other programs deliver; without a row the defaults count."""

    __tablename__ = "incoming_setup"
    __table_args__ = (UniqueConstraint("company_id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    rules: Mapped[list[Any]] = mapped_column(default=list)  # in order: words, lifecycle, tag, list_id
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[dt.datetime] = mapped_column(default=clock.now)


class IncomingDelivery(Tenant, Base):
    """What became of one delivery; no personal data but the link to the contact, and gone after a while."""

    __tablename__ = "incoming_delivery"
    __table_args__ = (Index("ix_incoming_delivery_company", "company_id", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(default=clock.now)
    key_name: Mapped[str] = mapped_column(String(100), default="")
    status: Mapped[int]  # as answered: 200, 201, 400 ...
    outcome: Mapped[str] = mapped_column(String(16))  # created | updated | refused
    reason: Mapped[str] = mapped_column(String(500), default="")  # which fields, never their values
    contact_public_id: Mapped[uuid.UUID | None]
    is_test: Mapped[bool] = mapped_column(default=False)
