"""Structured logs: JSON or text on standard error, with request and job ids, redacted."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, Final, TextIO

import structlog

from lux.kit import database_url
from lux.kit.redaction import (
    redact,
    redact_value,
    redacted_message,
    redacted_trace,
    register_secret,
)

if TYPE_CHECKING:
    from structlog.typing import Processor

    from lux.kit.settings import Settings

__all__ = ["configure", "redact", "redacted_message", "redacted_trace", "register_secret"]

_LEADING: Final = ("at", "level", "logger", "event")
_CONTROL: Final = {code: f"\\x{code:02x}" for code in (*range(32), 127, 0x85)} | {
    9: "\\t",
    10: "\\n",
    13: "\\r",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}
_QUIET: Final = (
    "alembic",
    "apscheduler",
    "urllib3",
    "sqlalchemy.pool",
    "css_inline",
)  # say nothing below warning

EventDict = MutableMapping[str, Any]


class _LuxHandler(logging.StreamHandler[TextIO]):
    """Our own handler, so that a second call of `configure` finds and replaces it."""


def configure(settings: Settings, *, stream: TextIO | None = None) -> None:
    """Route structlog and the standard library's logging through one redacting handler.

    May be called again, for example by a child process.
    """
    out = stream or sys.stderr
    level = getattr(logging, settings.log_level.upper())
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _write_exception,
            _redact_event,
            _renderer(settings, out),
        ],
    )
    handler = _LuxHandler(out)
    handler.setFormatter(formatter)
    _register_own(settings)
    _install(handler, level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # modules make their loggers before this runs
    )


def _install(handler: logging.Handler, level: int) -> None:
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _LuxHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(capture=True)


def _register_own(settings: Settings) -> None:
    """Hide the installation's own secrets by value."""
    register_secret(settings.secret_key.get_secret_value())
    for part in settings.master_keys.get_secret_value().split(","):
        register_secret(part.partition(":")[2])
    for address in filter(None, (settings.database, settings.broker_url)):
        for secret in database_url.secrets(address):
            register_secret(secret)


def _renderer(settings: Settings, out: TextIO) -> Processor:
    is_text = settings.log_format == "text" or (settings.log_format == "auto" and out.isatty())
    return _as_text if is_text else structlog.processors.JSONRenderer(sort_keys=False, default=str)


def _write_exception(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Turn exc_info into a redacted traceback."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = redacted_trace(error)
    stack = event.pop("stack_info", None)
    if stack:
        event["stack"] = redact(str(stack))
    return event


def _redact_event(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Put what is read first at the front, and clean every value."""
    cleaned: EventDict = {}
    for key in (*_LEADING, *(name for name in event if name not in _LEADING)):
        if key not in event:
            continue
        is_clean = key in {"exception", "stack", "at", "level"}
        cleaned[redact(key)] = event[key] if is_clean else redact_value(key, event[key])
    return cleaned


def _as_text(_logger: object, _method: str, event: EventDict) -> str:
    """Return one line; only a traceback has more, each indented, so that no line can be forged."""
    trace = str(event.pop("exception", "") or event.pop("stack", ""))
    head = [str(event.pop(key, "")) for key in _LEADING]
    head[1] = f"{head[1]:<7}"
    pairs = [f"{key}={_quoted(value)}" for key, value in event.items()]
    line = " ".join([*(_escape(part) for part in head), *pairs])
    return "\n".join([line, *(f"    | {_escape(part)}" for part in trace.splitlines())])


def _quoted(value: object) -> str:
    text = _escape(str(value))
    return f'"{text}"' if " " in text or not text else text


def _escape(text: str) -> str:
    return text.translate(_CONTROL)
