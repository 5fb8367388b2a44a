"""Who gets a case: deputies, posts, the conflict shield, the receiver, and how it is explained."""

import asyncio
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import grpc
from google.type.timeofday_pb2 import TimeOfDay

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_facts_pb2 as facts
from backstop.routing.v1 import routing_organisation_pb2 as organisation
from backstop.routing.v1 import routing_pb2 as pb
from backstop.routing.v1 import routing_service_pb2 as rpc
from chassis.actor import service_actor
from chassis.convert import to_date_message
from chassis.ids import new_id
from chassis.queries import load_queries
from chassis.testing import bearer, read_refusal
from tests.integration.routing.conftest import HEAD, SITE, Mine, directory, matrix, row
from tests.integration.routing.doing import dispatch


async def register(
    mine: Mine, unit: str = "bathhouse", about: tuple[str, ...] = (), **given: Any
) -> str:
    """A new case, with what intake knows of it; returns its id."""
    case_id = new_id()
    message = intake.CaseRegistered(
        case_id=case_id, site_id=SITE, unit_id=unit, about_persons=about, **given
    )
    await mine.hear("intake", case_id, message)
    return case_id


async def assigned(mine: Mine, case_id: str) -> facts.CaseAssigned:
    return [one for one in await mine.facts(case_id) if isinstance(one, facts.CaseAssigned)][-1]


async def explained(mine: Mine, case_id: str) -> list[rpc.ExplainRouteResponse.Decision]:
    request = rpc.ExplainRouteRequest(case_id=case_id)
    return list((await mine.ask("ExplainRoute", request, "CLERK")).decisions)


async def accountable_is_explained(mine: Mine) -> None:
    """One has every case, none of them has to keep away, and the last decision says so."""
    async with mine.database.worker.read(service_actor("routing")) as connection:
        checks = load_queries("services.routing", "sql/fsck.sql")
        for name in (
            "route_without_owner",
            "route_without_assignment",
            "shielded_in_hand",
            "route_unexplained",
            "tenure_not_of_the_route",
        ):
            assert await connection.fetch(checks.blocks[name].sql) == [], name


def shift(person: str, day: date, *, post: str = "", position: str = "") -> pb.Shift:
    """Around the clock, on a day and the one after it."""
    return pb.Shift(
        post_id=post,
        position_id=position,
        person_id=person,
        start_date=to_date_message(day),
        end_date=to_date_message(day + timedelta(days=1)),
        start_time=TimeOfDay(),
        end_time=TimeOfDay(hours=24),
    )


async def roster(mine: Mine, *shifts: pb.Shift) -> None:
    await mine.ask("PublishRoster", rpc.PublishRosterRequest(site_id=SITE, shifts=shifts))


async def test_a_route_tells_what_it_was_decided_by(mine: Mine) -> None:
    case_id = await register(
        mine, category="BATHING", place="南风井浴室", post_id="south", receiver="wang"
    )
    route = await mine.route(case_id)
    assert (route.category, route.place, route.post_id) == ("BATHING", "南风井浴室", "south")
    assert route.first_reply_by == "wang"
    assert list(route.shielded) == []
    assert route.accountable_since == route.assign_time
    assert not route.HasField("not_lasting_time")
    fact = await assigned(mine, case_id)
    assert (fact.first_reply_by, fact.handover_note, fact.assigned_by) == ("wang", "", "")
    accepted = await mine.ask(
        "AcceptCase", rpc.AcceptCaseRequest(case_id=case_id), "STEWARD", who="zhang"
    )
    assert accepted.route.first_reply_by == ""
    await accountable_is_explained(mine)


