"""Sweeps: one solved defect, looked for in other units."""

import asyncio
from datetime import timedelta

import asyncpg
import grpc

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_sweeps_pb2 as pb
from chassis.convert import to_date_message
from chassis.ids import new_id
from chassis.queries import load_queries
from tests.integration.routing import sweeping
from tests.integration.routing.conftest import SITE, Mine
from tests.integration.routing.sweeping import (
    ELSEWHERE,
    FIXED,
    FOUND,
    NONE,
    PLANNED,
    answer,
    answering,
    call,
    get,
    open_sweep,
    opening,
    refused,
    solved,
    sound,
    subject,
    target,
)

BOTH = (SITE, ELSEWHERE)


async def test_units_are_sent_to_look(mine: Mine) -> None:
    case_id = await solved(mine)
    targets = [target(place="一楼"), target(place=" 二楼 "), target("logistics", site=SITE)]
    sweep = await open_sweep(mine, case_id, *targets, who="zhang", roles="STEWARD")
    assert [(one.site_id, one.unit_id, one.place) for one in sweep.tasks] == [
        (SITE, "bathhouse", "一楼"),
        (SITE, "bathhouse", "二楼"),
        (SITE, "logistics", ""),
    ]
    assert (sweep.site_id, sweep.case_id, sweep.defect, sweep.opened_by, sweep.state) == (
        SITE,
        case_id,
        "淋浴头漏水",
        "zhang",
        pb.SWEEP_STATE_OPEN,
    )
    assert (sweep.answered_count, sweep.task_count, sweep.overdue, sweep.version) == (
        0,
        3,
        False,
        1,
    )
    (told,) = await mine.facts(subject(sweep))
    assert told == facts.SweepOpened(
        sweep_id=sweep.sweep_id,
        site_id=SITE,
        case_site_id=SITE,
        case_id=case_id,
        defect="淋浴头漏水",
        due_date=sweep.due_date,
        tasks=sweep.tasks,
        heads=["wang", "wang", ""],
        opened_by="zhang",
        open_time=sweep.open_time,
    )
    assert await get(mine, sweep) == sweep
    assert await sound(mine)


async def test_only_a_solved_case_is_swept_for(mine: Mine) -> None:
    case_id = await sweeping.register(mine)
    refusal = await refused(mine, "OpenSweep", await opening(mine, case_id))
    assert (refusal.code, refusal.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "SWEEP_CASE_NOT_SOLVED",
    )
    assert (await refused(mine, "OpenSweep", await opening(mine, new_id()))).reason == (
        "ROUTE_NOT_FOUND"
    )
    closed = await solved(mine)
    now = await mine.now()
    await sweeping.hear(mine, closed, intake.CaseClosed(case_id=closed), SITE, now)
    assert (await open_sweep(mine, closed)).task_count == 1


async def test_a_sweep_that_cannot_be_is_refused(mine: Mine) -> None:
    await sweeping.second_mine(mine)
    case_id = await solved(mine)
    for targets, named in (
        ([target("gone")], "yuwu/gone"),
        ([target(), target(site=SITE)], "yuwu/bathhouse"),
        ([target(), target(site="nowhere")], "nowhere/bathhouse"),
        # The other mine's units, by one who may see this one only.
        ([target(), target(site=ELSEWHERE)], "gucheng/bathhouse"),
    ):
        refusal = await refused(mine, "OpenSweep", await opening(mine, case_id, *targets))
        assert (refusal.reason, refusal.metadata["target"]) == ("SWEEP_TARGET_UNKNOWN", named)
    late = await opening(mine, case_id, days=-1)
    refusal = await refused(mine, "OpenSweep", late)
    assert (refusal.reason, refusal.fields) == ("DEADLINE_IN_PAST", ("due_date",))
    never = await opening(mine, case_id)
    never.due_date.month = 13
    assert (await refused(mine, "OpenSweep", never)).reason == "INVALID_FIELD"
    for roles in ("CLERK", "HANDLER", "REPORTER"):
        request = await opening(mine, case_id)
        assert (await refused(mine, "OpenSweep", request, roles)).reason == "PERMISSION_DENIED"
    request = await opening(mine, case_id)
    refusal = await refused(mine, "OpenSweep", request, sites=[ELSEWHERE])
    assert refusal.reason == "ROUTE_NOT_FOUND"
    assert await mine.value("SELECT count(*) FROM sweeps") == 0
    assert (await open_sweep(mine, case_id, days=0)).task_count == 1


