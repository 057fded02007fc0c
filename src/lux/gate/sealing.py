"""Seals what a system mail carries (links that work once), so that the database never holds it in the clear."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from sqlalchemy.orm import Session

from lux.kit import crypto
from lux.kit.db.session import settings_of

_ASSOCIATED = b"lux-system-mail"


def seal_params(session: Session, params: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters with every value sealed under the installation's signing secret."""
    key = _key(session)
    return {
        name: base64.urlsafe_b64encode(crypto.seal(key, value.encode(), _ASSOCIATED + name.encode())).decode()
        for name, value in params.items()
    }


def open_params(session: Session, params: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters in the clear, to be rendered and forgotten."""
    key = _key(session)
    return {
        name: crypto.unseal(key, base64.urlsafe_b64decode(value), _ASSOCIATED + name.encode()).decode()
        for name, value in params.items()
    }


def _key(session: Session) -> bytes:
    return crypto.derive(crypto.app_secret(settings_of(session)), "system-mail")
