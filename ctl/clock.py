"""Moving decision time in a demonstration: the same offset for all four services.

sla comes last: when its clocks fire, everyone who hears of it already lives at that time.
"""

import asyncio
from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration

from backstop.operations.v1 import operations_service_pb2
from ctl import times
from ctl.connection import Client

ORDER = ("intake", "routing", "notify", "sla")


async def decision_time(client: Client) -> datetime:
    """Returns the latest decision time among the services."""
    request = operations_service_pb2.GetFlowRequest()
    flows = await asyncio.gather(
        *(client.call(service, client.operations(service).GetFlow, request) for service in ORDER)
    )
    return max(times.moment(flow.decision_time) for flow in flows)


async def move_to(client: Client, target: datetime) -> datetime:
    """Moves decision time to `target`; Failure when that is not ahead, or not a demonstration."""
    offset = Duration()
    offset.FromTimedelta(target - datetime.now(UTC))
    request = operations_service_pb2.SetClockOffsetRequest(offset=offset)
    moved = target
    for service in ORDER:
        response = await client.call(service, client.operations(service).SetClockOffset, request)
        moved = times.moment(response.decision_time)
    return moved


async def move_by(client: Client, span: timedelta) -> datetime:
    """Moves decision time ahead by a span."""
    return await move_to(client, await decision_time(client) + span)
