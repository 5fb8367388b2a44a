"""Who sees what: sites, reporters, codes, seals."""

import grpc
import pytest
from google.protobuf.message import Message
from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_finding_pb2, intake_marks_pb2, intake_measures_pb2
from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2 as registration
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.ids import new_id
from tests.integration.intake.window import Window, appeal

CANARIES = ("CANARY-NAME", "13900001111", "CANARY-CODE")
FEEDBACK = pb.Feedback(way=pb.FEEDBACK_WAY_TOLD)


def about(case_id: str) -> list[tuple[Message, str]]:
    """Every RPC that names a case, with a role that may call it."""
    return [
        (rpc.VerifyCaseRequest(case_id=case_id, place="x", findings="y"), "STEWARD"),
        (
            rpc.AnswerCaseRequest(case_id=case_id, kind=pb.ANSWER_KIND_FIRST_REPLY, text="x"),
            "STEWARD",
        ),
        (
            rpc.FeedBackAnswerRequest(case_id=case_id, answer_id=new_id(), feedback=FEEDBACK),
            "STEWARD",
        ),
        (rpc.EscalateCaseRequest(case_id=case_id, reason="x"), "STEWARD"),
        (
            rpc.MovePromiseRequest(
                case_id=case_id, promised_date=Date(year=2100, month=1, day=1), reason="x"
            ),
            "DISPATCHER",
        ),
        (
            rpc.FlagCaseRequest(case_id=case_id, flag=pb.CASE_FLAG_HAZARD, reason="x"),
            "DIRECTOR",
        ),
        (rpc.RecordCallbackRequest(case_id=case_id, reached=False), "SUPPORT"),
        (
            rpc.ResolveCaseRequest(case_id=case_id, resolution="x", outcome=pb.OUTCOME_SOLVED),
            "STEWARD",
        ),
        (rpc.ConfirmCaseRequest(case_id=case_id, grade=pb.GRADE_SATISFIED), "SUPPORT"),
        (rpc.RejectCaseRequest(case_id=case_id, reason="x"), "SUPPORT"),
        (rpc.CloseCaseRequest(case_id=case_id, outcome=pb.OUTCOME_SOLVED), "DIRECTOR"),
        (rpc.UnsealReporterRequest(case_id=case_id, reason="x"), "DIRECTOR"),
        (life.AmendCaseRequest(case_id=case_id, reason="x", text="y"), "CLERK"),
        (life.CommentCaseRequest(case_id=case_id, text="x"), "CLERK"),
        (
            life.RecordMeetingRequest(
                case_id=case_id, chaired_by="s-1", unit_ids=["bath", "south"], decisions="x"
            ),
            "DISPATCHER",
        ),
        (
            life.LinkCasesRequest(
                case_id=case_id,
                link=pb.Link(case_id=new_id(), relation=pb.RELATION_RELATED),
                reason="x",
            ),
            "CLERK",
        ),
        (
            life.MergeCaseRequest(case_id=case_id, master_case_id=new_id(), reason="x"),
            "DISPATCHER",
        ),
        (life.SplitCaseRequest(case_id=case_id, text="x", reason="y"), "CLERK"),
        (life.WithdrawCaseRequest(case_id=case_id, reason="x"), "SUPPORT"),
        (life.ReopenCaseRequest(case_id=case_id, reason="x"), "DISPATCHER"),
        (
            life.ReferCaseRequest(case_id=case_id, body="x", reference="1", reason="y"),
            "DISPATCHER",
        ),
        (life.RecordReferralResultRequest(case_id=case_id, result="x"), "DISPATCHER"),
        (
            life.ReviewCaseRequest(
                case_id=case_id,
                decision=intake_marks_pb2.REVIEW_DECISION_UPHELD,
                findings="x",
                verified_by="s-1",
            ),
            "DIRECTOR",
        ),
        (registration.ReissueReceiptCodeRequest(case_id=case_id, reason="x"), "CLERK"),
        (rpc.GetCaseRequest(case_id=case_id), "LEADER"),
        (rpc.GetTimelineRequest(case_id=case_id), "LEADER"),
    ]


