"""Celery: tasks with an eta, kept by RabbitMQ and, until they are due, by the worker as well."""

from __future__ import annotations

import functools
import os
import signal
import sys
import time
from datetime import UTC, datetime
from typing import Any

import psycopg
from celery import Celery
from celery.signals import worker_ready

from bench.timers import wire

# One a core, as by default.
PROCESSES = 2

app: Any = Celery("bench", broker=os.environ[wire.AMQP])
app.conf.update(
    task_ignore_result=True,
    # Without it a task is forgotten by the broker before it has run.
    task_acks_late=True,
    worker_prefetch_multiplier=int(sys.argv[2]),
    worker_hijack_root_logger=False,
)


@functools.cache
def database() -> Any:
    """The connection of this process of the pool."""
    return psycopg.connect(os.environ[wire.DSN], autocommit=True)


def fire(timer_id: int, due: float) -> None:
    database().execute(
        "INSERT INTO fired VALUES (%s, to_timestamp(%s), clock_timestamp())", (timer_id, due)
    )


task = app.task(name="fire")(fire)


def client() -> None:
    for command in wire.commands():
        begin = time.monotonic()
        if command["do"] == "prepare":
            with psycopg.connect(os.environ[wire.DSN]) as connection:
                connection.execute(wire.TABLE)
        else:
            with app.producer_pool.acquire(block=True) as producer:
                for timer_id, due in wire.Arming.of(command).timers():
                    eta = datetime.fromtimestamp(due, UTC)
                    task.apply_async((timer_id, due), eta=eta, producer=producer)
        wire.answer(seconds=time.monotonic() - begin)


def tell(**_: Any) -> None:
    wire.until_closed(lambda: os.kill(os.getpid(), signal.SIGTERM))
    wire.answer(ready=True)


def worker() -> None:
    worker_ready.connect(tell)
    app.worker_main(["worker", f"--concurrency={PROCESSES}", "--loglevel=WARNING"])


if __name__ == "__main__":
    client() if sys.argv[1] == "client" else worker()
