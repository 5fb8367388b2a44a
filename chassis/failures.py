"""Tells a dependency that is away from a fault of ours, in the one place that decides it.

The first is retried and costs nobody an attempt; the second is logged with its stack.
"""

import errno
import socket

import asyncpg
import grpc
from aio_pika import exceptions as amqp

POSTGRES = "postgres"
BROKER = "rabbitmq"
PEER = "peer"

# What the database does when it is away, restarting, full or out of connections.
_POSTGRES_ERRORS = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # 57xxx: shutting down, starting up, query cancelled
    asyncpg.InsufficientResourcesError,  # 53xxx: disk full, out of memory, too many connections
    asyncpg.PostgresSystemError,  # 58xxx: the operating system failed it
    asyncpg.ReadOnlySQLTransactionError,  # a former primary, not yet told so
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,
)
_CONFLICTS = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
)
# A missing file or a denied permission is an OSError too, and no dependency coming back heals it.
_NETWORK_ERRNOS = frozenset(
    # asyncio sums up several refused addresses of one name in an OSError without a number.
    {None, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
)
_PEER_CODES = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,  # it sheds load
    }
)


def dependency_of(error: BaseException) -> str | None:
    """Returns the name of the dependency whose absence the error shows, else None.

    A bare time-out or network error counts for PostgreSQL: the pool raises them while it can't
    get a connection, and whatever else handlers talk to has errors of its own types.
    """
    if isinstance(error, _POSTGRES_ERRORS):
        return POSTGRES
    if isinstance(error, asyncpg.InterfaceError):
        return POSTGRES if _is_lost_connection(error) else None
    if isinstance(error, amqp.AMQPError):
        return BROKER
    if isinstance(error, grpc.aio.AioRpcError):
        return PEER if error.code() in _PEER_CODES and not _is_too_large(error) else None
    if isinstance(error, TimeoutError | ConnectionError | socket.gaierror):
        return POSTGRES
    if isinstance(error, OSError) and error.errno in _NETWORK_ERRNOS:
        return POSTGRES
    return None


def is_retryable(error: BaseException) -> bool:
    """Tells whether the same transaction may succeed when it is simply run again.

    Serialization failures (40001), deadlocks (40P01) and locks not granted in time (55P03).
    """
    return isinstance(error, _CONFLICTS)


def _is_too_large(error: grpc.aio.AioRpcError) -> bool:
    """gRPC has one code for a busy peer and for a message that no waiting makes smaller."""
    return "larger than max" in (error.details() or "")


def _is_lost_connection(error: asyncpg.InterfaceError) -> bool:
    """asyncpg has one class for misuse and for a connection lost under one's hands."""
    text = str(error)
    return "pool is clos" in text or (
        "connection" in text and ("closed" in text or "closing" in text)
    )
