"""lux.js as one company's pages get it: the built script with the company's words and rules handed in."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from lux.identity import companies
from lux.kit import i18n
from lux.kit.db.session import settings_of
from lux.kit.i18n import gettext as _
from lux.rooms.site.models import ConsentMode

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lux.rooms.site.models import SiteSetup


@dataclass(frozen=True, kw_only=True)
class Script:
    """What is served."""

    body: bytes
    packed: bytes  # gzip
    etag: str


def handed_in(session: Session, setup: SiteSetup) -> dict[str, object]:
    """Return what the script is told; it stands in a public file."""
    company = companies.by_id(session, setup.company_id)
    before = i18n.locale()
    i18n.set_locale(company.locale)
    try:
        words = {
            "label": _("Your privacy"),
            "text": setup.banner_text or default_text(company.name),
            "yes": setup.banner_accept or _("Yes, that is fine"),
            "no": setup.banner_decline or _("No, thank you"),
            "more": _("Privacy policy"),
            "url": setup.privacy_url,
        }
    finally:
        i18n.set_locale(before)
    is_banner = setup.consent_mode is ConsentMode.BANNER
    return {
        "u": f"{base_url(session)}/s/{setup.site_key}/collect",
        "m": setup.consent_mode.value,
        "s": int(setup.respects_signals),
        "w": words if is_banner else {**words, "text": default_text(company.name)},
    }


def default_text(company_name: str) -> str:
    """Return the banner's words where the company has none of its own."""
    return _(
        "May %(company)s remember your visit, to see which pages and mails are useful? "
        "Nothing is stored before you say yes, and you can change your mind at any time.",
        company=company_name,
    )


def snippet(session: Session, setup: SiteSetup) -> str:
    """Return what people put into the head of their pages."""
    address = f"{base_url(session)}/s/{setup.site_key}/lux.js"
    return (
        "<script>window.lux=window.lux||function(){(lux.q=lux.q||[]).push(arguments)}</script>\n"
        f'<script async src="{address}"></script>'
    )


def base_url(session: Session) -> str:
    """Return where visitors' browsers reach this installation."""
    return settings_of(session).base_url.rstrip("/")


def composed(built: Path, values: dict[str, object]) -> Script:
    """Return the built script with the values handed in."""
    return _composed(str(built), built.stat().st_mtime_ns, json.dumps(values, sort_keys=True))


@lru_cache(maxsize=64)
def _composed(path: str, _written: int, values: str) -> Script:
    code = Path(path).read_text(encoding="utf-8").strip()
    safe = values.replace("<", "\\u003c")
    body = f"(function(LUX_SITE){{{code}\n}})({safe});\n".encode()
    return Script(body=body, packed=gzip.compress(body, 9, mtime=0), etag=hashlib.sha256(body).hexdigest()[:24])
