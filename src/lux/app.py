"""The web application: one Flask app made from settings, rooms and their pages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from lux import house
from lux.kit import crypto, i18n, logs
from lux.kit.db import Database
from lux.kit.settings import Settings, load
from lux.ui import api, assets, csp, faults, filters, icons, routing, shell, web
from lux.ui.access import rule_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2.ext import Extension

JINJA_EXTENSIONS: tuple[type[Extension] | str, ...] = ("jinja2.ext.i18n", "jinja2.ext.do")


def create_app(settings: Settings | None = None, *, db: Database | None = None, is_serving: bool = False) -> Flask:
    """Build the application; the database must be migrated already.

    Serving: opens and clicks are answered in front of Flask, and what is left over of them is loaded from here.
    """
    settings = settings or load()
    app = Flask("lux", static_folder="ui/static", template_folder="ui/templates")
    _configure(app, settings)
    database = db or Database.of(settings)
    app.extensions["lux"] = web.Runtime(
        settings=settings, db=database, on_error=house.error_recorder(database, source="web")
    )
    _templates(app)
    web.init(app)
    csrf = CSRFProtect(app)
    for register in (routing.register, assets.register, csp.register, icons.register, faults.register, api.register):
        register(app)
    shell.register(app, house.shell_sources())
    house.install()
    for blueprint in [*house.blueprints(), *house.api_blueprints()]:
        app.register_blueprint(blueprint)
    for view in app.view_functions.values():
        rule = rule_of(view)
        if rule is not None and not rule.checks_csrf:
            csrf.exempt(view)
    if is_serving:
        on_error = app.extensions["lux"].on_error
        pages = house.in_front_of(app.wsgi_app, database, settings, on_error=on_error)
        app.wsgi_app = pages  # type: ignore[method-assign, assignment]
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _configure(app: Flask, settings: Settings) -> None:
    logs.configure(settings)
    app.config.update(
        SECRET_KEY=crypto.derive(crypto.app_secret(settings), "cookie"),
        SESSION_COOKIE_NAME="__Host-lux" if settings.is_https else "lux_session",
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=settings.session_days),
        SESSION_REFRESH_EACH_REQUEST=False,
        MAX_CONTENT_LENGTH=settings.max_upload_mb * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,  # the Origin header is compared for every non-GET instead
        TRAP_HTTP_EXCEPTIONS=False,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,  # asset names carry their hash
    )


def _templates(app: Flask) -> None:
    for extension in JINJA_EXTENSIONS:
        app.jinja_env.add_extension(extension)
    install: Callable[..., None] = app.jinja_env.install_gettext_callables  # type: ignore[attr-defined]  # by the extension
    install(i18n.gettext, i18n.ngettext, newstyle=True)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    filters.register(app)


def serve_app() -> Flask:
    """Build the application for the server's worker process, which ends when the server is gone."""
    from lux.kit.process import keep_small, leave_with_parent

    keep_small()
    leave_with_parent()
    app = create_app(is_serving=True)
    runtime: web.Runtime = app.extensions["lux"]
    if runtime.settings.jobs == "celery":
        from lux.kit.jobs import publisher

        publisher.listen_in_pages(runtime.db, runtime.settings)
    return app
