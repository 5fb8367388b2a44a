"""A case about someone isn't there for them; whoever was taken out of it may read and no more."""

from typing import Any

import pytest
from google.protobuf.message import Message

from backstop.intake.v1 import intake_facts_pb2, intake_finding_pb2, intake_measures_pb2
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.routing.v1 import routing_facts_pb2, routing_pb2
from chassis.ids import new_id
from services.intake.store.ledger import Q
from tests.integration.intake.test_access import about as naming
from tests.integration.intake.test_read_model import instant
from tests.integration.intake.window import NOW, Window, appeal

# Everything that a person of the mine may be.
ALL = ("CLERK", "STEWARD", "HANDLER", "DISPATCHER", "DIRECTOR", "SUPPORT", "LEADER", "OPERATOR")
TOLD = pb.Feedback(way=pb.FEEDBACK_WAY_TOLD)


async def recuse(window: Window, case_id: str, person: str, **fields: Any) -> None:
    message = routing_facts_pb2.PersonRecused(
        case_id=case_id, person_id=person, reason="亲属", recorded_by="d-1", **fields
    )
    await window.tell("routing", case_id, "yuwu", message, actor="d-1")


async def test_whom_a_case_is_about_finds_nothing_by_any_call(window: Window) -> None:
    made = await window.register(about_persons=["s-1"])
    case_id, absent = made.case.case_id, new_id()
    assert made.case.about_persons == ["s-1"]
    for (real, _), (unreal, _) in zip(naming(case_id), naming(absent), strict=True):
        there = await window.refused(real, *ALL, subject="s-1")
        nowhere = await window.refused(unreal, *ALL, subject="s-1")
        assert there.reason == nowhere.reason == "CASE_NOT_FOUND", type(real).__name__
        assert there.sentence.replace(case_id, "") == nowhere.sentence.replace(absent, "")
        # Nor is it there for whoever acts in their name.
        hidden = await window.refused(real, *ALL, subject="a-1", acting_for="s-1")
        assert hidden.reason == "CASE_NOT_FOUND", type(real).__name__
    by_number = rpc.GetCaseRequest(number=made.case.number)
    answer = await window.refused(by_number, *ALL, subject="s-1")
    assert answer.reason == "CASE_NOT_FOUND"
    assert case_id not in answer.sentence
    with_code = rpc.ConfirmCaseRequest(
        case_id=case_id, grade=pb.GRADE_SATISFIED, receipt_code=made.receipt_code
    )
    for roles in (ALL, ("REPORTER",)):
        answer = await window.refused(with_code, *roles, subject="s-1")
        assert answer.reason == "CASE_NOT_FOUND"
    tied = appeal(links=[pb.Link(case_id=case_id, relation=pb.RELATION_RELATED)])
    assert (await window.refused(tied, *ALL, subject="s-1")).reason == "LINK_NOT_FOUND"
    assert await window.facts(case_id) == ["CaseRegistered"]
    assert await window.findings() == []


async def test_lists_leave_it_out_and_page_on(window: Window) -> None:
    made = [(await window.register(about_persons=["s-1"] if n % 2 else [])).case for n in range(5)]
    visible = [case.case_id for case in made if "s-1" not in case.about_persons]
    assert len(visible) == 3
    for who, acting_for, expected in (
        ("s-1", "", visible),
        ("a-1", "s-1", visible),
        ("a-1", "", [case.case_id for case in made]),
    ):
        request = intake_finding_pb2.ListCasesRequest(site_id="yuwu", page_size=2)
        seen: list[str] = []
        while True:
            page = await window.ask(request, *ALL, subject=who, acting_for=acting_for)
            seen += [case.case_id for case in page.cases]
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        assert seen == expected[::-1], (who, acting_for)
        ledger = await window.ask(
            intake_measures_pb2.ListLedgerRequest(site_id="yuwu"),
            *ALL,
            subject=who,
            acting_for=acting_for,
        )
        assert [row.case_id for row in ledger.rows] == expected, (who, acting_for)


@pytest.mark.parametrize(
    ("query", "arguments", "index"),
    [
        (Q.list_ledger, ["yuwu", NOW, NOW, False, "", NOW, "", ["s-1"], 50], "cases_ledger"),
    ],
)
async def test_lists_go_by_their_index_still(
    window: Window, query: str, arguments: list[Any], index: str
) -> None:
    await window.register(about_persons=["s-1"])
    async with window.database.worker.connection() as connection, connection.transaction():
        # A table this small would be read whole, and sorted.
        await connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        plan = await connection.fetch(f"EXPLAIN {query}", *arguments)
    assert any(index in row[0] for row in plan)


