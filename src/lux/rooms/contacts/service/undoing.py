"""Takes an import back contact by contact, a transaction per chunk; what people did since stays and is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, case, delete, select, tuple_, update

from lux.gate import consent, taken_back
from lux.gate.consent import ConsentEntry, ConsentState, Standing
from lux.kit import clock, i18n
from lux.kit.db.session import company_of
from lux.kit.i18n import gettext as _
from lux.kit.jobs import JobInterrupted
from lux.ledger import facts
from lux.ledger.facts import NewFact
from lux.rooms.contacts.importing import effects
from lux.rooms.contacts.importing.permission import CHANNEL, UNDONE
from lux.rooms.contacts.models import Contact, ContactImport, ContactTag, ImportedContact, Lifecycle, Tag
from lux.rooms.contacts.queries import undo as queries
from lux.rooms.contacts.writing import COLUMNS, NAMES, Changed, update_contacts, write_words
from lux.rooms.notifications.service import notify

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.kit.jobs import JobContext

ROWS: Final = {"sqlite": 300, "postgresql": 2000, "mysql": 1000}  # of one transaction
_IN_AT_ONCE: Final = 1000


@dataclass
class _Part:
    """A chunk of contacts on their way back."""

    entry: ContactImport
    actor: str
    rows: Sequence[Any]  # of _rows
    counts: Counter[str] = field(default_factory=Counter)
    kept: dict[int, str] = field(default_factory=dict)  # contact id -> why something stays
    trash: list[int] = field(default_factory=list)
    facts: list[NewFact] = field(default_factory=list)

    def keep(self, contact_id: int, why: str) -> None:
        """Note that something of a contact stays; the first reason is told."""
        self.kept.setdefault(contact_id, why)


def run(context: JobContext, import_id: int) -> None:
    """Undo an import to its end; running it again goes on where the last transaction ended."""
    with context.db.begin(context.company_id) as session:
        entry = session.get(ContactImport, import_id)
        if entry is None or entry.undo is None or entry.undo_state not in {"queued", "running", "failed"}:
            return
        entry.undo_state = "running"
    try:
        with i18n.use_locale(str(entry.undo.get("locale") or "en")):
            while _step(context, import_id):
                context.check_cancelled()
    except JobInterrupted:
        raise
    except Exception:
        if context.is_last_attempt:
            with context.db.begin(context.company_id) as session:
                session.execute(update(ContactImport).where(ContactImport.id == import_id).values(undo_state="failed"))
        raise


def _step(context: JobContext, import_id: int) -> bool:
    """Undo the next chunk; False when none is left."""
    with context.db.begin(context.company_id) as session:
        entry = session.scalars(select(ContactImport).where(ContactImport.id == import_id).with_for_update()).one()
        state = dict(entry.undo or {})
        rows = _rows(session, entry, int(state["after"]), ROWS[context.db.dialect])
        if not rows:
            entry.undo_state = "done"
            entry.undo = state | {"finished_at": clock.now().isoformat(timespec="seconds")}
            _tell(session, entry, state)
            return False
        user_id = state.get("user_id")
        part = _Part(entry, f"person:{user_id}" if user_id else "system", rows)
        _undo(session, part)
        counts = dict(Counter(state["counts"]) + part.counts)
        entry.undo = state | {"after": rows[-1].id, "counts": counts}
        done, total = counts.get("contacts", 0), int(state["total"])
    context.progress(done, total, entry.file_name)
    return True


def _rows(session: Session, entry: ContactImport, after: int, size: int) -> Sequence[Any]:
    """Return the next contacts, locked in the order of their ids as all writers lock."""
    wanted = [getattr(Contact, name) for name in ("id", "email_key", "trashed_at", "version", *COLUMNS)]
    company_id = company_of(session)
    is_new_alone = case((and_(*queries.untouched(company_id, entry)), 1), else_=0).label("is_untouched")
    is_mailed = case((queries.mailed(company_id, entry), 1), else_=0).label("is_mailed")
    query = (
        select(*wanted, is_new_alone, is_mailed, ImportedContact.effect, ImportedContact.overwritten)
        .join(ImportedContact, ImportedContact.contact_id == Contact.id)
        .where(
            Contact.company_id == company_id,
            ImportedContact.company_id == company_id,
            ImportedContact.import_id == entry.id,
            ImportedContact.effect.is_not(None),
            ImportedContact.effect != "",
            Contact.id > after,
        )
        .order_by(Contact.id)
        .limit(size)
        .with_for_update()
    )
    return session.execute(query).all()


def _undo(session: Session, part: _Part) -> None:
    part.counts["contacts"] = len(part.rows)
    _new(part)
    _fields(session, part)
    _tags(session, part)
    _standings(session, part)
    _write_trash(session, part)
    facts.record_many(session, part.facts)
    _write_kept(session, part)
    part.counts["kept"] = len(part.kept)


def _new(part: _Part) -> None:
    for row in part.rows:
        if effects.NEW not in row.effect or row.trashed_at is not None:
            continue
        if row.is_untouched:
            part.trash.append(row.id)
        else:
            part.keep(row.id, "mailed" if row.is_mailed else "changed")


def _fields(session: Session, part: _Part) -> None:
    """Give back what the import overwrote, wherever the present value is still what it wrote."""
    changes, texts = list[Changed](), dict[int, Sequence[str]]()
    for row in part.rows:
        before, is_whole = _before(row)
        if not is_whole:
            part.keep(row.id, "changed")
        if not before:
            continue
        after = {name: before.get(name, getattr(row, name)) for name in COLUMNS}
        changes.append(Changed(row.id, row.version + 1, row.trashed_at, after))
        if any(name in before for name in NAMES):
            texts[row.id] = [after[name] for name in NAMES]
        changed = {"undone_import": str(part.entry.public_id), "fields": sorted(before)}
        part.facts.append(NewFact(kind="contact.updated", contact_id=row.id, actor=part.actor, properties=changed))
    update_contacts(session, changes)
    write_words(session, texts, renamed=list(texts))
    part.counts["restored"] = len(changes)


def _before(row: Any) -> tuple[dict[str, Any], bool]:  # noqa: ANN401 - a Row of _rows
    """Return column -> value to go back to, and whether that is all the import overwrote."""
    change = row.overwritten or {}
    found: dict[str, Any] = {}
    is_whole = True
    for name, (before, after) in change.get("fields", {}).items():
        if effects.plain(getattr(row, name)) == after:
            found[name] = Lifecycle(before) if name == "lifecycle" else before
        else:
            is_whole = False
    attrs = dict(row.attrs or {})
    for key, (before, after) in change.get("attrs", {}).items():
        if attrs.get(key) != after:
            is_whole = False
        elif before is None:
            del attrs[key]
        else:
            attrs[key] = before
    if attrs != (row.attrs or {}):
        found["attrs"] = attrs
    return found, is_whole


def _tags(session: Session, part: _Part) -> None:
    pairs = [(int(tag), row.id) for row in part.rows for tag in (row.overwritten or {}).get("tags", ())]
    wanted = select(Tag.id, Tag.name).where(Tag.id.in_({tag for tag, _id in pairs}))
    names = {row.id: row.name for row in session.execute(wanted)}
    for start in range(0, len(pairs), _IN_AT_ONCE):
        some = pairs[start : start + _IN_AT_ONCE]
        is_one = tuple_(ContactTag.tag_id, ContactTag.contact_id).in_(some)
        present = session.execute(select(ContactTag.tag_id, ContactTag.contact_id).where(is_one)).all()
        session.execute(delete(ContactTag).where(is_one).execution_options(synchronize_session=False))
        part.counts["tags"] += len(present)
        part.facts.extend(
            NewFact(kind="tag.removed", contact_id=contact_id, subject=("tag", tag_id), actor=part.actor,
                    properties={"tag": names.get(tag_id, "")})
            for tag_id, contact_id in present
        )  # fmt: skip


def _standings(session: Session, part: _Part) -> None:
    """Withdraw the consents the import gave and lift the blocks it brought, if they are still its own."""
    said = [row for row in part.rows if row.email_key and {effects.CONSENTED, effects.BLOCKED} & set(row.effect)]
    standings = consent.status(session, CHANNEL, [row.email_key for row in said]) if said else {}
    entries, lifted = [], []
    for row in said:
        standing = standings[row.email_key]
        if effects.CONSENTED in row.effect and _is_own_yes(part.entry, standing):
            entries.append(_withdrawal(part.entry, row.id, standing))
        if effects.BLOCKED in row.effect and standing.suppressed is not None:
            if _is_own_block(part.entry, standing):
                lifted.append(row.email_key)
            else:
                part.keep(row.id, "withdrawn")
        if effects.WITHDREW in row.effect:
            part.keep(row.id, "withdrawn")
    part.counts["consents"] = consent.record_many(session, entries, actor=part.actor)
    part.counts["blocks"] = taken_back.release_many(session, CHANNEL, lifted)


def _is_own_yes(entry: ContactImport, standing: Standing) -> bool:
    return standing.state is ConsentState.GIVEN and standing.proof.get("import") == str(entry.public_id)


def _is_own_block(entry: ContactImport, standing: Standing) -> bool:
    """Say whether a block came from the import and nobody has said no since."""
    at, source = standing.suppressed_at, entry.file_name[:200]
    is_its_time = at is not None and at >= entry.created_at
    said_no = standing.state is ConsentState.WITHDRAWN and standing.source != source
    return is_its_time and standing.suppressed_detail == entry.file_name[:500] and not said_no


def _withdrawal(entry: ContactImport, contact_id: int, standing: Standing) -> ConsentEntry:
    return ConsentEntry(
        channel=CHANNEL,
        address_key=standing.address_key,
        state=ConsentState.WITHDRAWN,
        contact_id=contact_id,
        basis=UNDONE,
        source=_("import undone"),
        wording=standing.wording,
        proof=dict(standing.proof) | {"reason": _("import undone"), "undone": str(entry.public_id)},
    )


def _write_trash(session: Session, part: _Part) -> None:
    now = clock.now()
    _update(session, Contact, Contact.id, part.trash, {"trashed_at": now, "trashed_by": part.actor, "updated_at": now})
    change = {"change": "trashed", "undone_import": str(part.entry.public_id)}
    part.facts.extend(
        NewFact(kind="contact.updated", contact_id=one, actor=part.actor, properties=change) for one in part.trash
    )
    part.counts["trashed"] = len(part.trash)


def _write_kept(session: Session, part: _Part) -> None:
    by_reason: dict[str, list[int]] = {effects.TRASHED: part.trash}
    for contact_id, why in part.kept.items():
        by_reason.setdefault(why, []).append(contact_id)
    for why, ids in by_reason.items():
        own = ImportedContact.import_id == part.entry.id
        _update(session, ImportedContact, ImportedContact.contact_id, ids, {"kept": why}, own)


def _update(session: Session, model: Any, column: Any, ids: Iterable[int], values: dict[str, Any], *also: Any) -> None:  # noqa: ANN401 - a mapped class, its column, conditions
    wanted = list(ids)
    for start in range(0, len(wanted), _IN_AT_ONCE):
        statement = update(model).where(column.in_(wanted[start : start + _IN_AT_ONCE]), *also).values(values)
        session.execute(statement.execution_options(synchronize_session=False))


def _tell(session: Session, entry: ContactImport, state: dict[str, Any]) -> None:
    if state.get("user_id"):

        def title() -> str:
            return _("The import of “%(file)s” is undone", file=entry.file_name)

        url = f"/contacts/imports/{entry.public_id}"
        notify(session, [int(state["user_id"])], kind="contacts.imported", title=title, body="", url=url, level="ok")
