"""The way up and down: no level is skipped, and nothing stops without anybody knowing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Refused
from services.routing.domain import ladder as ladders
from services.routing.domain import route as routes
from services.routing.domain.assignment import Alternate
from services.routing.domain.decisions import RouteStep, Rule, StepOutcome
from services.routing.domain.directory import Level
from services.routing.domain.roster import Duty
from services.routing.domain.route import QUEUE, Instruction, Route, RouteState
from services.routing.domain.shield import NO_SHIELD, Shield

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LADDER = [Level("DUTY_LEAD", 1), Level("DIRECTOR", 2), Level("LEADING_GROUP", 5)]
LEAD = Duty("p2", "李四", by_roster=True)
VACANT = Duty("", "", by_roster=False)

AT_FOOT = Route(
    case_id="case-1",
    site_id="yuwu",
    unit_id="bathhouse",
    state=RouteState.OPEN,
    steward="p1",
    rule=Rule.RESPONSIBILITY,
    reasons=(),
    also_told=(),
    assign_time=NOW,
)


def up(
    route: Route = AT_FOOT,
    owner: str = "p2",
    *,
    times: int = 1,
    ladder: list[Level] = LADDER,
    time: datetime = NOW,
) -> Route:
    for _ in range(times):
        step = ladders.next_step(route, ladder)
        assert step is not None
        route = ladders.move(route, step, owner, time)
    return route


def down(route: Route, owner: str = "p2", *, ladder: list[Level] = LADDER) -> Route:
    return ladders.move(route, ladders.step_down(route, ladder), owner, NOW)


def test_a_case_climbs_one_level_at_a_time_and_rests_at_the_top() -> None:
    route = AT_FOOT
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
    assert (route.level, route.level_position, route.level_owner) == (3, "LEADING_GROUP", "p2")
    assert (route.level_time, route.accountable) == (NOW, "p2")
    assert ladders.next_step(route, LADDER) is None


def test_a_level_answers_within_days_or_within_working_time_and_the_top_within_none() -> None:
    ladder = [Level("DUTY_LEAD", dwell_working_time=4 * HOUR), Level("DIRECTOR", 0, 4 * HOUR)]
    step = ladders.next_step(AT_FOOT, ladder)
    assert step is not None
    assert (step.dwell_working_days, step.dwell_working_time) == (0, 4 * HOUR)
    top = ladders.next_step(up(ladder=ladder), ladder)
    assert top is not None
    assert (top.top, top.dwell_working_days, top.dwell_working_time) == (True, 0, timedelta(0))


def test_a_top_that_answered_owes_anew_at_the_next_breach() -> None:
    answered = ladders.instruct(up(times=3), Instruction.ORDER, "限期整改", "p2", NOW)
    step = ladders.next_step(answered, LADDER)
    assert step is not None
    assert (step.level, step.top) == (3, True)
    assert ladders.move(answered, step, "p2", NOW).answered is None


def test_a_ladder_made_shorter_is_told_to_whom_it_ends_with() -> None:
    """The position above is gone: what was the second of three is the top, and knows no time."""
    middle = up(times=2)
    assert ladders.next_step(middle, LADDER[:2]) is None
    told = ladders.next_step(middle, LADDER[:2], dwelt=True)
    assert told is not None
    assert (told.level, told.position_id, told.top) == (2, "DIRECTOR", True)
    assert told.dwell_working_days == 0


def test_a_case_above_the_top_of_now_goes_to_it_and_rests_there() -> None:
    above = up(times=3)
    step = ladders.next_step(above, LADDER[:2])
    assert step is not None
    assert (step.level, step.position_id, step.top) == (3, "DIRECTOR", True)
    there = ladders.move(above, step, "p2", NOW)
    assert ladders.next_step(there, LADDER[:2]) is None
    answered = ladders.instruct(there, Instruction.ORDER, "x", "p2", NOW)
    assert ladders.next_step(answered, LADDER[:2]) == step


def test_another_position_at_the_top_gets_what_the_one_before_had() -> None:
    other = [LADDER[0], Level("MINE_DIRECTOR", 2)]
    step = ladders.next_step(up(times=2), other)
    assert step is not None
    assert (step.level, step.position_id, step.top) == (2, "MINE_DIRECTOR", True)


def test_a_ladder_made_longer_is_climbed_on() -> None:
    at_top = up(times=2, ladder=LADDER[:2])
    step = ladders.next_step(at_top, LADDER)
    assert step is not None
    assert (step.level, step.position_id) == (3, "LEADING_GROUP")


def test_a_site_without_a_ladder_has_no_way_up() -> None:
    assert ladders.next_step(AT_FOOT, []) is None


def test_the_way_down_is_one_level_at_a_time_and_each_owes_anew() -> None:
    route = ladders.instruct(up(times=3), Instruction.ORDER, "x", "p9", NOW)
    levels = []
    while route.level:
        route = down(route, "p5")
        levels.append((route.level, route.level_position, route.accountable))
        assert route.answered is None
    assert levels == [(2, "DIRECTOR", "p5"), (1, "DUTY_LEAD", "p5"), (0, "", "p1")]
    assert (route.level_owner, route.level_time) == ("", None)
    with pytest.raises(Refused, match="NOT_ESCALATED"):
        ladders.step_down(route, LADDER)


def test_the_level_below_has_its_time_again() -> None:
    step = ladders.step_down(up(times=3), LADDER)
    assert (step.level, step.dwell_working_days, step.top) == (2, 2, False)
    foot = ladders.step_down(up(), LADDER)
    assert (foot.level, foot.position_id, foot.dwell_working_days) == (0, "", 0)


@pytest.mark.parametrize("length", [1, 2])
def test_down_from_above_a_shorter_ladder_is_its_top(length: int) -> None:
    step = ladders.step_down(up(times=3), LADDER[:length])
    assert (step.level, step.position_id) == (length, LADDER[length - 1].position_id)
    assert (step.top, step.dwell_working_days) == (True, 0)


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
    route = up()
    assert route.accountable == "p2"
    assert ladders.instruct(route, kind, "照办", "p2", NOW).accountable == accountable


@pytest.mark.parametrize("owner", ["p2", QUEUE])
def test_whoever_takes_over_has_the_case(owner: str) -> None:
    taken = ladders.instruct(up(owner=owner), Instruction.TAKE_OVER, "我来", "p7", NOW)
    assert (taken.accountable, taken.level_owner) == ("p7", "p7")


def test_only_an_unanswered_level_owes_an_instruction() -> None:
    with pytest.raises(Refused, match="NO_INSTRUCTION_OWED"):
        ladders.instruct(AT_FOOT, Instruction.ORDER, "x", "p2", NOW)
    answered = ladders.instruct(up(), Instruction.ORDER, "x", "p2", NOW)
    with pytest.raises(Refused, match="NO_INSTRUCTION_OWED"):
        ladders.instruct(answered, Instruction.ORDER, "x", "p2", NOW)


def test_a_dwell_breach_of_an_earlier_level_is_stale() -> None:
    first = up()
    assert not ladders.stale_dwell(first, NOW)
    later = NOW + HOUR
    assert ladders.stale_dwell(up(first, time=later), NOW)
    assert not ladders.stale_dwell(up(first, time=later), later)
    assert ladders.stale_dwell(ladders.instruct(first, Instruction.ORDER, "x", "p2", NOW), NOW)
    assert ladders.stale_dwell(AT_FOOT, NOW)


def test_a_level_that_another_has_lets_the_same_deadline_pass() -> None:
    """sla doesn't start its clock anew, so the breach must not look like an earlier level's."""
    step = ladders.step_at(1, LADDER)
    another = ladders.replaced(up(), step, "p8", NOW + HOUR)
    assert another.accountable == "p8"
    assert not ladders.stale_dwell(another, NOW)
    # Where the one before had answered, there is a new clock.
    taken = ladders.instruct(up(), Instruction.TAKE_OVER, "我来", "p7", NOW)
    anew = ladders.replaced(taken, step, "p8", NOW + HOUR)
    assert (anew.answered, anew.accountable) == (None, "p8")
    assert ladders.stale_dwell(anew, NOW)
    assert not ladders.stale_dwell(anew, NOW + HOUR)


def test_a_breach_due_before_the_level_was_reached_is_the_levels_already() -> None:
    assert not ladders.reached_since(AT_FOOT, NOW)
    there = up()
    assert ladders.reached_since(there, NOW)
    assert ladders.reached_since(there, NOW - HOUR)
    assert not ladders.reached_since(there, NOW + timedelta(seconds=1))


def test_why_a_case_is_at_a_level_is_said_in_two_languages() -> None:
    step = ladders.step_at(1, LADDER)
    why = ladders.moved(AT_FOOT, step, "工单超期", "a work order is late")
    assert why.outcome is StepOutcome.NOTED
    assert why.zh == "从包保人员上报到第1级：工单超期"
    assert why.en == "From level 0 to level 1: a work order is late"
    sent = ladders.moved(up(times=2), step, "请先核实")
    assert sent.zh == "从第2级下转到第1级：请先核实"


CHAIN = (
    Alternate("UNION", "p8", "吴九"),
    Alternate("GROUP_INSPECTION", "p9", "郑十", outside=True),
)


def owner_at(
    level: int, holder: Duty | None, shield: Shield = NO_SHIELD, *, about: tuple[str, ...] = ()
) -> tuple[str, tuple[RouteStep, ...]]:
    route = replace(AT_FOOT, about_persons=about)
    return ladders.owner(route, ladders.step_at(level, LADDER), "值班负责人", holder, shield, CHAIN)


def test_whoever_holds_the_position_has_the_level() -> None:
    owner, (step,) = owner_at(1, LEAD)
    assert (owner, step.outcome, step.candidate) == ("p2", StepOutcome.TAKEN, "p2")
    assert step.zh == "第1级岗位值班负责人按值班表由李四（p2）担任。"
    assert step.en == "p2 has DUTY_LEAD of level 1 by the roster."


@pytest.mark.parametrize("nobody", [VACANT, None])
def test_a_vacant_level_is_the_queues(nobody: Duty | None) -> None:
    owner, (step,) = owner_at(1, nobody)
    assert (owner, step.outcome, step.candidate) == (QUEUE, StepOutcome.NOBODY, QUEUE)
    assert step.zh == "第1级岗位值班负责人空缺，转入调度室待办，每日提醒。"
    # Who is recused is no reason to keep a case from the dispatch room.
    assert owner_at(1, nobody, Shield(frozenset({"p7"})))[0] == QUEUE


def test_a_case_about_persons_is_not_left_to_the_queue() -> None:
    owner, (vacant, other) = owner_at(1, VACANT, Shield(frozenset({"p7"})), about=("p7",))
    assert (owner, other.candidate, other.rule) == ("p8", "p8", Rule.ALTERNATE)
    assert (vacant.outcome, vacant.zh) == (StepOutcome.NOBODY, "第1级岗位值班负责人空缺。")


@pytest.mark.parametrize(
    ("shield", "owner"),
    [
        (Shield(frozenset({"p2"})), "p8"),
        # An accused on a level above, or on this very one by office.
        (Shield(frozenset({"p7"}), level=2), "p8"),
        (Shield(frozenset({"p2", "p8"})), "p9"),
        (Shield(frozenset({"p2", "p8", "p9"})), "position:GROUP_INSPECTION"),
        (Shield(frozenset({"p7"}), frozenset({"p2", "p8"})), "p9"),
        (Shield(frozenset({"p7"}), level=1), "p2"),
    ],
)
def test_in_the_place_of_who_keeps_away_the_alternate_chain_has_it(
    shield: Shield, owner: str
) -> None:
    found, steps = owner_at(1, LEAD, shield, about=("p7",))
    assert found == owner
    if owner == "p2":
        assert [step.outcome for step in steps] == [StepOutcome.TAKEN]
        return
    kept, other = steps
    assert (kept.candidate, kept.outcome) == ("p2", StepOutcome.SHIELDED)
    assert kept.zh.endswith("，按规定应当回避。")
    assert kept.en.endswith(", and keeps away.")
    assert (other.candidate, other.rule) == (owner, Rule.ALTERNATE)


A_LADDER = st.integers(1, 6).map(lambda length: [Level(f"P{n}", 1 + n % 3) for n in range(length)])
OWNERS = st.sampled_from(["p2", "p7", QUEUE, "position:GROUP_INSPECTION"])


@given(A_LADDER, st.lists(OWNERS, min_size=12, max_size=12))
def test_climbing_on_and_on_ends_at_the_top_and_skips_no_level(
    ladder: list[Level], owners: list[str]
) -> None:
    """Whoever holds the levels, and however many are vacant."""
    route, reached = AT_FOOT, [0]
    for owner in owners:
        step = ladders.next_step(route, ladder)
        if step is None:
            break
        # A vacant level is no reason to pass it over; it has its time like any other.
        assert step.top or step.dwell_working_days
        route = ladders.move(route, step, owner, NOW)
        assert route.accountable == owner
        reached.append(route.level)
    assert reached == list(range(len(ladder) + 1))
    assert ladders.next_step(route, ladder) is None


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["up", "dwelt", "down", "order", "take", "no", "send", "reopen", "owner"]),
        A_LADDER,
        OWNERS,
    ),
    max_size=25,
)


@given(A_LADDER, MOVES)
def test_nothing_stops_silently_whatever_directories_come_between(
    ladder: list[Level], moves: list[tuple[str, list[Level], str]]
) -> None:
    """Each climb or way down is by one level of the ladder of now, or onto its top; a level that
    lets its time pass is always followed by something."""
    route = AT_FOOT
    answers = {
        "order": Instruction.ORDER,
        "take": Instruction.TAKE_OVER,
        "no": Instruction.CANNOT_BE_DONE,
    }
    for move, other, owner in moves:
        ladder = other if move == "dwelt" else ladder
        level = route.level
        match move:
            case "up" | "dwelt":
                step = ladders.next_step(route, ladder, dwelt=move == "dwelt")
                if step is None:
                    # It rests at the top, which has been told that it is the top.
                    assert move == "up"
                    assert level >= len(ladder)
                    assert route.answered is None
                    assert route.level_position == ladder[-1].position_id
                    continue
                route = ladders.move(route, step, owner, NOW)
                assert route.level - level == 1 or (route.level == level and step.top)
            case "down" | "send":
                if level == 0:
                    continue
                step = ladders.step_down(route, ladder)
                route = ladders.move(route, step, owner, NOW)
                assert route.level < level
                assert route.level == level - 1 or (step.top and route.level == len(ladder))
            case "reopen":
                route = routes.reopen(route, route.cycle + 1)
            case "owner":
                if route.level_holds:
                    step = ladders.step_at(level, ladder)
                    route = ladders.replaced(route, step, owner, NOW)
            case _:
                if level and route.answered is None:
                    route = ladders.instruct(route, answers[move], "x", "p7", NOW)
        assert route.accountable
        assert (route.level == 0) == (route.level_owner == "") == (route.level_time is None)
        assert replace(route, version=1).accountable == route.accountable
