"""Who has a case: at registration, at handover, up the ladder and down again."""

from datetime import UTC, datetime, timedelta

import pytest

from chassis.errors import Refused
from services.routing.domain import ladder as ladders
from services.routing.domain import route as routes
from services.routing.domain.assignment import Alternate, Candidates, assign, with_first_reply
from services.routing.domain.decisions import StepOutcome
from services.routing.domain.directory import Level
from services.routing.domain.roster import Duty
from services.routing.domain.route import (
    QUEUE,
    Instruction,
    Responsible,
    Route,
    RouteFile,
    RouteState,
    Rule,
    Seal,
)
from services.routing.domain.shield import Shield

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
LADDER = [Level("DUTY_LEAD", 1), Level("DIRECTOR", 2), Level("LEADING_GROUP", 5)]
STEWARD = Responsible("浴室班", "p1", "张三", ("p3", "p4"))
NO_ROW = Responsible("浴室班")
LEAD = Duty("p2", "李四", by_roster=True)
VACANT = Duty("", "", by_roster=False)


def found(
    responsible: Responsible = STEWARD,
    lead: Duty | None = None,
    unit_id: str = "bathhouse",
    shield: Shield | None = None,
    alternates: tuple[Alternate, ...] = (),
) -> Candidates:
    return Candidates(
        unit_id,
        responsible,
        duty_lead=lead,
        alternates=alternates,
        shield=shield or Shield(),
    )


def a_route(responsible: Responsible = STEWARD, lead: Duty | None = None) -> Route:
    asked = routes.asked_for("case-1", "yuwu", "bathhouse", NOW)
    return routes.reassign(asked, assign(found(responsible, lead)), NOW)


def given_by_hand(route: Route) -> Route:
    return routes.reassign(route, routes.by_hand("p9", "赵六", ("d1", "钱七"), "熟悉情况"), NOW)


def up(route: Route, owner: str = "p2", time: datetime = NOW) -> Route:
    step = ladders.next_step(route, LADDER)
    assert step is not None
    return ladders.move(route, step, owner, time)


def test_the_matrix_names_the_steward() -> None:
    given = assign(found(STEWARD, LEAD))
    assert (given.steward, given.rule) == ("p1", Rule.RESPONSIBILITY)
    assert given.also_told == ("p3", "p4")
    assert "张三（p1）" in given.reasons[0]
    (step,) = given.steps
    assert (step.candidate, step.outcome) == ("p1", StepOutcome.TAKEN)
    assert "张三 (p1)" in step.en


@pytest.mark.parametrize(
    ("unit_id", "responsible", "why"),
    [
        ("", Responsible(), "没有写明单位"),
        ("gone", Responsible(), "没有单位 gone"),
        ("bathhouse", NO_ROW, "没有包保人员"),
    ],
)
def test_without_a_row_the_duty_lead_has_it_then_the_queue(
    unit_id: str, responsible: Responsible, why: str
) -> None:
    given = assign(found(responsible, LEAD, unit_id))
    assert (given.steward, given.rule) == ("p2", Rule.DUTY_LEAD)
    assert why in given.reasons[0]
    assert "按值班表" in given.reasons[-1]
    for nobody in (None, VACANT):
        queued = assign(found(responsible, nobody, unit_id))
        assert (queued.steward, queued.rule) == ("", Rule.QUEUE)
        assert why in queued.reasons[0]
        assert queued.steps[-1].candidate == QUEUE


def test_a_queued_case_is_the_dispatch_rooms() -> None:
    assert a_route(NO_ROW).accountable == QUEUE


def test_the_deputy_has_the_cases_of_an_absent_steward() -> None:
    deputy = Responsible("浴室班", "p5", "王五", deputy_for="p1")
    given = assign(found(deputy, LEAD))
    assert (given.steward, given.rule) == ("p5", Rule.DEPUTY)
    outcomes = [(step.candidate, step.outcome) for step in given.steps]
    assert outcomes == [("p1", StepOutcome.ABSENT), ("p5", StepOutcome.TAKEN)]


def test_an_absent_steward_without_a_deputy_is_passed_over() -> None:
    given = assign(found(Responsible("浴室班", absent="p1"), LEAD))
    assert (given.steward, given.rule) == ("p2", Rule.DUTY_LEAD)
    assert [step.outcome for step in given.steps] == [
        StepOutcome.ABSENT,
        StepOutcome.NOBODY,
        StepOutcome.TAKEN,
    ]


