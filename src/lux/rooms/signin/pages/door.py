"""The front door's pages: first owner, sign-in and sign-out, forgotten password, invitation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import redirect, request, url_for

from lux.identity import owner_link, tokens
from lux.kit.db import ALL_COMPANIES
from lux.kit.i18n import gettext as _
from lux.rooms.signin import choices, service
from lux.rooms.signin.forms import ForgotForm, JoinForm, NewPasswordForm, SignInForm, WelcomeForm
from lux.rooms.signin.pages.blueprint import signin
from lux.rooms.signin.service import Browser
from lux.ui import web
from lux.ui.access import public, signed_in
from lux.ui.forms import form_state, read_form, shows_again
from lux.ui.pages import local_path, page, redirect_to, toast

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

NEEDS_NO_PERSON = "people come here before they are signed in"
TOKEN_IS_PROOF = "the link holds an unguessable token that works once"  # noqa: S105 - a sentence, not a secret


def browser() -> Browser:
    """Return where the request comes from."""
    return Browser(address=request.remote_addr or "", user_agent=request.user_agent.string)


@signin.get("/sign-in")
@public(NEEDS_NO_PERSON)
def sign_in() -> Response:
    """Show the sign-in form; somebody signed in goes on."""
    wanted = local_path(request.values.get("next"), url_for("home.index"))
    if web.maybe_person() is not None and request.method == "GET":
        return redirect(wanted, 303)
    is_new = not owner_link.has_owner(web.session())
    return page("signin/sign_in.html", form=form_state(), next=wanted, is_new=is_new)


@signin.post("/sign-in")
@public(NEEDS_NO_PERSON)
@shows_again(sign_in)
def do_sign_in() -> Response:
    """Sign somebody in."""
    form = read_form(SignInForm)
    token = service.sign_in(web.database(), web.settings(), form, browser(), replaces=web.maybe_person())
    web.remember_session(token)
    return redirect(local_path(form.next, url_for("home.index")), 303)


@signin.post("/sign-out")
@signed_in()
def sign_out() -> Response:
    """End the session."""
    service.sign_out(web.session(), web.person())
    web.forget_session()
    toast(_("You are signed out."))
    return redirect_to("signin.sign_in")


@signin.get("/welcome/<token>")
@public(TOKEN_IS_PROOF)
def welcome(token: str) -> Response:
    """Show the form that makes the first owner and company."""
    tokens.peek(web.session(), tokens.Purpose.OWNER_LINK, token)
    form = form_state({"timezone": "UTC", "currency": "EUR"})
    return page("signin/welcome.html", form=form, token=token, choices=choices)


@signin.post("/welcome/<token>")
@public(TOKEN_IS_PROOF)
@shows_again(welcome)
def do_welcome(token: str) -> Response:
    """Make the first owner and company, and sign them in."""
    made = service.begin(web.database(), web.settings(), token, read_form(WelcomeForm), browser())
    web.remember_session(made)
    toast(_("Welcome to LUX. These steps lead to your first mail."))
    return redirect_to("company.setup")


@signin.get("/forgot")
@public(NEEDS_NO_PERSON)
def forgot() -> Response:
    """Ask for the address a password link goes to."""
    return page("signin/forgot.html", form=form_state())


@signin.post("/forgot")
@public(NEEDS_NO_PERSON)
@shows_again(forgot)
def do_forgot() -> Response:
    """Mail a password link if there is such an account; say the same if there is none."""
    service.forgot(web.database(), read_form(ForgotForm), browser())
    return page("signin/forgot_sent.html")


@signin.get("/reset/<token>")
@public(TOKEN_IS_PROOF)
def reset(token: str) -> Response:
    """Ask for a new password."""
    tokens.peek(web.session(), tokens.Purpose.PASSWORD_RESET, token)
    return page("signin/reset.html", form=form_state(), token=token)


@signin.post("/reset/<token>")
@public(TOKEN_IS_PROOF)
@shows_again(reset)
def do_reset(token: str) -> Response:
    """Set the new password; everyone signed in under the old one is signed out."""
    service.reset(web.database(), token, read_form(NewPasswordForm).password)
    web.forget_session()
    toast(_("Your password is changed. Sign in with it."))
    return redirect_to("signin.sign_in")


@signin.get("/invitation/<token>")
@public(TOKEN_IS_PROOF)
def invitation(token: str) -> Response:
    """Show who invites whom, and the way in."""
    found = service.welcome(web.use_company(ALL_COMPANIES), token, web.maybe_person())
    return page("signin/invitation.html", form=form_state(), token=token, found=found)


@signin.post("/invitation/<token>/new")
@public(TOKEN_IS_PROOF)
@shows_again(invitation)
def join_as_new(token: str) -> Response:
    """Make an account for the invited person and let them in."""
    web.remember_session(service.join_as_new(web.database(), web.settings(), token, read_form(JoinForm), browser()))
    toast(_("Welcome to LUX."))
    return redirect_to("home.index")


@signin.post("/invitation/<token>/accept")
@signed_in()
def join(token: str) -> Response:
    """Let the signed-in person into the company."""
    web.remember_session(service.join(web.use_company(ALL_COMPANIES), token, web.person()))
    toast(_("You belong to the company now."))
    return redirect_to("home.index")