async def test_a_unit_answers_until_it_is_put_right(mine: Mine) -> None:
    sweep = await open_sweep(mine, await solved(mine), target(place="一楼"), target("logistics"))
    planned = answering(sweep, 0, PLANNED, await sweeping.today(mine))
    planned.evidence.add(name="照片", reference="/photos/7", sha256="ab" * 32)
    told = (await call(mine, "AnswerSweepTask", planned, "HANDLER", who="wang")).sweep
    task = told.tasks[0]
    assert (task.finding, task.words, task.answered_by, task.late) == (
        PLANNED,
        "看过三间",
        "wang",
        False,
    )
    assert task.planned_date == planned.planned_date
    assert list(task.evidence) == list(planned.evidence)
    assert (told.answered_count, told.state, told.version) == (1, pb.SWEEP_STATE_OPEN, 2)
    done = await answer(mine, sweep, 0, FIXED, who="wang", roles="HANDLER")
    assert not done.tasks[0].HasField("planned_date")
    assert not done.tasks[0].evidence
    request = answering(sweep, 0, FOUND)
    refusal = await refused(mine, "AnswerSweepTask", request, "HANDLER", who="wang")
    assert refusal.reason == "SWEEP_TASK_ANSWERED"
    kinds = [type(one).__name__ for one in await mine.facts(subject(sweep))]
    assert kinds == ["SweepOpened", "SweepTaskAnswered", "SweepTaskAnswered"]
    assert await sound(mine)


async def test_the_last_answer_closes_the_part(mine: Mine) -> None:
    case_id = await solved(mine)
    sweep = await open_sweep(mine, case_id, target(), target("logistics"))
    await answer(mine, sweep, 0, NONE)
    last = await answer(mine, sweep, 1, FOUND, who="zhao", roles="HANDLER")
    assert (last.state, last.close_reason, last.answered_count) == (pb.SWEEP_STATE_CLOSED, "", 2)
    assert last.close_time == last.tasks[1].answer_time
    found, closed = (await mine.facts(subject(sweep)))[2:]
    assert isinstance(found, facts.SweepTaskAnswered)
    assert (found.open_count, found.category, found.case_id, found.case_site_id) == (
        0,
        "BATHING",
        case_id,
        SITE,
    )
    assert found.new_case_id
    assert closed == facts.SweepClosed(
        sweep_id=sweep.sweep_id,
        site_id=SITE,
        case_id=case_id,
        closed_by="zhao",
        close_time=last.close_time,
    )
    for finding in (FOUND, NONE):
        refusal = await refused(mine, "AnswerSweepTask", answering(sweep, 1, finding))
        assert refusal.reason == "SWEEP_CLOSED"
    fixed = await answer(mine, sweep, 1, FIXED)
    assert (fixed.tasks[1].finding, fixed.close_time) == (FIXED, last.close_time)
    assert len(await mine.facts(subject(sweep))) == 5
    assert await sound(mine)


async def test_what_was_found_is_named_once_intake_has_it(mine: Mine) -> None:
    case_id = await solved(mine)
    sweep = await open_sweep(mine, case_id, target(place="二楼"), target("logistics"))
    for _ in range(2):
        await answer(mine, sweep, 0, FOUND)
    first, second = (await mine.facts(subject(sweep)))[1:]
    assert isinstance(first, facts.SweepTaskAnswered)
    assert isinstance(second, facts.SweepTaskAnswered)
    assert first.new_case_id == second.new_case_id != ""
    assert (await get(mine, sweep)).tasks[0].found_case_id == ""
    await sweeping.register(
        mine,
        case_id=first.new_case_id,
        place="二楼",
        sweep_id=sweep.sweep_id,
        sweep_task_id=sweep.tasks[0].task_id,
    )
    after = await get(mine, sweep)
    assert [one.found_case_id for one in after.tasks] == [first.new_case_id, ""]
    # Putting it right doesn't forget the case.
    assert (await answer(mine, sweep, 0, FIXED)).tasks[0].found_case_id == first.new_case_id
    assert await sound(mine)


