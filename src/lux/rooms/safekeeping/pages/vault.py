"""Operate → Vault: which keys there are, whether everything opens, new data keys, destroying a company's secrets."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from lux.identity.access import Right
from lux.kit import clock, jobs
from lux.kit.db import ALL_COMPANIES
from lux.kit.i18n import gettext as _
from lux.kit.i18n import ngettext
from lux.rooms.safekeeping import health, queries, service
from lux.rooms.safekeeping.forms import ShredForm
from lux.rooms.safekeeping.pages.blueprint import safekeeping
from lux.rooms.safekeeping.secrets import Stored, name_of, secrets_of
from lux.ui import lists, web
from lux.ui.access import access
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast
from lux.vault import data_keys, keys, verification
from lux.vault.secrets import Vault

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@safekeeping.get("/vault")
@access(Right.OPERATE)
def vault() -> Response:
    """Show the keys, companies' secrets by number, and what the last walk through them found."""
    settings, nothing = web.settings(), list[queries.KeyRing]()
    with web.database().read(ALL_COMPANIES) as session:  # the request's own sees the operator's company alone
        return page(
            "safekeeping/vault.html", state=Vault(settings).state(session), masters=queries.master_keys(session),
            rings=lists.load("key-rings", lambda: queries.rings(session), nothing), check=verification.last(session),
            by_file=not settings.master_keys.get_secret_value(), path=keys.key_file(settings),
            findings=[one for one in health.VaultKeysHealth().check(session, None) if one.level in {"bad", "warn"}],
            old=clock.now() - health.OLD_KEY,
        )  # fmt: skip


@safekeeping.post("/vault/verify")
@access(Right.OPERATE)
def verify_vault() -> Response:
    """Put a walk through all secrets into the queue."""
    jobs.enqueue(web.session(), "safekeeping.verify_vault", {}, dedup_key="now")
    toast(_("Every secret is opened now; what that shows stands here in a moment."))
    return redirect_to("safekeeping.vault")


@safekeeping.get("/vault/<uuid:public_id>")
@access(Right.OPERATE)
def key_ring(public_id: uuid.UUID) -> Response:
    """Show the keys of one company."""
    old, nothing = clock.now() - health.OLD_KEY, list[Stored]()
    with web.database().read(ALL_COMPANIES) as session:
        company = queries.company_by_public_id(session, public_id)
        ring = next(one for one in queries.rings(session) if one.company.id == company.id)
        stored = lists.load("key-ring-secrets", lambda: secrets_of(session, company.id), nothing)
    return page("safekeeping/key_ring.html", ring=ring, form=form_state(), old=old, stored=stored, name_of=name_of,
                backups=queries.kept(web.session()))  # fmt: skip


@safekeeping.post("/vault/<uuid:public_id>/rotate")
@access(Right.OPERATE)
def rotate_keys(public_id: uuid.UUID) -> Response:
    """Put a new data key for a company into the queue."""
    company = queries.company_by_public_id(web.session(), public_id)
    with web.database().read(ALL_COMPANIES) as session:
        present = data_keys.living(session, company.id)
    oldest = present[0].dek_id if present else ""
    args = {"company_id": company.id, "user_id": web.person().user_id, "instead_of": oldest}
    jobs.enqueue(web.session(), "safekeeping.rotate_keys", args, key=f"rotate {company.id}", dedup_key=str(company.id))
    toast(_("The secrets of %(name)s are sealed anew in the background.", name=company.name))
    return redirect_to("safekeeping.key_ring", public_id=public_id)


@safekeeping.post("/vault/<uuid:public_id>/shred")
@access(Right.OPERATE)
@shows_again(key_ring)
def shred(public_id: uuid.UUID) -> Response:
    """Destroy a company's data keys after its short name was typed."""
    typed = read_form(ShredForm).confirmation
    done = service.shred(web.database(), public_id, web.person(), typed=typed)
    toast(ngettext("One secret can't be opened by anybody any more.",
                   "%(num)s secrets can't be opened by anybody any more.", done.secrets))  # fmt: skip
    return redirect_to("safekeeping.key_ring", public_id=public_id)
