"""Every change of a case is one entry of its journal: who, for whom, both times, what, and why."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.message import Message
from google.type import date_pb2

from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2 as registration
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.convert import to_timestamp
from tests.integration.intake.ends import TOLD, UPHELD, told_of
from tests.integration.intake.ties import made
from tests.integration.intake.window import Window, appeal

SPOKEN = datetime.now(UTC) - timedelta(hours=4)
DONE = SPOKEN + timedelta(hours=2)
WHY = "样例缘由"
SOON = (SPOKEN + timedelta(days=9)).date()
SOON_DATE = date_pb2.Date(year=SOON.year, month=SOON.month, day=SOON.day)
LATER_DATE = date_pb2.Date(year=SOON.year + 1, month=1, day=1)
PLAN = pb.ANSWER_KIND_PLAN

# (request, role, when it happened where that is told)
Step = tuple[Message, str, datetime | None]


def resolve(case_id: str) -> rpc.ResolveCaseRequest:
    return rpc.ResolveCaseRequest(
        case_id=case_id, resolution=WHY, outcome=pb.OUTCOME_SOLVED, feedback=TOLD
    )


def steps(one: str, other: str) -> list[Step]:
    """The life of a case through every RPC that changes one, in an order in which all may."""
    at = to_timestamp(DONE)
    told = pb.Feedback(way=pb.FEEDBACK_WAY_TOLD, feedback_time=at, note=WHY)
    link = pb.Link(case_id=other, relation=pb.RELATION_RELATED)
    return [
        (
            rpc.VerifyCaseRequest(case_id=one, place="浴室", findings=WHY, verify_time=at),
            "STEWARD",
            DONE,
        ),
        (
            rpc.AnswerCaseRequest(
                case_id=one, kind=PLAN, text=WHY, promised_date=SOON_DATE, answer_time=at
            ),
            "STEWARD",
            DONE,
        ),
        (rpc.FeedBackAnswerRequest(case_id=one, feedback=told), "STEWARD", DONE),
        (
            rpc.MovePromiseRequest(case_id=one, promised_date=LATER_DATE, reason=WHY),
            "DIRECTOR",
            None,
        ),
        (
            rpc.FlagCaseRequest(case_id=one, flag=pb.CASE_FLAG_HAZARD, reason=WHY),
            "DISPATCHER",
            None,
        ),
        (rpc.EscalateCaseRequest(case_id=one, reason=WHY), "DISPATCHER", None),
        (life.AmendCaseRequest(case_id=one, reason=WHY, place="更衣室"), "DISPATCHER", None),
        (life.CommentCaseRequest(case_id=one, text=WHY), "STEWARD", None),
        (
            life.RecordMeetingRequest(
                case_id=one,
                chaired_by="s-1",
                unit_ids=["bath", "south"],
                decisions=WHY,
                meeting_time=at,
            ),
            "DISPATCHER",
            DONE,
        ),
        (life.LinkCasesRequest(case_id=one, link=link, reason=WHY), "CLERK", None),
        (
            life.ReferCaseRequest(case_id=one, body="样例供电公司", reference="GD-1", reason=WHY),
            "DISPATCHER",
            None,
        ),
        (life.RecordReferralResultRequest(case_id=one, result=WHY), "DISPATCHER", None),
        (registration.ReissueReceiptCodeRequest(case_id=one, reason=WHY), "CLERK", None),
        (rpc.UnsealReporterRequest(case_id=one, reason=WHY), "DIRECTOR", None),
        (resolve(one), "STEWARD", None),
        (rpc.RejectCaseRequest(case_id=one, reason=WHY), "REPORTER", None),
        (resolve(one), "STEWARD", None),
        (rpc.RecordCallbackRequest(case_id=one, reached=False, words=WHY), "SUPPORT", None),
        (rpc.RejectCaseRequest(case_id=one, reason=WHY), "REPORTER", None),
        (
            life.ReviewCaseRequest(case_id=one, decision=UPHELD, findings=WHY, verified_by="v-1"),
            "DIRECTOR",
            None,
        ),
        (resolve(one), "STEWARD", None),
        (
            rpc.ConfirmCaseRequest(case_id=one, grade=pb.GRADE_SATISFIED, words=WHY),
            "REPORTER",
            None,
        ),
        (
            rpc.CloseCaseRequest(case_id=one, outcome=pb.OUTCOME_SOLVED, remark=WHY),
            "DISPATCHER",
            None,
        ),
        (life.ReopenCaseRequest(case_id=one, reason=WHY), "DIRECTOR", None),
        (life.WithdrawCaseRequest(case_id=one, reason=WHY), "REPORTER", None),
        (life.MergeCaseRequest(case_id=one, master_case_id=other, reason=WHY), "DISPATCHER", None),
    ]


# Changes more than one case, or makes one: looked at by itself.
_OTHERS = {"SplitCase", "RegisterCase"}


async def journal(window: Window, case_id: str) -> list[Any]:
    return await window.rows(
        """
        SELECT type, actor, acting_for, occurred_time, record_time, payload FROM journal
        WHERE subject_id = $1 ORDER BY subject_version
        """,
        case_id,
    )


async def test_each_change_is_one_entry_and_leaves_those_before_as_they_were(
    window: Window,
) -> None:
    await told_of(window, "v-1")
    other = await made(window)
    case_id = await made(window, occurred_time=to_timestamp(SPOKEN))
    before = await journal(window, case_id)
    assert before[0]["occurred_time"] == SPOKEN
    done = set()
    for number, (request, role, happened) in enumerate(steps(case_id, other)):
        if isinstance(request, rpc.FeedBackAnswerRequest):
            request.answer_id = (await window.case(case_id)).answers[0].answer_id
        # Handlers act for somebody now and then; a reporter only speaks for themselves.
        who = {"REPORTER": "w-7"}.get(role, f"{role.lower()}-{number}")
        acts_for = "" if role == "REPORTER" else f"for-{number}"
        began = datetime.now(UTC) - timedelta(seconds=1)
        await window.ask(request, role, subject=who, acting_for=acts_for)
        after = await journal(window, case_id)
        assert after[: len(before)] == before, request
        (entry,) = after[len(before) :]
        assert began <= entry["record_time"] <= datetime.now(UTC) + timedelta(seconds=1)
        assert entry["occurred_time"] == (happened or entry["record_time"]), request
        if role == "REPORTER":
            # Their code would name them in every case.
            assert entry["actor"].startswith("reporter:"), request
        else:
            assert (entry["actor"], entry["acting_for"]) == (who, acts_for), request
        assert WHY.encode() in entry["payload"], request
        before = after
        done.add(type(request).__name__.removesuffix("Request"))
    assert done | _OTHERS == changing()


async def test_a_registration_is_an_entry_and_a_split_one_of_either_case(window: Window) -> None:
    taken = await window.ask(
        appeal(occurred_time=to_timestamp(SPOKEN)), "CLERK", subject="c-1", acting_for="c-9"
    )
    old = taken.case.case_id
    split = life.SplitCaseRequest(case_id=old, text="另一件", reason=WHY)
    new = (await window.ask(split, "DISPATCHER", acting_for="d-9")).new_case.case_id
    registered, divided = await journal(window, old)
    (begun,) = await journal(window, new)
    for entry, who in ((registered, ("c-1", "c-9")), (begun, ("dispatcher", "d-9"))):
        assert (entry["actor"], entry["acting_for"]) == who
        assert entry["occurred_time"] == SPOKEN < entry["record_time"]
    assert (divided["actor"], divided["acting_for"]) == ("dispatcher", "d-9")
    assert divided["type"].endswith("CaseSplit")


def changing() -> set[str]:
    """Names the RPCs that change one case: a request id, and a case that it is for."""
    service = rpc.DESCRIPTOR.services_by_name["IntakeService"]
    return {
        method.name
        for method in service.methods
        if {"request_id", "case_id"} <= set(method.input_type.fields_by_name)
        and not re.match(r"Get|List|Track|Count", method.name)
    }
