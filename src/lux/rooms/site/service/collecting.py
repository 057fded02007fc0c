"""Takes what the script sends: from a registered domain, within limits, after the visitor's yes, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lux.gate import judging
from lux.kit import rates
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import Forbidden, InvalidInput, LuxError, NotFound, TooLarge
from lux.kit.i18n import gettext as _
from lux.rooms.site import queries
from lux.rooms.site.addresses import covering, host_of
from lux.rooms.site.forms import Hit
from lux.rooms.site.service import happenings, recording, status, visitors
from lux.rooms.site.service.recording import Taking
from lux.ui.parsing import parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lux.kit.db import Database
    from lux.rooms.site.models import SiteDomain, SiteSetup

MOST_BYTES: Final = 16 * 1024
PER_ADDRESS: Final = 120  # requests a minute
PER_SITE: Final = 6000
_LONG_AGO: Final = 3600.0  # seconds: a visit has nothing to do with when a mail left


class Malformed(InvalidInput):
    """The body is not what lux.js sends."""

    status = 400


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What stands around a request."""

    key: str
    origin: str
    address: str  # IP address: for limits, never stored
    agent: str
    refuses: bool = False  # Global Privacy Control or Do Not Track


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the script is told; `origin` = whom the browser may show it to, "" = nobody."""

    status: int
    body: Mapping[str, object]
    origin: str = ""
    retry_after: int = 0  # seconds


def take(db: Database, asked: Asked, raw: bytes) -> Answer:
    """Take one request, or say why not."""
    origin = ""
    try:
        company_id, setup, domain = _where(db, asked)
        origin = asked.origin
        if len(raw) > MOST_BYTES:
            raise TooLarge(_("The body is larger than %(most)s KiB.", most=MOST_BYTES // 1024))
        hit = _read(raw)
        with db.begin(company_id) as session:
            rates.take(db, f"site:{asked.key}:{asked.address}", PER_ADDRESS, 60, session=session)
            rates.take(
                db, f"site:{asked.key}", PER_SITE, 60, session=session
            )  # without what one sender had too many of
            taking = Taking(db=db, session=session, setup=setup, domain=domain)
            body = _write(taking, asked, hit)
    except LuxError as error:
        told = {"code": error.code, "message": error.message, "fix": error.fix}
        return Answer(status=error.status, body=told, origin=origin, retry_after=getattr(error, "retry_after", 0))
    return Answer(status=202, body=body, origin=origin)


def _where(db: Database, asked: Asked) -> tuple[int, SiteSetup, SiteDomain]:
    """Return whose key it is and which of their domains asks; raises NotFound, Forbidden."""
    with db.read(ALL_COMPANIES) as session:
        setup = queries.setup_by_key(session, asked.key)
    if setup is None:
        raise NotFound
    host = host_of(asked.origin)
    with db.read(setup.company_id) as session:
        found = {one.host: one for one in queries.domains(session)}
    domain = found.get(covering(host, found))
    if domain is None:
        status.note_refused(db, setup, host)
        raise Forbidden(_("This website is not registered for this key."))
    return setup.company_id, setup, domain


def _read(raw: bytes) -> Hit:
    try:
        return parse_json(Hit, raw.decode("utf-8"))
    except (UnicodeDecodeError, InvalidInput) as error:
        raise Malformed(field="body", fix=_("Load lux.js anew.")) from error


def _write(taking: Taking, asked: Asked, hit: Hit) -> Mapping[str, object]:
    host = host_of(asked.origin)
    if hit.c:
        return status.check(taking.session, taking.domain, hit.c, hit.u, host=host)
    batch = happenings.read(hit.e, host=host)
    if batch.is_withdrawn and hit.v:
        visitors.withdraw(taking.session, hit.v)
        return {"accepted": 1, "withdrawn": True}
    if asked.refuses and taking.setup.respects_signals:
        return {"accepted": 0, "reason": "privacy_signal"}
    if judging.of_click(asked.agent, _LONG_AGO).human == judging.MACHINE:
        return {"accepted": 0, "reason": "bot"}
    if not hit.v:
        raise Malformed(field="v", fix=_("Without a visitor’s yes nothing is sent."))
    if not taking.setup.captures_forms:
        batch.drop("form")
    if batch.items:
        recording.record(taking, hit, batch)
    return {"accepted": len(batch.items), "refused": batch.refused}
