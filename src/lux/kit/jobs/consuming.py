"""Celery's consumer with a loop that hears at once when a thread is free again."""

from __future__ import annotations

from typing import Any, Final

from celery import bootsteps
from celery.worker import state
from celery.worker.consumer import Consumer

# Celery's own blocking loop acknowledges a finished task only when its wait for the next one ends, after two seconds;
# with one thread to a queue that would be a pause of two seconds between any two jobs.
BUSY_SECONDS: Final = 0.03  # a wait for news while tasks run
IDLE_SECONDS: Final = 1.0  # a wait for news otherwise; a hint ends it at once


class PromptConsumer(Consumer):  # type: ignore[misc] # Celery carries no types
    """The same consumer, whose loop waits shortly while anything runs, and ends when it is told to."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Celery's own parameters, handed on
        """Put the loop in the place of Celery's."""
        super().__init__(*args, **options)
        self.loop = _loop

    def call_soon_ack(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - Celery's own parameters, handed on
        """Leave acknowledging to the loop: a connection to RabbitMQ is written to by one thread alone."""
        return self.call_soon(*args, **options)


def _loop(consumer: Any, connection: Any, channel: Any, blueprint: Any, _hub: object, qos: Any, *_rest: object) -> None:  # noqa: ANN401 - as Celery calls it
    """Take messages until the blueprint ends; raises what the connection raises, and Celery connects again."""
    channel.on_message = consumer.create_task_handler()
    channel.consume()
    consumer.on_ready()
    while blueprint.state == bootsteps.RUN and consumer.connection:
        state.maybe_shutdown()
        if qos.prev != qos.value:
            qos.update()
        consumer.perform_pending_operations()
        try:
            connection.drain_events(timeout=BUSY_SECONDS if state.reserved_requests else IDLE_SECONDS)
        except TimeoutError:
            continue
        except OSError:
            if blueprint.state == bootsteps.RUN:
                raise
