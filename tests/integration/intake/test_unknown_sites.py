"""A site that isn't there is never taken for one without cases, nor a period that is none."""

from collections.abc import Callable
from datetime import date
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from backstop.intake.v1 import intake_finding_pb2 as finding
from backstop.intake.v1 import intake_handover_pb2 as handover
from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_measures_pb2 as measures
from backstop.intake.v1 import intake_registration_pb2 as registration
from backstop.intake.v1 import intake_rules_pb2 as rules
from chassis.convert import to_date_message
from chassis.testing import Answer, bearer, read_refusal
from tests.integration.intake.window import Window

DAY, BEFORE = to_date_message(date(2026, 11, 2)), to_date_message(date(2026, 11, 1))
CSV = measures.DOCUMENT_FORMAT_CSV

Ask = Callable[[str], Message]

# Every read of a whole site.
OF_A_SITE: list[Ask] = [
    lambda site: finding.ListCasesRequest(site_id=site),
    lambda site: finding.ListCasesRequest(site_id=site, query="淋浴"),
    lambda site: finding.CountCasesRequest(site_id=site),
    lambda site: finding.CountCasesRequest(site_id=site, query="淋浴"),
    lambda site: finding.GetInboxRequest(site_id=site),
    lambda site: finding.WatchCasesRequest(site_id=site),
    lambda site: measures.ListLedgerRequest(site_id=site),
    lambda site: measures.StreamLedgerRequest(site_id=site),
    lambda site: measures.ExportLedgerRequest(site_id=site, format=CSV),
    lambda site: measures.ListSolvedProblemsRequest(site_id=site),
    lambda site: measures.GetMeasuresRequest(site_ids=[site], start_date=DAY, end_date=DAY),
    lambda site: measures.ExportMonthlyReportRequest(
        site_id=site, year=2026, month=10, format=measures.DOCUMENT_FORMAT_HTML
    ),
    lambda site: registration.ListSlipPadsRequest(site_id=site),
    lambda site: registration.SuggestCaseRequest(site_id=site, text="淋浴头坏了"),
    lambda site: registration.GetLexiconRequest(site_id=site),
    lambda site: rules.GetWindowRulesRequest(site_id=site),
    lambda site: handover.ListShiftHandoversRequest(site_id=site),
    lambda site: life.ListCallbackSamplesRequest(site_id=site),
]

OF_A_PERIOD: list[type[Any]] = [
    measures.ListLedgerRequest,
    measures.StreamLedgerRequest,
    measures.ExportLedgerRequest,
    measures.ListSolvedProblemsRequest,
    measures.GetMeasuresRequest,
]


async def refusal(window: Window, request: Message) -> Answer:
    """Calls as a director; a refusal may come before a stream's first message or behind it."""
    metadata = (
        *bearer(window.keys.person("d-9", ("DIRECTOR",), ("yuwu",))),
        ("accept-language", "zh-CN"),
    )
    name = type(request).__name__.removesuffix("Request")
    call = getattr(window.stub, name)(request, timeout=10, metadata=metadata)
    try:
        if isinstance(call, grpc.aio.UnaryStreamCall):
            reply: Any = [message async for message in call]
        else:
            reply = await call
    except grpc.aio.AioRpcError as error:
        return read_refusal(error)
    raise AssertionError(f"not refused: {reply}")


@pytest.mark.parametrize("ask", OF_A_SITE, ids=lambda ask: type(ask("x")).__name__)
async def test_a_site_that_is_not_there_is_unknown_and_so_is_one_out_of_sight(
    window: Window, ask: Ask
) -> None:
    told = [await refusal(window, ask(site)) for site in ("nowhere", "other")]
    assert [one.reason for one in told] == ["SITE_UNKNOWN"] * 2
    absent, unseen = (one.sentence for one in told)
    assert unseen.replace("other", "nowhere") == absent


@pytest.mark.parametrize("kind", OF_A_PERIOD, ids=lambda kind: kind.__name__)
async def test_a_period_that_ends_before_it_starts_is_none(window: Window, kind: type[Any]) -> None:
    fields: dict[str, Any] = {"site_id": "yuwu"}
    if "format" in kind.DESCRIPTOR.fields_by_name:
        fields["format"] = CSV
    if "site_ids" in kind.DESCRIPTOR.fields_by_name:
        fields = {"site_ids": ["yuwu"]}
    backwards = await refusal(window, kind(**fields, start_date=DAY, end_date=BEFORE))
    assert backwards.reason == "PERIOD_INVALID"