async def test_another_site_is_answered_like_what_is_absent(window: Window) -> None:
    made = await window.register()
    case_id, absent = made.case.case_id, new_id()
    for (real, role), (unreal, _) in zip(about(case_id), about(absent), strict=True):
        there = await window.refused(real, role, sites=("other",))
        nowhere = await window.refused(unreal, role, sites=("other",))
        assert there.reason == nowhere.reason == "CASE_NOT_FOUND", type(real).__name__
        assert there.sentence.replace(case_id, "") == nowhere.sentence.replace(absent, "")
    by_number = rpc.GetCaseRequest(number=made.case.number)
    assert (await window.refused(by_number, "LEADER", sites=("other",))).reason == "CASE_NOT_FOUND"
    for whole in (
        intake_finding_pb2.ListCasesRequest(site_id="yuwu"),
        intake_measures_pb2.ListLedgerRequest(site_id="yuwu"),
    ):
        unseen = await window.refused(whole, "LEADER", sites=("other",))
        assert unseen.reason == "SITE_UNKNOWN"
    linked = appeal(site_id="other", links=[pb.Link(case_id=case_id, relation=pb.RELATION_RELATED)])
    answer = await window.refused(linked, "CLERK", sites=("other",))
    assert answer.reason == "LINK_NOT_FOUND"
    assert await window.facts(case_id) == ["CaseRegistered"]


async def test_a_replay_gives_nothing_to_who_has_lost_the_site(window: Window) -> None:
    request = appeal(request_id="kept-request")
    await window.ask(request, "CLERK")
    answer = await window.refused(request, "CLERK", sites=("other",))
    assert answer.reason in {"SITE_UNKNOWN", "CASE_NOT_FOUND"}


async def test_the_reporter_exists_only_sealed(window: Window) -> None:
    reporter = pb.Reporter(name=CANARIES[0], phone=CANARIES[1], person_code=CANARIES[2])
    made = await window.register(reporter=reporter)
    case_id = made.case.case_id
    tables = await window.rows(
        "SELECT relname FROM pg_class WHERE relnamespace = 'intake'::regnamespace "
        "AND relkind = 'r' ORDER BY relname"
    )
    held = ""
    for table in tables:
        rows = await window.rows(f"SELECT t::text AS line FROM {table['relname']} AS t")
        held += "\n".join(row["line"] for row in rows)
    assert made.case.number in held
    for secret in (*CANARIES, made.receipt_code):
        # bytea columns show as hexadecimal digits.
        assert secret not in held
        assert secret.encode().hex() not in held
    contact = await window.ask(rpc.GetReporterContactRequest(case_id=case_id), service="notify")
    assert contact.phone == "13900001111"
    with pytest.raises(grpc.aio.AioRpcError):
        await window.ask(rpc.GetReporterContactRequest(case_id=case_id), service="routing")


async def test_unsealing_needs_the_role_and_is_on_record(window: Window) -> None:
    named = (await window.register()).case.case_id
    hidden = (
        await window.register(
            reporter=pb.Reporter(
                name="CANARY-NAME",
                confidentiality=pb.CONFIDENTIALITY_CONFIDENTIAL,
                person_code="w-7",
            )
        )
    ).case.case_id
    nobody = (
        await window.register(reporter=pb.Reporter(confidentiality=pb.CONFIDENTIALITY_ANONYMOUS))
    ).case.case_id

    def look(case_id: str) -> rpc.UnsealReporterRequest:
        return rpc.UnsealReporterRequest(case_id=case_id, reason="回访")

    request = look(named)
    shown = await window.ask(request, "STEWARD")
    assert shown.reporter.name == "CANARY-NAME"
    assert (await window.ask(request, "STEWARD")).reporter.name == "CANARY-NAME"
    assert await window.facts(named) == ["CaseRegistered", "CaseUnsealed"]
    assert (await window.refused(look(hidden), "STEWARD")).reason == "CASE_CONFIDENTIAL"
    assert (await window.ask(look(hidden), "SUPPORT")).reporter.name == "CANARY-NAME"
    assert (await window.refused(look(nobody), "DIRECTOR")).reason == "REPORTER_ANONYMOUS"
    assert (await window.refused(look(named), "LEADER")).reason == "PERMISSION_DENIED"
    assert await window.findings() == []