async def test_services_and_the_code_see_it_as_ever(window: Window) -> None:
    made = await window.register(about_persons=["s-1", "c-1"])
    case_id = made.case.case_id
    # The clerk is one of them: shown what the code shows, and no more.
    assert (made.case.number[:3], list(made.case.about_persons), made.case.text) == ("YW-", [], "")
    replayed = await window.refused(rpc.GetCaseRequest(case_id=case_id), "CLERK")
    assert replayed.reason == "CASE_NOT_FOUND"
    track = rpc.TrackCaseRequest(receipt_code=made.receipt_code)
    assert (await window.ask(track, nobody=True)).case_id == case_id
    assert (await window.ask(track, *ALL, subject="s-1")).case_id == case_id
    seen = await window.ask(rpc.GetCaseRequest(case_id=case_id), service="routing")
    assert list(seen.case.about_persons) == ["s-1", "c-1"]
    assert seen.case.receiver == "position:DISPATCH_ROOM"
    contact = await window.ask(rpc.GetReporterContactRequest(case_id=case_id), service="notify")
    assert contact.phone == "13900001111"
    (row,) = await window.rows("SELECT payload FROM journal WHERE subject_id = $1", case_id)
    fact = intake_facts_pb2.CaseRegistered.FromString(row["payload"])
    assert list(fact.about_persons) == ["s-1", "c-1"]


async def test_whom_it_can_be_about(window: Window) -> None:
    answer = await window.refused(appeal(about_persons=["s-1", "nobody"]), "CLERK")
    assert (answer.reason, answer.metadata["person_id"]) == ("ABOUT_PERSON_UNKNOWN", "nobody")
    twice = await window.refused(appeal(about_persons=["s-1", "s-1"]), "CLERK")
    assert twice.reason == "INVALID_FIELD"
    # Persons are the site's own.
    await window.tell(
        "routing",
        "directory/other",
        "other",
        routing_facts_pb2.DirectoryPublished(
            directory=routing_pb2.Directory(site_id="other", name="x", number_prefix="OT")
        ),
    )
    far = appeal(site_id="other", post_id="", unit_id="", place="x", category="")
    far.about_persons.append("o-9")
    answer = await window.refused(far, "CLERK", sites=("other",))
    assert answer.reason == "ABOUT_PERSON_UNKNOWN"


async def test_a_link_to_a_case_about_them_is_not_shown(window: Window) -> None:
    hidden = (await window.register(about_persons=["s-1"])).case.case_id
    link = pb.Link(case_id=hidden, relation=pb.RELATION_RECURRENCE_OF)
    case_id = (await window.register(links=[link])).case.case_id
    seen = await window.ask(rpc.GetCaseRequest(case_id=case_id), "STEWARD")
    assert not seen.case.links
    assert (await window.case(case_id)).links == [link]
    told = await window.ask(rpc.GetTimelineRequest(case_id=case_id), "LEADER")
    assert told.entries[0].sentence.endswith("，关联：复发。")


