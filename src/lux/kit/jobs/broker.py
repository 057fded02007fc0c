"""The broker between machines: Celery's settings, its queues, and the hints that travel through it.

A hint is a job's id and nothing else. Whoever hears it must still win the row, so a hint that is lost, doubled or
made up changes nothing but the moment at which somebody looks.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lux.kit.errors import LuxError
from lux.kit.i18n import gettext as _
from lux.kit.jobs.kinds import QUEUES

if TYPE_CHECKING:
    from lux.kit.settings import Settings

TASK: Final = "lux.run_job"
CONNECT_SECONDS: Final = 2.0
_SOCKET_SECONDS: Final = 10.0  # for one answer; a waiting consumer asks anew every second
# Redis gives a hint that nobody has acknowledged to another worker after this time; that one finds the row taken.
_VISIBILITY_SECONDS: Final = 600


class EngineMissing(LuxError):
    """The packages that LUX_JOBS=celery needs are not installed."""

    code = "engine_missing"


class BrokerAway(Exception):
    """The broker does not answer; rows wait, and nothing is lost."""


@dataclass(frozen=True, kw_only=True)
class Hint:
    """Where to look: a job's id, and the queue whose threads it is for."""

    job_id: int
    queue: str


def require(settings: Settings) -> None:
    """Raise EngineMissing, with the command that helps, unless what the broker's address needs is installed."""
    needed = ["celery", *(["redis"] if settings.broker_url.startswith("redis") else [])]
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise EngineMissing(
            _("LUX_JOBS=celery needs packages that are not installed (%(names)s).", names=", ".join(missing)),
            fix=_(
                "Install them: pip install --require-hashes -r requirements/celery.lock (or pip install 'lux[celery]')."
            ),
        )


def make_app(settings: Settings) -> Any:  # noqa: ANN401 - Celery carries no types
    """Return a Celery app with all settings that matter; nothing is connected yet."""
    from celery import Celery
    from kombu.entity import Exchange, Queue

    app = Celery("lux", broker=settings.broker_url, set_as_current=False)
    exchange = Exchange("lux", type="direct")  # type: ignore[no-untyped-call]
    names = [queue_name(name) for name in QUEUES]
    app.conf.update(
        task_queues=[Queue(name, exchange, routing_key=name) for name in names],  # type: ignore[no-untyped-call]
        task_default_queue=queue_name("default"),
        task_default_exchange="lux",
        task_default_routing_key=queue_name("default"),
        task_create_missing_queues=False,
        # Ids alone travel, so JSON is all that is read; nobody asks Celery how a job ended.
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        result_backend=None,
        # A busy worker leaves hints in the broker for idle ones; what failed is the row's business, not the broker's.
        task_acks_late=True,
        task_acks_on_failure_or_timeout=True,
        task_reject_on_worker_lost=False,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        task_default_delivery_mode="transient",  # rows outlive the broker; hints need not
        # Nobody steers workers or listens to them through the broker: who can write to it can make them look, no more.
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        task_send_sent_event=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        enable_utc=True,
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=CONNECT_SECONDS,
        broker_transport_options=_transport_options(settings.broker_url),
    )
    return app


def queue_name(queue: str) -> str:
    """Return a queue's name in the broker."""
    return f"lux.{queue}"


class Broker:
    """What a process says to the broker; one connection, used by one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        """Load Celery; connect at the first use."""
        self._app = make_app(settings)

    def publish(self, hints: Iterable[Hint]) -> None:
        """Hand over hints; raises BrokerAway after a few seconds at most when it does not answer."""
        from kombu.exceptions import OperationalError

        once = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
        try:
            for hint in hints:
                self._app.send_task(
                    TASK, args=[hint.job_id], queue=queue_name(hint.queue), retry=True, retry_policy=once,
                    ignore_result=True,
                )  # fmt: skip
        except (OperationalError, OSError) as error:
            raise BrokerAway(type(error).__name__) from error

    def depths(self) -> dict[str, int]:
        """Return how many hints wait in each queue; raises BrokerAway when it does not answer soon."""
        from kombu.exceptions import OperationalError

        with self._app.connection_for_write() as connection:
            try:
                connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=CONNECT_SECONDS)
                return {queue: _depth(connection, queue_name(queue)) for queue in QUEUES}
            except (OperationalError, OSError, *connection.connection_errors) as error:
                raise BrokerAway(type(error).__name__) from error

    def close(self) -> None:
        """Close the connection."""
        self._app.close()


def _depth(connection: Any, name: str) -> int:  # noqa: ANN401 - kombu carries no types
    """Return a queue's length; one that does not exist (Redis forgets empty ones) has none."""
    with connection.channel() as channel:
        try:
            return int(channel.queue_declare(name, passive=True).message_count)
        except connection.channel_errors:
            return 0


def _transport_options(address: str) -> dict[str, object]:
    if not address.startswith("redis"):
        return {"confirm_publish": True}
    return {
        "visibility_timeout": _VISIBILITY_SECONDS,
        "unacked_restore_interval": 10,
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": _SOCKET_SECONDS,
        "socket_keepalive": True,
        "health_check_interval": 15,
    }
