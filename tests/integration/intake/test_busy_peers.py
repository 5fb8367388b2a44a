"""routing and sla shed load: whoever calls is told to ask again, and measures do without."""

from typing import Any

import grpc
import pytest

from backstop.intake.v1 import intake_measures_pb2
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.errors import Refused
from chassis.testing import bearer
from tests.integration.intake.conftest import Peers
from tests.integration.intake.past import DAY, END, Ledger, figures
from tests.integration.intake.window import Window


class Busy(Peers):
    """Peers that serve nobody: each call ends as `ending` has it."""

    ending: grpc.StatusCode | None = None

    async def _refuse(self, context: Any) -> None:
        if self.ending is not None:
            await context.abort(self.ending)
        raise Refused("OVERLOADED")

    async def SealWorkOrders(self, request: Any, context: Any) -> Any:
        await self._refuse(context)

    async def UnsealWorkOrders(self, request: Any, context: Any) -> Any:
        await self._refuse(context)

    async def WorkingTimeBetween(self, request: Any, context: Any) -> Any:
        await self._refuse(context)


@pytest.fixture
async def peers() -> Peers:
    return Busy()  # type: ignore[abstract] # what intake never asks stays unimplemented


async def test_a_busy_peer_is_one_to_ask_again(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    request = rpc.ResolveCaseRequest(
        case_id=case_id,
        resolution="已更换",
        outcome=pb.OUTCOME_SOLVED,
        feedback=pb.Feedback(way=pb.FEEDBACK_WAY_TOLD),
    )
    answer = await window.refused(request, "STEWARD")
    assert (answer.code, answer.reason, answer.metadata["dependency"]) == (
        grpc.StatusCode.UNAVAILABLE,
        "DEPENDENCY_UNAVAILABLE",
        "routing",
    )
    assert await window.facts(case_id) == ["CaseRegistered"]


@pytest.mark.parametrize(
    "ending",
    [None, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL, grpc.StatusCode.ABORTED],
)
async def test_measures_and_the_report_do_without_the_calendar(
    window: Window, ledger: Ledger, peers: Busy, ending: grpc.StatusCode | None
) -> None:
    peers.ending = ending
    case_id = await ledger.case(END - 10 * DAY, steward="", accountable="position:DISPATCH_ROOM")
    await ledger.clock(case_id, "REMINDER", END + DAY, "RUNNING", start_time=END - 9 * DAY)
    (found,) = (await figures(window)).values()
    assert not found["FALLBACK_OVERLONG"].HasField("value")
    assert found["FALLBACK"].value == 1
    report = window.stub.ExportMonthlyReport(
        intake_measures_pb2.ExportMonthlyReportRequest(
            site_id="yuwu", year=2026, month=10, format=intake_measures_pb2.DOCUMENT_FORMAT_HTML
        ),
        timeout=20,
        metadata=bearer(window.keys.person("director", ("DIRECTOR",), ("yuwu",))),
    )
    assert b"".join([part.content async for part in report])