async def test_the_recused_read_and_do_nothing(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    await recuse(window, case_id, "r-1")
    await recuse(window, case_id, "r-1")
    request: Message
    for request, _ in naming(case_id):
        how: dict[str, Any] = {"subject": "r-1"}
        if isinstance(request, rpc.GetCaseRequest):
            reply = await window.ask(request, *ALL, **how)
            assert list(reply.case.recused_persons) == ["r-1"]
        elif isinstance(request, rpc.GetTimelineRequest):
            reply = await window.ask(request, *ALL, **how)
            assert reply.entries[-1].sentence == "d-1登记r-1回避本诉求，理由：亲属"
        else:
            answer = await window.refused(request, *ALL, **how)
            assert answer.reason == "CASE_RECUSED", type(request).__name__
            assert answer.metadata["case_id"] == case_id
    assert (
        await window.ask(intake_finding_pb2.ListCasesRequest(site_id="yuwu"), *ALL, subject="r-1")
    ).cases
    await window.ask(
        rpc.VerifyCaseRequest(case_id=case_id, place="x", findings="y"), *ALL, subject="s-1"
    )
    assert await window.findings() == []


async def test_what_a_recused_person_did_stays_theirs(window: Window) -> None:
    made = await window.resolved()
    case_id = made.case.case_id
    look = rpc.UnsealReporterRequest(case_id=case_id, reason="x", request_id=new_id())
    await window.ask(look, *ALL, subject="s-1")
    await recuse(window, case_id, "s-1")
    hands = await window.rows("SELECT person FROM case_hands WHERE case_id = $1", case_id)
    assert {"s-1", "d-1"} <= {row["person"] for row in hands}
    call = rpc.RecordCallbackRequest(case_id=case_id, reached=True)
    assert (await window.refused(call, *ALL, subject="s-1")).reason == "CASE_RECUSED"
    # A look that was allowed once is no look for ever.
    assert (await window.refused(look, *ALL, subject="s-1")).reason == "CASE_RECUSED"
    confirm = rpc.ConfirmCaseRequest(
        case_id=case_id, grade=pb.GRADE_SATISFIED, receipt_code=made.receipt_code
    )
    assert (await window.refused(confirm, *ALL, subject="s-1")).reason == "CASE_RECUSED"
    assert (await window.ask(call, *ALL, subject="u-1")).case.callbacks[0].called_by == "u-1"


async def test_a_handler_who_raised_it_steps_back_and_has_the_last_word(window: Window) -> None:
    reporter = pb.Reporter(name="样例", person_code="w-7")
    case_id = (await window.resolved(reporter=reporter)).case.case_id
    await recuse(window, case_id, "w-7", asked_by_reporter=True)
    word = rpc.RejectCaseRequest(case_id=case_id, reason="没修好")
    assert (await window.refused(word, "STEWARD", subject="w-7")).reason == "CASE_RECUSED"
    reply = await window.ask(word, "STEWARD", "REPORTER", subject="w-7")
    assert reply.case.cycle == 2


@pytest.mark.parametrize("how", ["about", "recused"])
async def test_no_leader_in_charge_of_a_case_that_is_kept_from_them(
    window: Window, how: str
) -> None:
    fields = {"about_persons": ["s-1"]} if how == "about" else {}
    case_id = (await window.register(**fields)).case.case_id
    if how == "recused":
        await recuse(window, case_id, "s-1")
    flag = rpc.FlagCaseRequest(
        case_id=case_id, flag=pb.CASE_FLAG_LONG_STANDING, reason="x", leader="s-1"
    )
    answer = await window.refused(flag, "DIRECTOR")
    assert (answer.reason, answer.metadata["field"]) == ("INVALID_FIELD", "leader")


async def test_a_repeated_call_of_someone_recused_meanwhile_does_nothing_more(
    window: Window,
) -> None:
    case_id = (await window.register()).case.case_id
    request = rpc.AnswerCaseRequest(
        request_id=new_id(), case_id=case_id, kind=pb.ANSWER_KIND_PROGRESS, text="x", feedback=TOLD,
    )  # fmt: skip
    first = await window.ask(request, "STEWARD")
    await recuse(window, case_id, "s-1")
    again = await window.ask(request, "STEWARD")
    assert again.answer_id == first.answer_id
    assert await window.facts(case_id) == ["CaseRegistered", "CaseAnswered"]


async def test_the_first_reply_falls_to_whom_routing_names(window: Window) -> None:
    case_id = (await window.register()).case.case_id

    async def owed(message: Message) -> str:
        await window.tell("routing", case_id, "yuwu", message)
        return (await window.case(case_id)).first_reply_owed_by

    assigned = routing_facts_pb2.CaseAssigned(
        case_id=case_id, steward="s-1", accountable="s-1", first_reply_by="c-2"
    )
    assert await owed(assigned) == "c-2"
    assert await owed(routing_facts_pb2.CaseAccepted(case_id=case_id, accepted_by="s-1")) == "s-1"
    assert await owed(assigned) == "c-2"
    await recuse(window, case_id, "c-2")
    assert (await window.case(case_id)).first_reply_owed_by == "s-1"
    hands = await window.rows("SELECT person FROM case_hands WHERE case_id = $1", case_id)
    assert "c-2" in {row["person"] for row in hands}


async def test_the_file_follows_what_routing_takes_back(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    order = routing_pb2.WorkOrder(
        work_order_id="wo-1", unit_id="bath", task="换淋浴头", lead=True,
        dispatch_time=instant(0), deadline_time=instant(48),
        state=routing_pb2.WORK_ORDER_STATE_DISPATCHED,
    )  # fmt: skip
    again = routing_pb2.WorkOrder()
    again.CopyFrom(order)
    again.deadline_time.CopyFrom(instant(96))
    facts = routing_facts_pb2
    for message in (
        facts.CaseAssigned(case_id=case_id, steward="s-1", accountable="s-1", assigned_by="p-9"),
        facts.CaseEscalated(case_id=case_id, to_level=2, accountable="boss", cycle=1),
        facts.CaseDeescalated(
            case_id=case_id, from_level=2, to_level=1, accountable="lead", decided_by="p-1", cycle=1
        ),
        facts.WorkOrdersDispatched(case_id=case_id, work_orders=[order], heads=["p-2"]),
        facts.WorkOrderExtensionAsked(case_id=case_id, work_order_id="wo-1", asked_by="p-3"),
        facts.WorkOrderExtensionDeclined(case_id=case_id, declined_by="p-4", asked_by="p-3"),
        facts.WorkOrderCompleted(case_id=case_id, work_order_id="wo-1", completed_by="p-2"),
        facts.WorkOrderReopened(
            case_id=case_id, work_order=again, head="p-5", reopened_by="p-6", reason="未修好"
        ),
        facts.FixNotLasting(case_id=case_id, again_case_id=new_id(), days=3),
    ):
        await window.tell("routing", case_id, "yuwu", message)
    case = await window.case(case_id)
    assert (case.level, case.accountable, case.state) == (1, "lead", pb.CASE_STATE_IN_PROGRESS)
    (shown,) = case.work_orders
    assert (shown.state, shown.deadline_time) == ("DISPATCHED", again.deadline_time)
    hands = await window.rows("SELECT person FROM case_hands WHERE case_id = $1", case_id)
    assert {"s-1", "boss", "lead", *(f"p-{n}" for n in (1, 2, 3, 4, 5, 6, 9))} <= {
        row["person"] for row in hands
    }
    timeline = await window.ask(rpc.GetTimelineRequest(case_id=case_id), "LEADER")
    assert len(timeline.entries) == 10
    assert timeline.entries[-1].sentence == "整改未能持久：3 天后同一问题再次出现。"
    # With the number of the new case, unless it isn't for the reader to know of.
    again_case = (await window.register(about_persons=["s-1"])).case
    fact = facts.FixNotLasting(case_id=case_id, again_case_id=again_case.case_id, days=3)
    await window.tell("routing", case_id, "yuwu", fact)
    for reader, told in (("leader-1", f"（诉求 {again_case.number}）"), ("s-1", "")):
        timeline = await window.ask(
            rpc.GetTimelineRequest(case_id=case_id), "LEADER", subject=reader
        )
        assert timeline.entries[-1].sentence == f"整改未能持久：3 天后同一问题再次出现{told}。"
    assert await window.findings() == []


@pytest.mark.parametrize("lead", [True, False])
async def test_a_ruling_says_itself_who_leads(window: Window, lead: bool) -> None:
    case_id = (await window.register()).case.case_id
    orders = [
        routing_pb2.WorkOrder(
            work_order_id=f"wo-{n}", unit_id=unit, task="x", lead=n == 1,
            dispatch_time=instant(0), deadline_time=instant(48),
            state=routing_pb2.WORK_ORDER_STATE_DISPATCHED,
        )
        for n, unit in ((1, "bath"), (2, "south"))
    ]  # fmt: skip
    for message in (
        routing_facts_pb2.WorkOrdersDispatched(case_id=case_id, work_orders=orders),
        routing_facts_pb2.WorkOrderReturned(case_id=case_id, work_order_id="wo-2", ordinal=2),
        routing_facts_pb2.WorkOrderRuled(
            case_id=case_id, work_order_id="wo-2", unit_id="south", lead=lead, head="h-1",
            kind=routing_pb2.RULING_KIND_JOINT_MEETING, meeting_unit_ids=["bath", "south"],
        ),
    ):  # fmt: skip
        await window.tell("routing", case_id, "yuwu", message)
    case = await window.case(case_id)
    assert {one.work_order_id: one.lead for one in case.work_orders} == {
        "wo-1": not lead, "wo-2": lead,
    }  # fmt: skip


async def test_a_joint_survey_is_progress(window: Window) -> None:
    case_id = (await window.register()).case.case_id
    survey = routing_facts_pb2.JointSurveyRecorded(
        case_id=case_id, unit_ids=["bath", "south"], place="南风井", findings="管路堵塞",
        recorded_by="p-1",
    )  # fmt: skip
    await window.tell("routing", case_id, "yuwu", survey)
    assert (await window.case(case_id)).state == pb.CASE_STATE_IN_PROGRESS
    told = await window.ask(rpc.GetTimelineRequest(case_id=case_id), "LEADER")
    assert told.entries[-1].sentence == "浴室队、南风井到南风井联合查勘（p-1记录）：管路堵塞"
    hands = await window.rows("SELECT person FROM case_hands WHERE case_id = $1", case_id)
    assert "p-1" in {row["person"] for row in hands}


async def test_facts_about_no_case_are_passed_over(window: Window) -> None:
    facts = routing_facts_pb2
    for subject, message in (
        ("template/group", facts.GroupTemplatePublished()),
        ("directory/yuwu", facts.PersonTransferred(person_id="s-1")),
        ("absences/yuwu", facts.AbsenceRecorded()),
        ("absences/yuwu", facts.AbsenceCancelled()),
        ("roster/yuwu", facts.ShiftSwapped()),
        ("proposals/yuwu", facts.CategoryProposed()),
        ("proposals/yuwu", facts.CategoryProposalDecided()),
        ("sweep/1/yuwu", facts.SweepOpened()),
        ("sweep/1/yuwu", facts.SweepClosed()),
    ):
        await window.tell("routing", subject, "yuwu", message)
    assert await window.rows("SELECT 1 FROM timeline") == []
