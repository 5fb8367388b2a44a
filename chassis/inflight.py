"""How many calls a process serves at a time, so that too many are refused and none is cut off."""

import asyncio
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc

from chassis import metrics
from chassis.errors import Refused

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True)
class Limits:
    """How many calls one process serves at a time; the next is refused OVERLOADED."""

    calls: int = 256
    streams: int = 64


class InFlight:
    """Counts the calls being served, and tells when there are none."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.calls = 0
        self.streams = 0
        self._idle = asyncio.Event()
        self._idle.set()
        metrics.RPC_IN_FLIGHT.set_function(lambda: self.calls + self.streams)

    def enter(self, context: Context, *, stream: bool) -> None:
        """Counts a call until its status has been sent; Refused OVERLOADED when there's no room."""
        if self.streams >= self._limits.streams if stream else self.calls >= self._limits.calls:
            metrics.RPC_OVERLOADED.inc()
            raise Refused("OVERLOADED")
        if stream:
            self.streams += 1
        else:
            self.calls += 1
        self._idle.clear()
        # The stub wants a class of its own where gRPC takes any callable.
        left = self._left_stream if stream else self._left_call
        context.add_done_callback(left)  # type: ignore[arg-type]

    def _left_call(self, _: Context) -> None:
        self.calls -= 1
        self._left()

    def _left_stream(self, _: Context) -> None:
        self.streams -= 1
        self._left()

    def _left(self) -> None:
        if not self.calls and not self.streams:
            self._idle.set()

    async def idle(self) -> None:
        """Returns once no call is being served."""
        await self._idle.wait()
