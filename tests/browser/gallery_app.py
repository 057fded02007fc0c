"""Serves the style guide, with invented people and companies, and the answers htmx gets from it."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from flask import Flask, Response, flash, jsonify, make_response, redirect, render_template, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response as WerkzeugResponse

from lux.kit import i18n
from lux.kit.errors import FieldProblem
from lux.ui import assets, csp, filters, icons
from lux.ui.forms import FormState

NAV = (
    ("", (("Home", "home", "h", 0), ("Approvals", "check-circle", "a", 3))),
    ("Create", (("Campaigns", "send", "m", 0), ("Templates", "layout", "t", 0))),
    ("Grow", (("Contacts", "users", "c", 0), ("Segments", "filter", "s", 0), ("Newsletter", "rss", "", 0))),
    ("Operate", (("Mailbox", "inbox", "b", 128), ("Jobs", "cpu", "j", 0), ("Settings", "settings", "", 0))),
)
REFUSED = FormState(
    values={"email": "ada@", "basis": ""},
    problems=(
        FieldProblem(field="email", message="This is not an e-mail address.", fix="Write it like name@example.com."),
        FieldProblem(field="file", message="This is missing.", fix="Choose a CSV file."),
        FieldProblem(field="basis", message="This is missing.", fix="Say whether these people have agreed."),
    ),
    message="Some fields need your attention.",
)


def shell(active: str = "Home", *, stopped: bool = False) -> dict[str, Any]:
    """Return what the frame shows, as `lux.ui.shell` does for real people."""
    sections = [
        {
            "label": label,
            "items": [
                {
                    "endpoint": name.lower(),
                    "url": f"/?page={name.lower()}",
                    "icon": picture,
                    "label": name,
                    "key": key,
                    "badge": badge,
                    "is_active": name == active,
                }
                for name, picture, key, badge in items
            ],
        }
        for label, items in NAV
    ]
    stop = {"scope": "company", "reason": "wrong price", "since": "14:02", "by": "Maya Kern"}
    return {
        "nav": sections,
        "companies": [
            {"name": "Example & Sons of the Invented Hills", "public_id": "1", "is_current": True},
            {"name": "Sample Agency", "public_id": "2", "is_current": False},
        ],
        "company": {"name": "Example & Sons of the Invented Hills", "public_id": "1"},
        "person": {"name": "Maya Kern", "email": "maya@example.com", "role_label": "Owner", "initials": "MK"},
        "unread": 4,
        "stop": stop if stopped else None,
        "may_stop": True,
        "may_resume": True,
        "actions": [{"label": "New campaign", "url": "/?do=campaign", "icon": "plus", "key": "c"}],
        "urls": {
            "home": "/",
            "search": "/?search",
            "palette": "/palette",
            "notifications": "/?notifications",
            "stop": "/stop",
            "resume": "/?resume",
            "switch_company": "/post",
            "sign_out": "/post",
            "account": "/?account",
        },
    }


def create_app() -> Flask:
    """Build an app with the ui's parts alone: no database, no rooms."""
    app = Flask("lux", static_folder="ui/static", template_folder="ui/templates")
    app.config.update(SECRET_KEY="gallery", WTF_CSRF_TIME_LIMIT=None)
    CSRFProtect(app)
    for extension in ("jinja2.ext.i18n", "jinja2.ext.do"):
        app.jinja_env.add_extension(extension)
    app.jinja_env.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for register in (filters.register, assets.register, csp.register, icons.register):
        register(app)
    app.before_request(lambda: i18n.set_locale(request.args.get("locale")))
    app.context_processor(lambda: {"shell": shell(stopped="stopped" in request.args), "refused": REFUSED})
    _pages(app)
    _fragments(app)
    return app


def _pages(app: Flask) -> None:
    @app.get("/")
    def gallery() -> str:
        if "flash" in request.args:
            flash("Campaign approved.", "ok")
        return render_template("ui/gallery.html")

    @app.get("/signin")
    def plain() -> str:
        return render_template("ui/gallery/plain.html")

    @app.get("/public")
    def public() -> str:
        return render_template("ui/gallery/public.html", company_name="Example & Sons")

    @app.get("/error/<int:status>")
    def error(status: int) -> str:
        words = {403: "You may not do that.", 404: "There is nothing here, or nothing that you may see."}
        return render_template(
            "ui/error.html",
            status=status,
            message=words.get(status, "Something went wrong on our side. It has been recorded."),
            fix="Ask an owner." if status == 403 else "",
            url="",
            request_id="5f2ac09b11d24e77",
        )

    @app.get("/parts")
    def parts() -> str:
        part = "found_fragment" if request.headers.get("HX-Target") == "ul#found" else "parts"
        return render_template(f"ui/gallery/{part}.html")

    @app.post("/stop")
    def stop() -> WerkzeugResponse:
        return redirect("/parts?stopped")

    @app.post("/post")
    def post() -> str:
        time.sleep(0.3)
        return "posted " + "&".join(sorted(f"{k}={v}" for k, v in request.form.items() if k != "csrf_token"))


def _fragments(app: Flask) -> None:
    asked: list[int] = []

    @app.get("/palette")
    def palette() -> Response:
        found = [{"label": f"Contact {request.args['q']}", "url": "/?contact", "icon": "user", "detail": "invented"}]
        return jsonify({"groups": [{"label": "Contacts", "items": found}]})

    @app.post("/form")
    def form() -> Response:
        return make_response(render_template("ui/gallery/form_fragment.html", form=REFUSED), 422)

    @app.post("/broken")
    def broken() -> tuple[str, int]:
        return "<h1>A proxy's error page</h1>", 502

    @app.post("/fault")
    def fault() -> Response:
        body = render_template(
            "ui/fault_toast.html",
            message="It changed meanwhile.",
            fix="Load it again.",
            status=409,
            url="",
            request_id="x",
        )
        return Response(body, 409, headers={"HX-Retarget": "#toasts", "HX-Reswap": "beforeend"})

    @app.post("/saved")
    def saved() -> Response:
        return Response("", 204, headers={"HX-Trigger": '{"lux:toast": {"message": "Saved.", "level": "ok"}}'})

    @app.get("/work")
    def work() -> str:
        asked.append(1)
        return render_template("ui/gallery/work_fragment.html", done=min(100, 40 * len(asked)))

    @app.get("/stream")
    def stream() -> Response:
        def events() -> Iterator[str]:
            yield 'event: progress\ndata: {"done": 50, "total": 100, "count": "50 of 100"}\n\n'
            yield "event: end\ndata: {}\n\n"

        return Response(events(), mimetype="text/event-stream")


def whole(app: Flask) -> Callable[..., list[bytes]]:
    """Read each answer to its end before it is sent: a file stays open when a browser leaves in the middle of one."""

    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = app(environ, start_response)
        try:
            return list(body)
        finally:
            if hasattr(body, "close"):
                body.close()

    return answer


class Quiet(WSGIRequestHandler):
    """Keeps the requests of the style guide out of the tests' log."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the name is werkzeug's
        """Say nothing."""


@contextmanager
def served(port: int = 0) -> Iterator[str]:
    """Serve the style guide on a free port of this machine; yields its address."""
    server = make_server("127.0.0.1", port, whole(create_app()), threaded=True, request_handler=Quiet)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=5055)
    with served(parser.parse_args().port) as address:
        print(f"The style guide is on {address}; end it with Ctrl C.")
        Event().wait()
