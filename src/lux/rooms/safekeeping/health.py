"""Looks at backups and at the vault's keys."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from lux.kit import clock, crypto
from lux.kit.db.session import settings_of
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.ledger.audit.keys import key_file as audit_key_file
from lux.ports.contributions import HealthFinding
from lux.rooms.safekeeping import queries
from lux.rooms.safekeeping.models import BackupState
from lux.vault import keys, rekeying, shredding, verification

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

    from lux.rooms.safekeeping.models import Backup

BACKUPS: Final = "/operate/backups"
VAULT: Final = "/operate/vault"
OLD_KEY: Final = timedelta(days=365)
OF_OTHERS: Final = 0o077  # what a group and everybody else may do with the key file


class BackupHealth:
    """A backup that was tried is not older than it should be."""

    key = "backup"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:
        """Look at the last ones."""
        if company_id is not None:
            return ()
        hours = settings_of(session).backup_hours
        good = next((row for row in queries.kept(session) if row.is_good), None)
        found = [*self._faults(session), *self._age(good, hours)]
        if not hours:
            message = _("LUX makes no backups by itself: LUX_BACKUP_HOURS is 0.")
            fix = _("Set it to 24, or see that something else backs up the database, the files and the keys.")
            found.append(self._finding("warn", message, fix))
        if not found and good is not None:
            found.append(self._finding("ok", _("The last backup was tried by restoring it: %(words)s",
                                               words=good.verdict), ""))  # fmt: skip
        return found

    def _age(self, good: Backup | None, hours: int) -> list[HealthFinding]:
        if good is None:
            message = _("There is no backup yet that was tried by restoring it.")
            return [self._finding("warn", message, _("LUX makes one within the hour; or press “Back up now”."))]
        limit = timedelta(hours=2 * hours) if hours else timedelta(days=7)
        if clock.now() - good.started_at <= limit:
            return []
        message = _("The last good backup is of %(day)s.", day=f"{good.started_at:%Y-%m-%d}")
        return [self._finding("bad", message, _("See under Backups why none came since, and press “Back up now”."))]

    def _faults(self, session: Session) -> list[HealthFinding]:
        last = queries.last(session, BackupState.DONE, BackupState.FAILED)
        if last is None:
            return []
        if last.state is BackupState.FAILED:
            return [self._finding("bad", _("The last backup failed: %(why)s", why=last.error),
                                  _("Look at its folder and the disk, then back up again."))]  # fmt: skip
        if last.is_good is False:
            return [self._finding("bad", _("The last backup can't be relied on: %(why)s", why=last.verdict),
                                  _("Mend what it names, then back up again. Keep the earlier ones."))]  # fmt: skip
        if last.is_good is None and clock.now() - last.started_at > timedelta(hours=2):
            return [self._finding("warn", _("The last backup was never tried."), _("Try it under Backups."))]
        return []

    def _finding(self, level: str, message: str, fix: str) -> HealthFinding:
        return HealthFinding(key=self.key, level=level, message=message, fix=fix, url=BACKUPS)


def _is_open_to_others(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & OF_OTHERS)


class VaultKeysHealth:
    """The vault's keys are kept well, and everything they sealed opens."""

    key = "vault_keys"

    def check(self, session: Session, company_id: int | None) -> Sequence[HealthFinding]:
        """Look at the key file, at rotations, ages, and at what the last walk through all secrets found."""
        if company_id is not None:
            return self._destroyed(session, company_id)
        found = [*self._file(session), *self._rotations(session), *self._check(session)]
        return found or (self._finding("ok", _("The vault’s keys are in order."), ""),)

    def _destroyed(self, session: Session, company_id: int) -> Sequence[HealthFinding]:
        if shredding.shredded_at(session, company_id) is None:
            return ()
        lost = rekeying.count_destroyed(session, company_id)
        if not lost:
            return ()
        message = ngettext(
            "One stored secret can't be opened any more: its key was destroyed.",
            "%(num)s stored secrets can't be opened any more: their key was destroyed.",
            lost,
        )
        fix = _("Enter them anew under Integrations, or remove those accounts.")
        return (HealthFinding(key=self.key, level="bad", message=message, fix=fix, url="/settings/integrations/"),)

    def _file(self, session: Session) -> list[HealthFinding]:
        settings, found = settings_of(session), list[HealthFinding]()
        path = keys.key_file(settings)
        if not settings.master_keys.get_secret_value() and _is_open_to_others(path):
            message = _("Others on this machine may read the vault’s key: %(path)s", path=path)
            fix = _("Run: chmod 400 %(path)s. Then rotate it: lux vault rotate", path=path)
            found.append(self._finding("bad", message, fix))
        for other in (crypto.app_key_file(settings), audit_key_file(settings)):
            if _is_open_to_others(other):
                message = _("Others on this machine may read a key: %(path)s", path=other)
                found.append(self._finding("bad", message, _("Run: chmod 400 %(path)s", path=other)))
        return found

    def _rotations(self, session: Session) -> list[HealthFinding]:
        found, rings = list[HealthFinding](), queries.rings(session)
        if len(queries.master_keys(session)) > 1:
            message = _("A change of the master key is not finished: two keys open the vault.")
            found.append(self._finding("warn", message, _("Run `lux vault rotate` again; it goes on where it stands.")))
        for ring in rings:
            if ring.is_rotating:
                message = _("A change of the data key of %(name)s is not finished.", name=ring.company.name)
                fix = _("Press “New data key” again; it goes on where it stands.")
                found.append(self._finding("warn", message, fix))
        old = [ring for ring in rings if ring.made_at and clock.now() - ring.made_at > OLD_KEY]
        if old:
            message = ngettext(
                "One data key is older than a year.", "%(num)s data keys are older than a year.", len(old)
            )
            found.append(self._finding("warn", message, _("Run `lux vault rotate --data-keys` in a quiet hour.")))
        return found

    def _check(self, session: Session) -> list[HealthFinding]:
        last = verification.last(session)
        if last is None or not last.faults:
            return []
        message = ngettext("One secret does not open: %(name)s", "%(num)s secrets do not open, the first: %(name)s",
                           last.faults, name=last.first_fault)  # fmt: skip
        return [self._finding("bad", message, _("Enter it anew, and find out who writes to the database."))]

    def _finding(self, level: str, message: str, fix: str) -> HealthFinding:
        return HealthFinding(key=self.key, level=level, message=message, fix=fix, url=VAULT)