async def test_the_absent_stewards_deputy_has_the_case(mine: Mine) -> None:
    now = (await mine.now()).astimezone(ZoneInfo("Asia/Shanghai")).date()
    request = organisation.RecordAbsenceRequest(
        site_id=SITE,
        person_id="zhang",
        start_date=to_date_message(now),
        end_date=to_date_message(now + timedelta(days=2)),
        deputy="wu",
        reason="探亲",
    )
    await mine.ask("RecordAbsence", request, "DIRECTOR", who="zhou")
    case_id = await register(mine)
    route = await mine.route(case_id)
    assert (route.steward, route.rule) == ("wu", pb.ASSIGNMENT_RULE_DEPUTY)
    (decision,) = await explained(mine, case_id)
    assert [step.candidate for step in decision.steps] == ["zhang", "wu"]
    away = rpc.AssignCaseRequest(case_id=case_id, steward="zhang", reason="x")
    answer = await mine.refused("AssignCase", away)
    assert (answer.code, answer.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "PERSON_NOT_ACTIVE",
    )


async def test_without_a_steward_whoever_stood_at_the_post_has_the_case(mine: Mine) -> None:
    day = (await mine.now()).astimezone(ZoneInfo("Asia/Shanghai")).date()
    await roster(mine, shift("zhao", day, post="south"))
    case_id = await register(mine, "", post_id="south")
    route = await mine.route(case_id)
    assert (route.steward, route.rule) == ("zhao", pb.ASSIGNMENT_RULE_POST)
    assert "南风井职工餐厅" in route.reasons[-1]
    # A post that the directory doesn't have is nobody's, and no reason to fail.
    other = await mine.route(await register(mine, "", post_id="gone"))
    assert (other.steward, other.rule) == ("sun", pb.ASSIGNMENT_RULE_DUTY_LEAD)


async def test_a_case_about_the_steward_goes_past_them(mine: Mine) -> None:
    case_id = await register(mine, about=("zhang",), receiver="zhang")
    route = await mine.route(case_id)
    assert (route.steward, route.rule) == ("sun", pb.ASSIGNMENT_RULE_DUTY_LEAD)
    assert (list(route.shielded), route.first_reply_by) == (["zhang"], "")
    assert list((await assigned(mine, case_id)).shielded) == ["zhang"]
    (decision,) = await explained(mine, case_id)
    assert [(step.candidate, step.outcome) for step in decision.steps] == [
        ("zhang", pb.STEP_OUTCOME_SHIELDED),
        ("sun", pb.STEP_OUTCOME_TAKEN),
    ]
    request = rpc.AssignCaseRequest(case_id=case_id, steward="zhang", reason="熟悉情况")
    answer = await mine.refused("AssignCase", request)
    assert (answer.reason, answer.metadata["person_id"]) == ("PERSON_SHIELDED", "zhang")
    own = rpc.AssignCaseRequest(case_id=case_id, steward="li", reason="x")
    hidden = await mine.refused("AssignCase", own, who="zhang")
    assert (hidden.code, hidden.reason) == (grpc.StatusCode.NOT_FOUND, "ROUTE_NOT_FOUND")
    await accountable_is_explained(mine)


async def test_a_case_about_a_unit_head_is_not_for_their_people(mine: Mine) -> None:
    await mine.publish(matrix(row("logistics", "zhao", HEAD), row("bathhouse", "wang")))
    await mine.hand_over()
    assert (await mine.route(await register(mine))).steward == "wang"
    route = await mine.route(await register(mine, about=("zhao",)))
    assert (route.steward, route.rule) == ("sun", pb.ASSIGNMENT_RULE_DUTY_LEAD)


