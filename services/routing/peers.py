"""What routing asks intake: whether a case is still in hand, where a lapsed seal leaves it open."""

import grpc

from backstop.intake.v1 import intake_pb2
from backstop.intake.v1 import intake_service_pb2 as intake
from backstop.intake.v1.intake_service_pb2_grpc import IntakeServiceStub
from chassis.errors import Refused
from chassis.failures import dependency_of

_ASK_SECONDS = 3.0

# Only these say that no resolution was committed, or that it was rejected since.
_IN_HAND = frozenset(
    {
        intake_pb2.CASE_STATE_REGISTERED,
        intake_pb2.CASE_STATE_ASSIGNED,
        intake_pb2.CASE_STATE_IN_PROGRESS,
    }
)


class Cases:
    """intake's cases; without a channel nobody can be asked."""

    def __init__(self, channel: grpc.aio.Channel | None) -> None:
        self._stub = None if channel is None else IntakeServiceStub(channel)

    async def require_in_hand(self, case_id: str) -> None:
        """Raises Refused CASE_NOT_OPEN unless intake says that the case is being worked on.

        Refused DEPENDENCY_UNAVAILABLE when intake can't be asked.
        """
        if self._stub is None:
            raise Refused("DEPENDENCY_UNAVAILABLE", dependency="intake")
        try:
            answer = await self._stub.GetCase(
                intake.GetCaseRequest(case_id=case_id), timeout=_ASK_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            if dependency_of(error) is None:
                raise
            raise Refused("DEPENDENCY_UNAVAILABLE", dependency="intake") from None
        if answer.case.state not in _IN_HAND:
            raise Refused("CASE_NOT_OPEN", case_id=case_id)
