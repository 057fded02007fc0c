"""One's own account: profile, password, where one is signed in."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from lux.identity import sessions, users
from lux.kit import rates
from lux.kit.i18n import gettext as _
from lux.rooms.signin import choices, service
from lux.rooms.signin.forms import PasswordForm, ProfileForm
from lux.rooms.signin.pages.blueprint import signin
from lux.ui import web
from lux.ui.access import signed_in
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@signin.get("/account")
@signed_in()
def account() -> Response:
    """Show a person's own settings."""
    user = users.by_id(web.session(), web.person().user_id)
    values = {
        "name": user.name,
        "locale": user.locale,
        "timezone": user.timezone,
        "formats": user.preferences.get("formats", ""),
        "single_keys": user.preferences.get("single_keys", True),
    }
    example = 1234567.5  # not in the template: what is constant there is written once for everybody
    return page("signin/profile.html", form=form_state(values), email=user.email, choices=choices, example=example)


@signin.post("/account")
@signed_in()
@shows_again(account)
def save_profile() -> Response:
    """Save a person's own settings."""
    service.change_profile(web.session(), web.person(), read_form(ProfileForm))
    toast(_("Saved."))
    return redirect_to("signin.account")


@signin.get("/account/password")
@signed_in()
def password() -> Response:
    """Show the form that changes the password."""
    return page("signin/password.html", form=form_state())


@signin.post("/account/password")
@signed_in()
@shows_again(password)
def save_password() -> Response:
    """Change the password; every other browser is signed out."""
    rates.take(web.database(), f"password:{web.person().user_id}", 10, 600)
    web.remember_session(service.change_password(web.database(), web.person(), read_form(PasswordForm)))
    toast(_("Your password is changed, and every other browser is signed out."))
    return redirect_to("signin.password")


@signin.get("/account/sessions")
@signed_in()
def session_list() -> Response:
    """Show where the person is signed in."""
    found = sessions.listing(web.session(), web.person().user_id, web.settings())
    return page("signin/sessions.html", sessions=found, present_id=web.person().session_id)


@signin.post("/account/sessions/<uuid:public_id>/end")
@signed_in()
def end_session(public_id: uuid.UUID) -> Response:
    """Sign one of the person's browsers out."""
    sessions.end_one_of(web.session(), web.person().user_id, public_id)
    toast(_("That browser is signed out."))
    return redirect_to("signin.session_list")


@signin.post("/account/sessions/end")
@signed_in()
def end_others() -> Response:
    """Sign the person out everywhere else."""
    sessions.end_all(web.session(), web.person().user_id, but=web.person().session_id)
    toast(_("Every other browser is signed out."))
    return redirect_to("signin.session_list")