def test_the_post_comes_between_the_matrix_and_the_duty_lead() -> None:
    at_post = (Duty("p6", "孙七", by_roster=True), Duty("p7", "周八", by_roster=True))
    of_post = Candidates("bathhouse", NO_ROW, at_post, "南风井", LEAD)
    given = assign(of_post)
    assert (given.steward, given.rule) == ("p6", Rule.POST)
    assert "南风井" in given.reasons[-1]
    shielded = Candidates(
        "bathhouse", NO_ROW, at_post, "南风井", LEAD, (), Shield(frozenset({"p6"}))
    )
    assert assign(shielded).steward == "p7"
    empty = assign(Candidates("bathhouse", NO_ROW, (), "南风井", LEAD))
    assert (empty.steward, empty.rule) == ("p2", Rule.DUTY_LEAD)
    assert "无人值守" in empty.reasons[1]


ALTERNATES = (
    Alternate("DISCIPLINE", "p2", "李四", position_name="纪委"),
    Alternate("UNION", "", ""),
    Alternate("GROUP_OFFICE", "g1", "集团", outside=True),
    Alternate("GROUP_DISCIPLINE", "", "", outside=True, position_name="集团纪委"),
)


def test_a_case_about_all_of_the_chain_comes_to_the_alternate_one() -> None:
    shield = Shield(frozenset({"p1", "p2"}))
    given = assign(found(STEWARD, LEAD, shield=shield, alternates=ALTERNATES))
    assert (given.steward, given.rule) == ("g1", Rule.ALTERNATE)
    assert [step.outcome for step in given.steps] == [
        StepOutcome.SHIELDED,
        StepOutcome.SHIELDED,
        StepOutcome.TAKEN,
    ]
    nobody = Shield(frozenset({"p1", "p2", "g1"}))
    waits = assign(found(STEWARD, LEAD, shield=nobody, alternates=ALTERNATES))
    assert (waits.steward, waits.fallback_position) == ("", "GROUP_DISCIPLINE")
    assert "由矿外岗位集团纪委（GROUP_DISCIPLINE）接办" in waits.reasons[-1]
    route = routes.reassign(a_route(), waits, NOW)
    assert route.accountable == "position:GROUP_DISCIPLINE"
    # Whoever gets it by hand has it alone.
    assert given_by_hand(route).accountable == "p9"


def test_without_a_chain_a_shielded_case_waits_in_the_queue_and_says_so() -> None:
    given = assign(found(STEWARD, LEAD, shield=Shield(frozenset({"p1", "p2"}))))
    assert (given.steward, given.fallback_position, given.rule) == ("", "", Rule.ALTERNATE)
    assert "没有备用渠道" in given.reasons[-1]


def test_with_an_accused_on_the_ladder_the_whole_line_below_knows_nothing() -> None:
    shield = Shield(frozenset({"chief"}), level=2)
    given = with_first_reply(
        assign(found(STEWARD, LEAD, shield=shield, alternates=ALTERNATES)),
        found(shield=shield),
        "clerk",
    )
    assert (given.steward, given.rule) == ("p2", Rule.ALTERNATE)
    assert "转备用渠道纪委（DISCIPLINE），由李四（p2）负责" in given.reasons[-1]
    assert (given.also_told, given.first_reply_by) == ((), "")


def test_those_told_beside_the_steward_are_told_unless_they_keep_away() -> None:
    given = assign(found(STEWARD, LEAD, shield=Shield(frozenset({"p3"}))))
    assert (given.steward, given.also_told) == ("p1", ("p4",))


def test_the_receiver_owes_the_first_reply_until_the_steward_has_accepted() -> None:
    candidates = found()
    given = with_first_reply(assign(candidates), candidates, "clerk")
    assert (given.first_reply_by, given.steps[-1].outcome) == ("clerk", StepOutcome.NOTED)
    # A remark: not a reason why it came to the steward.
    assert len(given.reasons) == 1
    route = routes.reassign(a_route(), given, NOW)
    assert routes.accept(route, "p1", NOW).first_reply_by == ""
    assert routes.accept(route, "p1", NOW, off_shift=True).first_reply_by == "clerk"
    for receiver in ("", "p1", QUEUE):
        assert with_first_reply(assign(candidates), candidates, receiver).first_reply_by == ""
    shielded = found(shield=Shield(frozenset({"clerk"})))
    assert with_first_reply(assign(shielded), shielded, "clerk").first_reply_by == ""


def test_people_are_named_with_their_codes_where_their_names_are_known() -> None:
    by = routes.by_hand("p9", "赵六", ("d1", "钱七"), "熟悉情况")
    assert by.reasons == ("由钱七（d1）指定赵六（p9）：熟悉情况",)
    assert routes.by_hand("p9", "", ("d1", ""), "x").reasons == ("由 d1 指定 p9：x",)
    at_post = (Duty("p6", "孙七", by_roster=True),)
    waits = Candidates("bathhouse", NO_ROW, at_post, "南风井", LEAD, off_shift=True)
    given = with_first_reply(assign(waits), waits, "p2")
    assert given.steps[-1].zh.endswith("由首接人李四（p2）负责。")
    given = with_first_reply(assign(waits), waits, "clerk")
    assert given.steps[-1].zh.endswith("由首接人 clerk 负责。")