async def test_a_case_about_a_level_of_the_ladder_is_with_the_alternate_chain(mine: Mine) -> None:
    case_id = await register(mine, about=("zhou",), receiver="wang")
    route = await mine.route(case_id)
    assert (route.steward, route.rule) == ("wu", pb.ASSIGNMENT_RULE_ALTERNATE)
    assert route.first_reply_by == ""
    # Nobody below the director has it in hand, but whoever holds the alternate chain may.
    for steward, reason in (("zhang", "PERSON_SHIELDED"), ("sun", "PERSON_SHIELDED")):
        by_hand = rpc.AssignCaseRequest(case_id=case_id, steward=steward, reason="x")
        assert (await mine.refused("AssignCase", by_hand, who="li")).reason == reason
    given = rpc.AssignCaseRequest(case_id=case_id, steward="zheng", reason="提级办理")
    assert (await mine.ask("AssignCase", given, who="li")).route.steward == "zheng"
    # The duty lead stands below the director: theirs is level 1.
    duty = rpc.AssignCaseRequest(case_id=case_id, steward="wu", reason="x")
    assert (await mine.refused("AssignCase", duty, who="sun")).reason == "CONFLICT_OF_INTEREST"
    await accountable_is_explained(mine)


async def test_a_case_about_the_alternate_chain_too_waits_outside(mine: Mine) -> None:
    case_id = await register(mine, about=("zhou", "wu", "zheng"))
    route = await mine.route(case_id)
    assert (route.steward, route.accountable) == ("", "position:GROUP_INSPECTION")
    assert route.rule == pb.ASSIGNMENT_RULE_ALTERNATE
    accept = rpc.AcceptCaseRequest(case_id=case_id)
    answer = await mine.refused("AcceptCase", accept, who="li")
    assert answer.reason == "CONFLICT_OF_INTEREST"
    await accountable_is_explained(mine)


async def test_a_dispatcher_takes_only_what_they_may_off_the_queue(bare: Mine) -> None:
    vacant = directory()
    vacant.positions[0].holder = ""
    await bare.publish_directory(vacant)
    case_id = await register(bare, "", about=("li",))
    # With somebody to keep away, the queue isn't safe: the alternate chain has it.
    assert (await bare.route(case_id)).steward == "wu"


async def test_a_matrix_that_changes_brings_nothing_back_to_the_accused(mine: Mine) -> None:
    case_id = await register(mine, about=("li",))
    await mine.publish(matrix(row("bathhouse", "li")))
    await mine.hand_over()
    route = await mine.route(case_id)
    assert (route.steward, route.accountable) == ("zhang", "zhang")


async def test_whoever_comes_under_an_accused_gives_their_cases_away(mine: Mine) -> None:
    case_id = await register(mine, about=("li",))
    await mine.breached(case_id)
    route = await mine.route(case_id)
    assert (route.steward, route.accountable) == ("zhang", "sun")
    promoted = directory()
    promoted.positions[2].holder = "li"
    await mine.publish_directory(promoted)
    await mine.hand_over()
    route = await mine.route(case_id)
    assert (route.steward, route.level, route.accountable) == ("wu", 1, "wu")
    await accountable_is_explained(mine)


async def test_the_checks_find_hands_that_should_keep_away(mine: Mine) -> None:
    case_id = await register(mine, about=("li",))
    owner = await asyncpg.connect(
        mine.database.dsn("owner"), server_settings={"search_path": "routing"}
    )
    checks = load_queries("services.routing", "sql/fsck.sql")
    try:
        for check, damage in (
            ("shielded_in_hand", "UPDATE routes SET first_reply_by = 'li'"),
            ("shielded_in_hand", "UPDATE routes SET also_told = '{wang,li}'"),
            ("route_unexplained", "UPDATE routes SET steward = 'sun', accountable = 'sun'"),
            ("route_unexplained", "DELETE FROM decisions"),
        ):
            transaction = owner.transaction()
            await transaction.start()
            await owner.execute(damage)
            rows = await owner.fetch(checks.blocks[check].sql)
            assert [row["subject_id"] for row in rows] == [case_id], damage
            await transaction.rollback()
            assert await owner.fetch(checks.blocks[check].sql) == []
    finally:
        await owner.close()