async def test_a_reporter_sees_their_own_cases_only(window: Window) -> None:
    own = await window.register("REPORTER", subject="w-7", channel=pb.CHANNEL_SELF_SERVICE)
    case_id = own.case.case_id
    assert own.case.receiver == "position:DISPATCH_ROOM"
    seen = await window.ask(rpc.GetCaseRequest(case_id=case_id), "REPORTER", subject="w-7")
    assert seen.case.number == own.case.number
    for request in (rpc.GetCaseRequest(case_id=case_id), rpc.GetTimelineRequest(case_id=case_id)):
        answer = await window.refused(request, "REPORTER", subject="w-8")
        assert answer.reason == "CASE_NOT_FOUND"
    other = appeal(reporter=pb.Reporter(name="x", person_code="w-9"))
    answer = await window.refused(other, "REPORTER", subject="w-7")
    assert answer.reason == "NOT_THE_REPORTER"
    actors = await window.rows("SELECT actor FROM journal UNION SELECT caller FROM requests")
    assert all(row["actor"].startswith("reporter:") for row in actors)
    told = await window.ask(rpc.GetTimelineRequest(case_id=case_id), "LEADER")
    assert told.entries[0].sentence.startswith("调度室经自助登记诉求")


async def test_a_reporter_learns_nothing_about_others_cases(window: Window) -> None:
    made = await window.resolved()
    case_id, absent = made.case.case_id, new_id()
    for version in (0, 77):
        for real, unreal in (
            (
                rpc.ConfirmCaseRequest(
                    case_id=one, grade=pb.GRADE_SATISFIED, expected_version=version
                )
                for one in (case_id, absent)
            ),
            (
                rpc.RejectCaseRequest(case_id=one, reason="x", expected_version=version)
                for one in (case_id, absent)
            ),
        ):
            there = await window.refused(real, "REPORTER", subject="w-8")
            nowhere = await window.refused(unreal, "REPORTER", subject="w-8")
            assert there.reason == nowhere.reason == "CASE_NOT_FOUND"
    own = rpc.RejectCaseRequest(case_id=case_id, reason="x", expected_version=77)
    answer = await window.refused(own, "REPORTER", subject="w-7")
    assert answer.reason == "VERSION_MISMATCH"


async def test_a_portal_names_nobody_it_acts_for(window: Window) -> None:
    made = await window.register(
        "SYSTEM", subject="system:portal", acting_for="w-9", channel=pb.CHANNEL_SYSTEM
    )
    await window.ask(
        rpc.VerifyCaseRequest(case_id=made.case.case_id, place="x", findings="y"),
        "STEWARD",
        acting_for="boss",
    )
    rows = await window.rows("SELECT actor, acting_for FROM journal ORDER BY subject_version")
    assert rows[0]["actor"] == "system:portal"
    assert rows[0]["acting_for"].startswith("reporter:")
    assert "w-9" not in rows[0]["acting_for"]
    assert rows[1]["acting_for"] == "boss"


async def test_a_reporter_names_no_receiver(window: Window) -> None:
    own = await window.register("REPORTER", subject="w-7", receiver="s-1")
    assert own.case.receiver == "position:DISPATCH_ROOM"
    for fields in (
        {"receiver": "s-1"},
        {"receiver": "c-9", "subject": "c-9"},
        {"receiver": "position:DISPATCH_ROOM"},
    ):
        made = await window.register(**fields)
        assert made.case.receiver == fields["receiver"]


