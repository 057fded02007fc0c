"""A company to try things out in: marked as a sample, owned by a person of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lux.cli import database
from lux.identity import companies, tokens, users
from lux.kit import crypto
from lux.kit.db import ALL_COMPANIES

if TYPE_CHECKING:
    from lux.kit.settings import Settings

NAME: Final = "Tidewater Coffee (sample)"
OWNER: Final = "owner@tidewater.example"  # .example leads nowhere (RFC 2606)


def make(settings: Settings) -> dict[str, str]:
    """Make a fresh sample company and say how to get in: `company`, `slug`, `email`, `link` (one-time, an hour).

    Its owner is made once; the link gives them a new password. Sample companies made before stay as they are.
    """
    with database.opened(settings) as db, db.begin(ALL_COMPANIES) as session:
        owner = users.by_email(session, OWNER)
        if owner is None:
            nobody_knows = crypto.random_token()
            owner = users.create(session, name="Sample owner", email=OWNER, password=nobody_knows)
        company = companies.create(session, name=NAME, owner_id=owner.id, is_sample=True)
        # who signs in looks at the company they looked at last
        owner.preferences = {**owner.preferences, "company_id": company.id}
        token = tokens.issue(session, tokens.Purpose.PASSWORD_RESET, user_id=owner.id)
        found = {"company": company.name, "slug": company.slug, "email": owner.email}
    return found | {"link": f"{settings.base_url}/reset/{token}"}
