"""Who runs the installation, and through which company each of them is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sqlalchemy import Table, select

from lux.identity.models import Company, Membership, User

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def homes(session: Session) -> dict[int, int | None]:
    """Return the company of each operator whose bell and mail server reach them; None for who is in no company.

    It is the one in which they may most; a sample only where there is no other. Like a person's own companies it is
    looked up in the membership *table*, past the session's company filter.
    """
    membership = cast("Table", Membership.__table__)
    rows = session.execute(
        select(User.id, membership.c.company_id, membership.c.role, Company.is_sample)
        .outerjoin(membership, membership.c.user_id == User.id)
        .outerjoin(Company, Company.id == membership.c.company_id)
        .where(User.is_operator.is_(True), User.is_disabled.is_(False))
    )
    found: dict[int, list[tuple[bool, int, int]]] = {}
    for user_id, company_id, role, is_sample in rows:
        own = found.setdefault(user_id, [])
        if company_id is not None:
            own.append((bool(is_sample), -role.rank, company_id))
    return {user_id: min(own)[2] if own else None for user_id, own in found.items()}