async def test_a_case_that_moves_brings_its_story_along(mine: Mine) -> None:
    case_id = await register(mine, receiver="wang")
    await mine.ask("AcceptCase", rpc.AcceptCaseRequest(case_id=case_id), "STEWARD", who="zhang")
    await dispatch(mine, case_id, "bathhouse")
    await mine.breached(case_id)
    request = rpc.AssignCaseRequest(case_id=case_id, steward="li", reason="熟悉情况")
    route = (await mine.ask("AssignCase", request)).route
    assert (route.steward, route.level, route.accountable) == ("li", 1, "sun")
    assert route.first_reply_by == "wang"
    fact = await assigned(mine, case_id)
    assert (fact.previous, fact.assigned_by) == ("zhang", "sun")
    for words in (
        "张三（zhang）", "第 1 级（值班负责人）", "尚未批示", "浴室班（牵头）", "更换淋浴头",
    ):  # fmt: skip
        assert words in fact.handover_note
    assert list(fact.reasons) == ["由孙七（sun）指定李四（li）：熟悉情况"]
    decisions = await explained(mine, case_id)
    assert decisions[-1].handover_note == fact.handover_note
    assert decisions[-1].decided_by == "sun"
    await mine.publish(matrix(row("bathhouse", "wu")))
    await mine.hand_over()
    # Named by hand: the matrix doesn't take it away.
    assert (await mine.route(case_id)).steward == "li"
    await accountable_is_explained(mine)


async def test_handover_leaves_a_note(mine: Mine) -> None:
    case_id = await register(mine)
    await mine.publish(matrix(row("bathhouse", "li")))
    await mine.hand_over()
    fact = await assigned(mine, case_id)
    assert (fact.rule, fact.previous) == (pb.ASSIGNMENT_RULE_HANDOVER, "zhang")
    assert "没有未完成的工单" in fact.handover_note
    assert fact.assigned_by == ""


async def test_off_shift_the_receiver_goes_first_even_after_acceptance(bare: Mine) -> None:
    now = (await bare.now()).astimezone(ZoneInfo("Asia/Shanghai"))
    # Two hours that are far from now, whatever the time is.
    hour = (now.hour + 10) % 24
    site = directory()
    site.rules.steward_hours.append(
        pb.OpeningWindow(
            start_time=TimeOfDay(hours=hour), end_time=TimeOfDay(hours=(hour + 2) % 24)
        )
    )
    await bare.publish_directory(site)
    await bare.publish()
    await bare.hand_over()
    case_id = await register(bare, receiver="wang")
    (decision,) = await explained(bare, case_id)
    assert "不当班" in decision.steps[-1].sentence
    accept = rpc.AcceptCaseRequest(case_id=case_id)
    route = (await bare.ask("AcceptCase", accept)).route
    assert (route.first_reply_by, route.HasField("accept_time")) == ("wang", True)
    # Whoever hears of the acceptance hears of that, too.
    accepted, still = (await bare.facts(case_id))[-2:]
    assert isinstance(accepted, facts.CaseAccepted)
    assert isinstance(still, facts.CaseAssigned)
    assert (still.previous, still.steward, still.first_reply_by) == ("zhang", "zhang", "wang")
    # A shift of the roster counts beside the hours.
    day = now.date()
    await roster(bare, shift("zhang", day - timedelta(days=1), post="south"))
    other = await register(bare, receiver="wang")
    (decision,) = await explained(bare, other)
    assert "不当班" not in decision.steps[-1].sentence
    accept = rpc.AcceptCaseRequest(case_id=other)
    assert (await bare.ask("AcceptCase", accept)).route.first_reply_by == ""
    # An amendment that changes nothing of who answers looks at the hours of now, too.
    amended = intake.CaseAmended(case_id=case_id, unit_id="bathhouse", category="HEATING")
    await bare.hear("intake", case_id, amended)
    told = await assigned(bare, case_id)
    assert (told.previous, told.steward, told.first_reply_by) == ("zhang", "zhang", "")
    assert (await bare.route(case_id)).first_reply_by == ""