def test_handover_follows_the_matrix() -> None:
    other = found(Responsible("浴室班", "p5", "王五"), LEAD)
    given = routes.handed_over(a_route(), other, here=True)
    assert given is not None
    assert (given.steward, given.rule) == ("p5", Rule.HANDOVER)
    moved = routes.reassign(a_route(), given, NOW)
    assert (moved.steward, moved.accountable, moved.accept_time) == ("p5", "p5", None)


def test_a_deputy_has_the_case_while_the_steward_is_away_and_no_longer() -> None:
    deputy = found(Responsible("浴室班", "p5", "王五", deputy_for="p1"))
    given = routes.handed_over(a_route(), deputy, here=False)
    assert given is not None
    assert (given.steward, given.rule) == ("p5", Rule.DEPUTY)
    away = routes.reassign(a_route(), given, NOW)
    assert routes.handed_over(away, deputy, here=True) is None
    back = routes.handed_over(away, found(), here=True)
    assert back is not None
    assert (back.steward, back.rule) == ("p1", Rule.HANDOVER)


def test_handover_leaves_alone_what_it_should() -> None:
    assert routes.handed_over(given_by_hand(a_route()), found(), here=True) is None
    assert routes.handed_over(a_route(), found(), here=True) is None
    on_duty = a_route(NO_ROW, LEAD)
    next_lead = found(NO_ROW, Duty("p8", "孙七", by_roster=True))
    assert routes.handed_over(on_duty, next_lead, here=True) is None
    assert routes.handed_over(a_route(NO_ROW), found(NO_ROW, LEAD), here=False) is None
    closed = routes.close(a_route())
    assert routes.handed_over(closed, found(Responsible("浴室班", "p5")), here=True) is None


def test_whoever_has_left_keeps_nothing() -> None:
    for route in (given_by_hand(a_route()), a_route(NO_ROW, LEAD)):
        given = routes.handed_over(route, found(STEWARD, LEAD), here=False)
        assert given is not None
        assert given.steward == "p1"
    gone = routes.handed_over(a_route(), found(NO_ROW, VACANT), here=False)
    assert gone is not None
    # Not only a handover: a queue that has a case is to be seen as one.
    assert (gone.steward, gone.rule) == ("", Rule.QUEUE)
    assert gone.steps[0].outcome is StepOutcome.ABSENT


def test_whoever_has_to_keep_away_keeps_nothing_either() -> None:
    shielded = found(STEWARD, LEAD, shield=Shield(frozenset({"p1"})), alternates=ALTERNATES)
    given = routes.handed_over(a_route(), shielded, here=True)
    assert given is not None
    assert (given.steward, given.rule) == ("p2", Rule.DUTY_LEAD)
    # What is with the alternate chain stays there, whatever the matrix says.
    all_of_them = found(
        STEWARD, LEAD, shield=Shield(frozenset({"p1", "p2"})), alternates=ALTERNATES
    )
    outside = routes.reassign(a_route(), assign(all_of_them), NOW)
    other = found(Responsible("浴室班", "p5"), shield=all_of_them.shield, alternates=ALTERNATES)
    assert routes.handed_over(outside, other, here=True) is None


def test_a_gap_that_was_filled_takes_the_case_off_the_queue() -> None:
    given = routes.handed_over(a_route(NO_ROW), found(), here=False)
    assert given is not None
    assert given.steward == "p1"


def test_a_recused_person_is_told_nothing_more() -> None:
    route = routes.recuse(a_route(), "p3")
    assert (route.also_told, route.shielded) == (("p4",), ("p3",))


def test_a_case_climbs_one_level_at_a_time_and_rests_at_the_top() -> None:
    route = a_route()
    seen = []
    for _ in range(3):
        step = ladders.next_step(route, LADDER)
        assert step is not None
        route = ladders.move(route, step, "p2", NOW)
        seen.append((step.level, step.position_id, step.dwell_working_days, step.top))
    assert seen == [
        (1, "DUTY_LEAD", 1, False),
        (2, "DIRECTOR", 2, False),
        (3, "LEADING_GROUP", 0, True),
    ]
    assert ladders.next_step(route, LADDER) is None