async def test_on_what_a_word_about_the_result_rests(window: Window) -> None:
    made = await window.resolved()
    stranger = await window.register()
    case_id = made.case.case_id

    def confirm(code: str = "") -> rpc.ConfirmCaseRequest:
        return rpc.ConfirmCaseRequest(case_id=case_id, grade=pb.GRADE_SATISFIED, receipt_code=code)

    assert (await window.refused(confirm(), nobody=True)).reason == "CODE_WRONG"
    assert (await window.refused(confirm("0" * 16), nobody=True)).reason == "CODE_WRONG"
    wrong = await window.refused(confirm(stranger.receipt_code), "CLERK")
    assert wrong.reason == "CODE_WRONG"
    answer = await window.refused(confirm(), "REPORTER", subject="w-8")
    assert answer.reason == "CASE_NOT_FOUND"
    assert (await window.refused(confirm(), "LEADER")).reason == "PERMISSION_DENIED"
    for roles, subject, basis in (
        (("CLERK",), "c-2", pb.CONFIRMATION_BASIS_REPORTED),
        (("SUPPORT",), "s-1", pb.CONFIRMATION_BASIS_REPORTED),
        (("SUPPORT",), "u-1", pb.CONFIRMATION_BASIS_CALLBACK),
        (("REPORTER",), "w-7", pb.CONFIRMATION_BASIS_REPORTER),
    ):
        reply = await window.ask(confirm(), *roles, subject=subject)
        assert reply.basis == basis, (roles, subject)
    reply = await window.ask(confirm(made.receipt_code), "CLERK", subject="c-2")
    assert reply.basis == pb.CONFIRMATION_BASIS_CODE
    assert reply.case.receiver == "c-1"
    far = await window.ask(confirm(made.receipt_code), "CLERK", subject="c-3", sites=("other",))
    assert far.case.number == made.case.number
    assert far.case.receiver == ""


async def test_wrong_codes_open_nothing(window: Window) -> None:
    for code in ("0000000000000000", "9999999999999999"):
        answer = await window.refused(rpc.TrackCaseRequest(receipt_code=code), nobody=True)
        assert answer.reason == "CODE_WRONG"
        assert answer.code is grpc.StatusCode.PERMISSION_DENIED
    answer = await window.refused(rpc.TrackCaseRequest(receipt_code="12 34"), nobody=True)
    assert answer.reason == "INVALID_FIELD"


async def test_lists_page_and_filter(window: Window) -> None:
    made = [(await window.register()).case.case_id for _ in range(5)]
    request = intake_finding_pb2.ListCasesRequest(site_id="yuwu", page_size=2)
    seen: list[str] = []
    while True:
        page = await window.ask(request, "LEADER")
        seen += [case.case_id for case in page.cases]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert seen == made[::-1]
    for fields, count in (
        ({"states": [pb.CASE_STATE_CLOSED]}, 0),
        ({"unit_id": "bath"}, 5),
        ({"accountable": "position:DISPATCH_ROOM"}, 5),
        ({"accountable": "s-1"}, 0),
    ):
        page = await window.ask(
            intake_finding_pb2.ListCasesRequest(site_id="yuwu", **fields),
            "LEADER",
        )
        assert len(page.cases) == count, fields
    ledger = await window.ask(
        intake_measures_pb2.ListLedgerRequest(site_id="yuwu", page_size=4), "LEADER"
    )
    assert [row.case_id for row in ledger.rows] == made[:4]
    assert ledger.next_page_token
    solved = await window.ask(
        intake_measures_pb2.ListLedgerRequest(site_id="yuwu", solved_only=True), "LEADER"
    )
    assert not solved.rows