async def test_a_case_rejected_is_the_stewards_again_and_says_so(mine: Mine) -> None:
    case_id = await register(mine)
    await mine.breached(case_id)
    await mine.hear("intake", case_id, intake.CaseResolved(case_id=case_id, cycle=1))
    await mine.hear("intake", case_id, intake.CaseRejected(case_id=case_id, cycle=1, new_cycle=2))
    assert (await mine.route(case_id)).accountable == "zhang"
    await accountable_is_explained(mine)
    tenures = await mine.value(
        "SELECT array_agg(array_to_string(holders, ',') ORDER BY ordinal) FROM tenures"
    )
    assert tenures == ["zhang", "sun", "reporter", "zhang"]
    await mine.hear("intake", case_id, intake.CaseClosed(case_id=case_id))
    assert await mine.value("SELECT count(*) FROM tenures WHERE holders = '{}'") == 1


async def test_an_explanation_speaks_the_callers_language(mine: Mine) -> None:
    case_id = await register(mine)
    token = mine.keys.person("sun", ["CLERK"], [SITE])
    english = await mine.stub.ExplainRoute(
        rpc.ExplainRouteRequest(case_id=case_id),
        timeout=10,
        metadata=(*bearer(token), ("accept-language", "en")),
    )
    assert "is the steward of bathhouse" in english.decisions[0].steps[0].sentence
    (chinese,) = await explained(mine, case_id)
    assert "包保人员" in chinese.steps[0].sentence
    assert (chinese.accountable, chinese.level) == ("zhang", 0)
    assert chinese.rule == pb.ASSIGNMENT_RULE_RESPONSIBILITY
    request = rpc.ExplainRouteRequest(case_id=case_id)
    assert (await mine.refused("ExplainRoute", request, site="gucheng")).reason == "ROUTE_NOT_FOUND"
    reporter = await mine.refused("ExplainRoute", request, "REPORTER")
    assert reporter.reason == "PERMISSION_DENIED"


async def test_who_could_have_a_case_is_found_by_indexes(mine: Mine) -> None:
    queries = load_queries("services.routing", "sql/candidates.sql")
    day = date(2026, 11, 23)
    async with mine.database.worker.read(service_actor("routing")) as connection:
        await connection.execute("SET LOCAL enable_seqscan = off")
        for sql, arguments in (
            (queries.list_headed, [SITE, ["wang"], day]),
            (queries.list_subtree, [SITE, ["logistics"]]),
            (queries.list_people_of, [SITE, ["logistics"]]),
            (queries.list_stewards, [SITE, day, []]),
            (queries.count_open_work_orders, [SITE, ["bathhouse"]]),
            (queries.list_named_units, [SITE, ["bathhouse"]]),
            (queries.list_names, [SITE, ["bathhouse"]]),
            (queries.list_places, [SITE]),
        ):
            plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *arguments)
            assert "Seq Scan" not in plan, sql


async def test_two_dispatchers_at_once_give_a_case_to_one(mine: Mine) -> None:
    case_id = await register(mine)
    version = (await mine.route(case_id)).version
    requests = [
        rpc.AssignCaseRequest(case_id=case_id, steward=who, reason="x", expected_version=version)
        for who in ("li", "wu")
    ]
    done = await asyncio.gather(
        *(mine.ask("AssignCase", request) for request in requests), return_exceptions=True
    )
    refused = [one for one in done if isinstance(one, grpc.aio.AioRpcError)]
    (given,) = [one.route for one in done if not isinstance(one, BaseException)]
    assert [read_refusal(one).reason for one in refused] == ["VERSION_MISMATCH"]
    assert (await mine.route(case_id)).steward == given.steward
    assert len(await mine.facts(case_id)) == 2
    # The same request again gives the answer of the first time.
    winner = requests[0] if given.steward == "li" else requests[1]
    assert (await mine.ask("AssignCase", winner)).route.version == given.version
    await accountable_is_explained(mine)
