"""Every error becomes a page, a toast or problem+json, each with its status, a stable code and the request's id."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Blueprint
from sqlalchemy import select

from lux.cli.errors import CannotStart
from lux.kit import errors
from lux.kit.db import ALL_COMPANIES
from lux.kit.errors import FieldProblem, LuxError, RateLimitReached
from lux.rooms.diagnostics.models import ErrorLog
from lux.ui.access import public
from tests.factories import Installation, installation

# Programs rely on these: a change breaks them.
CODES = {
    "LuxError": ("error", 500),
    "InvalidInput": ("invalid_input", 422),
    "NotFound": ("not_found", 404),
    "SignInNeeded": ("sign_in_needed", 401),
    "Forbidden": ("forbidden", 403),
    "Conflict": ("conflict", 409),
    "WrongState": ("wrong_state", 409),
    "RateLimitReached": ("rate_limited", 429),
    "TooLarge": ("too_large", 413),
    "BrokenRule": ("broken_rule", 409),
    "ToggleIsOff": ("toggle_off", 409),
    "Stopped": ("stopped", 409),
    "VaultLocked": ("vault_locked", 503),
    "SettingsProblem": ("settings", 500),
}
KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, LuxError)]
PAGE = {"Accept": "text/html"}
FRAGMENT = {"Accept": "text/html", "HX-Request": "true"}
PROGRAM = {"Accept": "application/json"}


def made(kind: type[LuxError]) -> LuxError:
    """Return an error as a room raises it: words, field, fix, where it is mended."""
    return kind("The address is taken.", field="email", fix="Choose another one.", url="/settings")


def raising(error: Exception):
    @public("made by a test")
    def view() -> str:
        raise error

    return view


def with_faults(lux: Installation) -> Installation:
    """Add a page for each error."""
    pages = Blueprint("faults", __name__)
    for kind in KINDS:
        pages.add_url_rule(f"/fault/{kind.__name__}", kind.__name__, raising(made(kind)), methods=["GET", "POST"])
        pages.add_url_rule(f"/bare/{kind.__name__}", f"bare{kind.__name__}", raising(kind()))
    several = [
        FieldProblem(field="email", message="This is no address.", fix="Write name@example.com."),
        FieldProblem(field="name", message="This is missing."),
    ]
    pages.add_url_rule("/fault/several", "several", raising(errors.InvalidInput("Two fields.", problems=several)))
    pages.add_url_rule("/fault/soon", "soon", raising(RateLimitReached(retry_after=7)))
    pages.add_url_rule("/fault/own", "own", raising(ZeroDivisionError("password=sesame")))
    lux.app.register_blueprint(pages)
    return lux


@pytest.fixture(scope="module")
def lux_of_faults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Return an installation with a page for each error, which no test changes."""
    folder = tmp_path_factory.mktemp("faults")
    lux = installation(f"sqlite:///{folder / 'lux.db'}", folder / "home")
    yield with_faults(lux)
    lux.db.close()


def test_every_kind_of_error_has_a_code_that_stays():
    assert {kind.__name__: (kind.code, kind.status) for kind in KINDS} == CODES
    assert CannotStart.code == "cannot_start"


@pytest.mark.parametrize("kind", KINDS)
def test_people_get_a_page_with_what_happened_the_fix_and_the_number(lux_of_faults: Installation, kind: type[LuxError]):
    answer = lux_of_faults.client().get(f"/fault/{kind.__name__}", headers=PAGE)
    text = answer.get_data(as_text=True)
    assert (answer.status_code, answer.mimetype) == (kind.status, "text/html")
    assert "<h1>The address is taken.</h1>" in text
    assert "Choose another one." in text
    assert 'href="/settings"' in text
    assert f"<code>{answer.headers['X-Request-ID']}</code>" in text


@pytest.mark.parametrize("kind", KINDS)
def test_htmx_gets_a_toast_that_leaves_the_page_as_it_is(lux_of_faults: Installation, kind: type[LuxError]):
    answer = lux_of_faults.client().post(f"/fault/{kind.__name__}", headers=FRAGMENT)
    text = answer.get_data(as_text=True)
    assert (answer.status_code, answer.mimetype) == (kind.status, "text/html")
    assert (answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == ("#toasts", "beforeend")
    assert "The address is taken." in text
    assert "Choose another one." in text
    assert "<html" not in text
    assert answer.headers["X-Request-ID"]


@pytest.mark.parametrize("kind", KINDS)
def test_programs_get_problem_details(lux_of_faults: Installation, kind: type[LuxError]):
    answer = lux_of_faults.client().get(f"/fault/{kind.__name__}", headers=PROGRAM)
    assert (answer.status_code, answer.mimetype) == (kind.status, "application/problem+json")
    assert answer.json == {
        "type": f"about:blank#{kind.code}",
        "title": "The address is taken.",
        "status": kind.status,
        "code": kind.code,
        "detail": "Choose another one.",
        "request_id": answer.headers["X-Request-ID"],
        "errors": [{"field": "email", "message": "The address is taken.", "fix": "Choose another one."}],
    }


@pytest.mark.parametrize("kind", KINDS)
def test_without_words_of_its_own_an_error_has_its_kinds(lux_of_faults: Installation, kind: type[LuxError]):
    answer = lux_of_faults.client().get(f"/bare/{kind.__name__}", headers=PROGRAM)
    assert answer.json["title"] == kind.__doc__
    assert answer.json["errors"] == []


def test_every_field_is_named_with_its_fix(lux_of_faults: Installation):
    answer = lux_of_faults.client().get("/fault/several", headers=PROGRAM)
    assert answer.json["errors"] == [
        {"field": "email", "message": "This is no address.", "fix": "Write name@example.com."},
        {"field": "name", "message": "This is missing.", "fix": ""},
    ]


@pytest.mark.parametrize("headers", [PAGE, FRAGMENT, PROGRAM])
def test_who_is_too_fast_hears_when_to_come_back(lux_of_faults: Installation, headers: dict[str, str]):
    answer = lux_of_faults.client().get("/fault/soon", headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


@pytest.mark.parametrize("headers", [PAGE, FRAGMENT, PROGRAM])
def test_an_error_of_our_own_tells_nothing_of_its_inside_and_is_recorded(
    lux_sqlite: Installation, headers: dict[str, str]
):
    answer = with_faults(lux_sqlite).client().get("/fault/own", headers=headers)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert "Something went wrong on our side" in text
    assert answer.headers["X-Request-ID"] in text
    assert not re.search("sesame|ZeroDivision|Traceback", text)
    with lux_sqlite.db.read(ALL_COMPANIES) as session:
        row = session.scalars(select(ErrorLog)).one()
    assert (row.source, row.endpoint, row.request_id) == ("web", "faults.own", answer.headers["X-Request-ID"])
    assert "sesame" not in row.trace


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [("/nothing/here", "GET", 404, "http_404"), ("/sign-in", "DELETE", 405, "http_405")],
)
def test_what_the_web_server_refuses_has_the_same_shape(
    lux_of_faults: Installation, path: str, method: str, status: int, code: str
):
    answer = lux_of_faults.client().open(path, method=method, headers=PROGRAM)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert (answer.json["code"], answer.json["errors"]) == (code, [])


def test_the_api_answers_programs_whatever_they_accept(lux_of_faults: Installation):
    answer = lux_of_faults.client().get("/api/nothing", headers={"Accept": "*/*"})
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