async def test_an_answer_that_cannot_be_is_refused(mine: Mine) -> None:
    sweep = await open_sweep(mine, await solved(mine), target("logistics"))
    today = await sweeping.today(mine)
    stranger, other = answering(sweep), answering(sweep)
    stranger.sweep_id, other.task_id = new_id(), new_id()
    for request, reason, fields in (
        (answering(sweep, 0, PLANNED), "INVALID_FIELD", ("planned_date",)),
        (answering(sweep, 0, FOUND, today), "INVALID_FIELD", ("planned_date",)),
        (
            answering(sweep, 0, PLANNED, today - timedelta(days=1)),
            "DEADLINE_IN_PAST",
            ("planned_date",),
        ),
        (stranger, "SWEEP_NOT_FOUND", ("sweep_id",)),
        (other, "SWEEP_TASK_NOT_FOUND", ("task_id",)),
    ):
        refusal = await refused(mine, "AnswerSweepTask", request)
        assert (refusal.reason, refusal.fields) == (reason, fields)
    # Wang is of a unit below, Li of another one; Zhao is of it.
    for who in ("li", "nobody"):
        refusal = await refused(mine, "AnswerSweepTask", answering(sweep), "HANDLER", who=who)
        assert refusal.reason == "NOT_OF_THE_UNIT"
    refusal = await refused(mine, "AnswerSweepTask", answering(sweep), sites=[ELSEWHERE])
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "SWEEP_NOT_FOUND")
    refusal = await refused(mine, "AnswerSweepTask", answering(sweep), "LEADER")
    assert refusal.reason == "PERMISSION_DENIED"
    assert len(await mine.facts(subject(sweep))) == 1
    assert (await answer(mine, sweep, who="wang", roles="HANDLER")).answered_count == 1


async def test_a_sweep_is_closed_with_a_reason(mine: Mine) -> None:
    sweep = await open_sweep(mine, await solved(mine), target(), target("logistics"))
    await answer(mine, sweep, 0, FOUND)
    close = pb.CloseSweepRequest(sweep_id=sweep.sweep_id, reason="转入专项整治")
    for roles in ("STEWARD", "LEADER", "CLERK"):
        assert (await refused(mine, "CloseSweep", close, roles)).reason == "PERMISSION_DENIED"
    ended = (await call(mine, "CloseSweep", close, "DIRECTOR", who="zhou")).sweep
    assert (ended.state, ended.close_reason, ended.answered_count, ended.overdue) == (
        pb.SWEEP_STATE_CLOSED,
        "转入专项整治",
        1,
        False,
    )
    told = (await mine.facts(subject(sweep)))[-1]
    assert isinstance(told, facts.SweepClosed)
    assert (told.reason, told.closed_by) == ("转入专项整治", "zhou")
    close.request_id = ""
    assert (await refused(mine, "CloseSweep", close)).reason == "SWEEP_CLOSED"
    refusal = await refused(mine, "AnswerSweepTask", answering(sweep, 1, FIXED))
    assert refusal.reason == "SWEEP_CLOSED"
    assert (await answer(mine, sweep, 0, FIXED)).tasks[0].finding == FIXED
    for method, request in (
        ("CloseSweep", pb.CloseSweepRequest(sweep_id=new_id(), reason="无")),
        ("GetSweep", pb.GetSweepRequest(sweep_id=new_id())),
    ):
        assert (await refused(mine, method, request)).reason == "SWEEP_NOT_FOUND"
    refusal = await refused(mine, "CloseSweep", close, sites=[ELSEWHERE])
    assert refusal.reason == "SWEEP_NOT_FOUND"
    assert await sound(mine)


async def test_its_day_is_over_at_midnight(mine: Mine) -> None:
    sweep = await open_sweep(mine, await solved(mine), target(), target("logistics"), days=0)
    assert not (await get(mine, sweep)).overdue
    await mine.advance(timedelta(days=1))
    assert (await get(mine, sweep)).overdue
    late = await answer(mine, sweep, 0, NONE)
    assert [one.late for one in late.tasks] == [True, False]
    assert late.overdue
    assert not (await answer(mine, sweep, 1, NONE)).overdue


async def test_a_repeated_request_is_done_once(mine: Mine) -> None:
    case_id = await solved(mine)
    request = await opening(mine, case_id, target(), target("logistics"))
    request.request_id = "sweep-open-1"
    both = await asyncio.gather(*(call(mine, "OpenSweep", request) for _ in range(2)))
    assert both[0] == both[1] == await call(mine, "OpenSweep", request)
    assert await mine.value("SELECT count(*) FROM sweeps") == 1
    sweep = both[0].sweep
    said = answering(sweep, 0, FOUND)
    said.request_id = "sweep-answer-1"
    once = await asyncio.gather(*(call(mine, "AnswerSweepTask", said) for _ in range(2)))
    assert once[0] == once[1]
    assert len(await mine.facts(subject(sweep))) == 2
    close = pb.CloseSweepRequest(
        request_id="sweep-close-1", sweep_id=sweep.sweep_id, reason="转入专项整治"
    )
    first = await call(mine, "CloseSweep", close)
    assert await call(mine, "CloseSweep", close) == first
    said.words = "别的话"
    assert (await refused(mine, "AnswerSweepTask", said)).reason == "REQUEST_ID_REUSED"