def test_a_level_answers_within_days_or_within_working_time_and_the_top_within_none() -> None:
    hours = timedelta(hours=4)
    ladder = [Level("DUTY_LEAD", dwell_working_time=hours), Level("DIRECTOR", 0, hours)]
    step = ladders.next_step(a_route(), ladder)
    assert step is not None
    assert (step.dwell_working_days, step.dwell_working_time) == (0, hours)
    top = ladders.next_step(ladders.move(a_route(), step, "p2", NOW), ladder)
    assert top is not None
    assert (top.top, top.dwell_working_days, top.dwell_working_time) == (True, 0, timedelta(0))


def test_a_top_that_answered_owes_anew_at_the_next_breach() -> None:
    route = up(up(up(a_route())))
    answered = ladders.instruct(route, Instruction.ORDER, "限期整改", "p2", NOW)
    step = ladders.next_step(answered, LADDER)
    assert step is not None
    assert (step.level, step.top) == (3, True)
    assert ladders.move(answered, step, "p2", NOW).answered is None


def test_a_shortened_ladder_holds_a_case_at_its_new_top() -> None:
    route = up(up(up(a_route())))
    step = ladders.next_step(route, LADDER[:2])
    assert step is not None
    assert (step.position_id, step.top) == ("DIRECTOR", True)
    assert ladders.next_step(ladders.move(route, step, "p2", NOW), LADDER[:2]) is None
    assert ladders.next_step(route, []) is None


@pytest.mark.parametrize(
    ("kind", "accountable"),
    [
        (Instruction.ORDER, "p1"),
        (Instruction.CANNOT_BE_DONE, "p1"),
        (Instruction.TAKE_OVER, "p2"),
    ],
)
def test_an_instruction_gives_the_case_back_unless_it_is_taken_over(
    kind: Instruction, accountable: str
) -> None:
    route = up(a_route())
    assert route.accountable == "p2"
    assert ladders.instruct(route, kind, "照办", "p2", NOW).accountable == accountable


@pytest.mark.parametrize("owner", ["p2", QUEUE])
def test_whoever_takes_over_has_the_case(owner: str) -> None:
    taken = ladders.instruct(up(a_route(), owner), Instruction.TAKE_OVER, "我来", "p7", NOW)
    assert (taken.accountable, taken.level_owner) == ("p7", "p7")


def test_only_an_unanswered_level_owes_an_instruction() -> None:
    with pytest.raises(Refused, match="NO_INSTRUCTION_OWED"):
        ladders.instruct(a_route(), Instruction.ORDER, "x", "p2", NOW)
    answered = ladders.instruct(up(a_route()), Instruction.ORDER, "x", "p2", NOW)
    with pytest.raises(Refused, match="NO_INSTRUCTION_OWED"):
        ladders.instruct(answered, Instruction.ORDER, "x", "p2", NOW)


def test_a_dwell_breach_of_an_earlier_level_is_stale() -> None:
    first = up(a_route())
    assert not ladders.stale_dwell(first, NOW)
    later = NOW + timedelta(hours=1)
    assert ladders.stale_dwell(up(first, time=later), NOW)
    assert not ladders.stale_dwell(up(first, time=later), later)
    assert ladders.stale_dwell(ladders.instruct(first, Instruction.ORDER, "x", "p2", NOW), NOW)
    assert ladders.stale_dwell(a_route(), NOW)


def test_a_breach_due_before_the_level_was_reached_is_the_levels_already() -> None:
    assert not ladders.reached_since(a_route(), NOW)
    there = up(a_route())
    assert ladders.reached_since(there, NOW)
    assert ladders.reached_since(there, NOW - timedelta(hours=1))
    assert not ladders.reached_since(there, NOW + timedelta(seconds=1))


def test_accepting_twice_changes_nothing() -> None:
    once = routes.accept(a_route(), "p1", NOW)
    assert routes.accept(once, "p9", NOW + timedelta(hours=1)) is once


def test_reopening_starts_at_the_foot_of_the_ladder() -> None:
    back = routes.reopen(routes.resolve(up(up(a_route())), NOW), 2)
    assert (back.state, back.level, back.accountable) == (RouteState.OPEN, 0, "p1")
    assert (a_route().cycle, back.cycle) == (1, 2)


def test_a_resolved_case_is_sealed_and_a_lease_ends() -> None:
    early, late = (Seal(who, NOW + timedelta(minutes=m)) for who, m in (("a", 2), ("b", 3)))
    leased = RouteFile(a_route(), seals=(early, late))
    assert leased.sealed(NOW)
    assert leased.sealed(early.until_time)
    assert not leased.sealed(late.until_time)
    assert leased.lapsed(early.until_time) == {early}
    assert leased.lapsed(late.until_time) == {early, late}
    assert RouteFile(routes.resolve(a_route(), NOW)).sealed(NOW)
    for route in (routes.resolve(a_route(), NOW), routes.close(a_route())):
        with pytest.raises(Refused, match="CASE_NOT_OPEN"):
            routes.require_open(route)
