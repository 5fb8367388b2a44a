"""A case that was reopened stands in the ledger as open: what was declared before is over."""

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime

import openpyxl
from google.protobuf.message import Message
from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_marks_pb2 as marks
from backstop.intake.v1 import intake_measures_pb2 as measures
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from tests.integration.intake.test_ledger import closed, exported, listed
from tests.integration.intake.window import Window

SOON = Date(year=datetime.now(UTC).year + 1, month=3, day=1)
# The columns that tell what a case has come to.
ENDED = ("办理情况", "销号结果", "满意度", "销号日期", "办结日期", "承诺日期")


async def cells(window: Window) -> list[Mapping[str, object]]:
    """Returns the one row of the ledger as both files have it, by its Chinese headings."""
    _, content, _ = await exported(window, measures.DOCUMENT_FORMAT_CSV)
    (as_csv,) = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    _, content, _ = await exported(window, measures.DOCUMENT_FORMAT_XLSX)
    sheet = openpyxl.load_workbook(io.BytesIO(content))["台账"]
    rows = [[cell.value for cell in line] for line in sheet.iter_rows()]
    first = next(at for at, line in enumerate(rows) if "编号" in line)
    return [as_csv, dict(zip(map(str, rows[first]), rows[first + 1], strict=True))]


async def reopened(window: Window) -> str:
    """Solves a case, strikes it off, and has it reopened; returns its id."""
    case_id: str = (await closed(window)).case_id
    await window.ask(life.ReopenCaseRequest(case_id=case_id, reason="又坏了"), "DISPATCHER")
    return case_id


async def test_it_is_open_with_the_number_of_its_reopenings(window: Window) -> None:
    case_id = await reopened(window)
    (row,) = await listed(window)
    assert (row.case_id, row.state, row.reopen_count) == (case_id, pb.CASE_STATE_IN_PROGRESS, 1)
    assert (row.resolution, row.outcome, row.grade) == ("", 0, 0)
    assert not (row.HasField("resolve_time") or row.HasField("close_time"))
    assert await listed(window, solved_only=True) == []
    for line in await cells(window):
        assert (line["状态"], str(line["重办次数"])) == ("办理中", "1")
        assert [line[name] or "" for name in ENDED] == [""] * len(ENDED)


async def test_what_is_declared_again_shows_again(window: Window) -> None:
    case_id = await reopened(window)
    again = rpc.ResolveCaseRequest(
        case_id=case_id,
        resolution="整组更换",
        outcome=pb.OUTCOME_SOLVED,
        feedback=pb.Feedback(way=pb.FEEDBACK_WAY_TOLD),
    )
    await window.ask(again, "STEWARD")
    (row,) = await listed(window)
    assert (row.state, row.resolution) == (pb.CASE_STATE_RESOLVED, "整组更换")


async def test_a_promise_is_over_with_its_cycle(window: Window) -> None:
    made = await window.register()
    case_id = made.case.case_id
    told = pb.Feedback(way=pb.FEEDBACK_WAY_TOLD)
    plan = rpc.AnswerCaseRequest(
        case_id=case_id, kind=pb.ANSWER_KIND_PLAN, text="换", promised_date=SOON, feedback=told
    )
    await window.ask(plan, "STEWARD")
    (row,) = await listed(window)
    assert row.promised_date == SOON
    done = rpc.ResolveCaseRequest(case_id=case_id, resolution="已换", outcome=pb.OUTCOME_SOLVED)
    await window.ask(done, "STEWARD")
    reject = rpc.RejectCaseRequest(case_id=case_id, reason="还漏", receipt_code=made.receipt_code)
    await window.ask(reject, nobody=True)
    (row,) = await listed(window)
    assert (row.resolution, row.HasField("promised_date")) == ("", False)


async def test_what_the_director_upheld_stays(window: Window) -> None:
    made = await window.register()
    case_id, code = made.case.case_id, made.receipt_code
    told = pb.Feedback(way=pb.FEEDBACK_WAY_TOLD)
    steps: list[tuple[Message, str]] = []
    for _ in range(2):
        steps += [
            (
                rpc.ResolveCaseRequest(
                    case_id=case_id,
                    resolution="管网不归矿上",
                    outcome=pb.OUTCOME_EXPLAINED,
                    feedback=told,
                ),
                "DISPATCHER",
            ),
            (rpc.RejectCaseRequest(case_id=case_id, reason="不行", receipt_code=code), ""),
        ]
    steps += [
        (
            life.ReviewCaseRequest(
                case_id=case_id,
                decision=marks.REVIEW_DECISION_UPHELD,
                findings="属实",
                verified_by="s-1",
            ),
            "DIRECTOR",
        ),
        (
            rpc.CloseCaseRequest(case_id=case_id, outcome=pb.OUTCOME_EXPLAINED_NOT_ACCEPTED),
            "DISPATCHER",
        ),
    ]
    for request, role in steps:
        await (window.ask(request, role) if role else window.ask(request, nobody=True))
    (row,) = await listed(window)
    assert (row.outcome, row.resolution) == (pb.OUTCOME_EXPLAINED_NOT_ACCEPTED, "管网不归矿上")


async def test_an_end_that_rests_on_nothing_declared_shows_nothing(window: Window) -> None:
    case_id = await reopened(window)
    withdraw = life.WithdrawCaseRequest(case_id=case_id, reason="不用了")
    await window.ask(withdraw, "SUPPORT", subject="u-1")
    end = rpc.CloseCaseRequest(case_id=case_id, outcome=pb.OUTCOME_WITHDRAWN)
    await window.ask(end, "DISPATCHER")
    (row,) = await listed(window)
    assert (row.outcome, row.resolution) == (pb.OUTCOME_WITHDRAWN, "")