async def test_two_last_answers_close_it_once(mine: Mine) -> None:
    sweep = await open_sweep(mine, await solved(mine), target(), target("logistics"))
    await asyncio.gather(answer(mine, sweep, 0, FIXED), answer(mine, sweep, 1, NONE))
    kinds = [type(one).__name__ for one in await mine.facts(subject(sweep))]
    assert kinds == ["SweepOpened", "SweepTaskAnswered", "SweepTaskAnswered", "SweepClosed"]
    assert await sound(mine)


async def test_a_unit_named_in_the_matrix_answers(mine: Mine) -> None:
    sweep = await open_sweep(mine, await solved(mine), target("joint-1"))
    # Zhao is the joint team's instructor, and of another unit.
    assert (await answer(mine, sweep, who="zhao", roles="HANDLER")).answered_count == 1


async def test_a_day_beyond_the_calendar_is_refused(mine: Mine) -> None:
    case_id = await solved(mine)
    request = await opening(mine, case_id)
    request.due_date.year = 9999
    assert (await refused(mine, "OpenSweep", request)).reason == "INVALID_FIELD"
    sweep = await open_sweep(mine, case_id)
    said = answering(sweep, 0, PLANNED, await sweeping.today(mine))
    said.planned_date.CopyFrom(to_date_message(await sweeping.today(mine)))
    said.planned_date.year = 9999
    refusal = await refused(mine, "AnswerSweepTask", said)
    assert (refusal.reason, refusal.fields) == ("INVALID_FIELD", ("planned_date",))


async def test_the_checks_see_a_sweep_without_its_facts(mine: Mine) -> None:
    sweep = await open_sweep(mine, await solved(mine), target(), target("logistics"))
    await answer(mine, sweep, 0, FOUND)
    checks = load_queries("services.routing", "sql/fsck.sql")
    ours = {
        "sweep_not_of_the_journal": checks.sweep_not_of_the_journal,
        "sweep_answers_not_of_the_journal": checks.sweep_answers_not_of_the_journal,
        "sweep_closed_without_a_word": checks.sweep_closed_without_a_word,
        "sweep_found_unknown_case": checks.sweep_found_unknown_case,
        "not_lasting_not_of_the_journal": checks.not_lasting_not_of_the_journal,
    }
    owner = await asyncpg.connect(
        mine.database.dsn("owner"), server_settings={"search_path": "routing"}
    )

    async def found(name: str) -> set[str]:
        return {row["subject_id"] for row in await owner.fetch(ours[name])}

    try:
        for name in ours:
            assert await found(name) == set(), name
        await owner.execute("UPDATE sweep_tasks SET found_case_id = 'case-of-nobody'")
        assert await found("sweep_found_unknown_case") == {subject(sweep)}
        await owner.execute(
            "UPDATE sweep_tasks SET finding = 'NONE', answer_time = now(), words = 'x'"
        )
        assert await found("sweep_answers_not_of_the_journal") == {subject(sweep)}
        assert await found("sweep_closed_without_a_word") == {subject(sweep)}
        await owner.execute("UPDATE sweeps SET state = 'CLOSED', close_time = now()")
        assert await found("sweep_not_of_the_journal") == {subject(sweep)}
        await owner.execute("UPDATE sweep_tasks SET not_lasting_time = now()")
        await owner.execute("UPDATE routes SET not_lasting_time = now()")
        assert await found("not_lasting_not_of_the_journal") == {sweep.case_id}
    finally:
        await owner.close()


async def test_ids_may_be_told_in_capitals(mine: Mine) -> None:
    sweep = await open_sweep(mine, await solved(mine), target(), target("logistics"))
    said = answering(sweep)
    said.sweep_id, said.task_id = said.sweep_id.upper(), said.task_id.upper()
    assert (await call(mine, "AnswerSweepTask", said)).sweep.answered_count == 1
    capitals = sweep.sweep_id.upper()
    seen = (await call(mine, "GetSweep", pb.GetSweepRequest(sweep_id=capitals))).sweep
    assert seen.sweep_id == sweep.sweep_id
    close = pb.CloseSweepRequest(sweep_id=capitals, reason="转入专项整治")
    assert (await call(mine, "CloseSweep", close)).sweep.state == pb.SWEEP_STATE_CLOSED
    assert await mine.value("SELECT count(*) FROM subjects WHERE subject_id LIKE 'sweep/%'") == 1
