"""The life of a sweep: where it looks, what may be answered when, and how it ends."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Refused
from chassis.ids import new_id
from services.routing.domain import sweeps
from services.routing.domain.sweeps import (
    Answer,
    Finding,
    Ground,
    Origin,
    Sweep,
    SweepState,
    SweepTask,
    Target,
)

ZONE = ZoneInfo("Asia/Shanghai")
# 11:00 of a Monday at the site.
NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
TODAY = date(2026, 11, 23)
DUE = date(2026, 11, 30)
ORIGIN = Origin("case-1", "yuwu", "BATHING", "淋浴头漏水")
GROUNDS = {
    "yuwu": Ground({"bathhouse", "logistics"}, ZONE),
    "gucheng": Ground({"bathhouse"}, ZONE),
}


def opened(*targets: Target, due: date = DUE, time: datetime = NOW) -> tuple[Sweep, ...]:
    aimed = sweeps.aim(targets, "yuwu")
    ids = [new_id() for _ in aimed]
    return sweeps.open_sweep("sweep-1", ORIGIN, aimed, ids, GROUNDS, due, "sun", time)


def part(count: int = 2) -> Sweep:
    return opened(*(Target("", "bathhouse", f"{n} 号间") for n in range(count)))[0]


def say(finding: Finding, day: date | None = None) -> Answer:
    if finding is Finding.PLANNED and day is None:
        day = DUE
    return Answer(finding, "看过", day)


def answer(
    sweep: Sweep, task: int, finding: Finding, *, day: date | None = None, time: datetime = NOW
) -> Sweep:
    task_id = sweep.tasks[task].task_id
    return sweeps.answer_task(sweep, task_id, say(finding, day), "wang", time)


def refusal(sweep: Sweep, task: int, finding: Finding, **how: date) -> str:
    with pytest.raises(Refused) as error:
        answer(sweep, task, finding, day=how.get("day"))
    return error.value.reason


def test_each_site_has_its_part() -> None:
    parts = opened(
        Target("", "bathhouse"),
        Target("gucheng", "bathhouse"),
        Target("yuwu", "logistics", " 一楼 "),
    )
    assert [(one.site_id, len(one.tasks)) for one in parts] == [("gucheng", 1), ("yuwu", 2)]
    assert [one.place for one in parts[1].tasks] == ["", "一楼"]
    assert {one.case_site_id for one in parts} == {"yuwu"}
    assert all(one.open and one.owed_count == len(one.tasks) for one in parts)
    assert sweeps.subject("sweep-1", "yuwu") == "sweep/sweep-1/yuwu"


@pytest.mark.parametrize(
    ("targets", "named"),
    [
        ([Target("", "gone")], "yuwu/gone"),
        ([Target("changcun", "bathhouse")], "changcun/bathhouse"),
        ([Target("gucheng", "logistics")], "gucheng/logistics"),
        (
            [Target("", "bathhouse", "一楼"), Target("yuwu", "bathhouse", "一楼 ")],
            "yuwu/bathhouse/一楼",
        ),
    ],
)
def test_targets_unknown_or_named_twice_are_refused(targets: list[Target], named: str) -> None:
    with pytest.raises(Refused) as error:
        opened(*targets)
    assert (error.value.reason, error.value.metadata["target"]) == ("SWEEP_TARGET_UNKNOWN", named)


def test_the_same_unit_at_two_places_is_two_tasks() -> None:
    (one,) = opened(Target("", "bathhouse", "一楼"), Target("", "bathhouse", "二楼"))
    assert len(one.tasks) == 2


def test_its_last_day_is_not_before_today_at_the_site() -> None:
    assert opened(Target("", "bathhouse"), due=TODAY)[0].due_date == TODAY
    # Still yesterday in Greenwich, and already today at the mine.
    early = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
    with pytest.raises(Refused) as error:
        opened(Target("", "bathhouse"), due=TODAY - timedelta(days=1), time=early)
    assert error.value.reason == "DEADLINE_IN_PAST"


def test_the_last_answer_closes_the_part() -> None:
    first = answer(part(), 0, Finding.NONE)
    assert (first.open, first.owed_count) == (True, 1)
    last = answer(first, 1, Finding.FOUND)
    assert (last.state, last.closed_by, last.close_reason, last.close_time) == (
        SweepState.CLOSED,
        "wang",
        "",
        NOW,
    )
    fixed = answer(last, 1, Finding.FIXED, time=NOW + timedelta(days=1))
    assert fixed.close_time == NOW


def test_planned_works_have_a_day_and_nothing_else_has() -> None:
    assert refusal(part(), 0, Finding.FOUND, day=DUE) == "INVALID_FIELD"
    whole, planless = part(), Answer(Finding.PLANNED, "排期")
    with pytest.raises(Refused) as error:
        sweeps.answer_task(whole, whole.tasks[0].task_id, planless, "wang", NOW)
    assert error.value.reason == "INVALID_FIELD"
    assert refusal(part(), 0, Finding.PLANNED, day=TODAY - timedelta(days=1)) == "DEADLINE_IN_PAST"
    planned = answer(part(), 0, Finding.PLANNED, day=TODAY)
    assert planned.tasks[0].answer == Answer(Finding.PLANNED, "看过", TODAY)


def test_a_day_is_over_when_it_is_at_the_site() -> None:
    sweep = part()
    midnight = datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert not sweep.overdue(midnight - timedelta(microseconds=1))
    assert sweep.overdue(midnight)
    assert not answer(sweep, 0, Finding.NONE, time=midnight - timedelta(seconds=1)).tasks[0].late
    late = answer(sweep, 0, Finding.FOUND, time=midnight)
    assert late.tasks[0].late
    assert late.overdue(midnight)
    assert not answer(late, 1, Finding.NONE, time=midnight).overdue(midnight)
    assert not sweeps.close(sweep, "sun", "已知", midnight).overdue(midnight)


def test_what_was_answered_in_time_is_not_late_for_being_fixed_later() -> None:
    later = NOW + timedelta(days=60)
    found = answer(part(), 0, Finding.FOUND)
    assert not answer(found, 0, Finding.FIXED, time=later).tasks[0].late
    late = answer(part(), 0, Finding.FOUND, time=later)
    assert answer(late, 0, Finding.FIXED, time=later).tasks[0].late


def test_a_closed_part_is_closed_once() -> None:
    closed = sweeps.close(part(), "sun", "转入专项整治", NOW)
    with pytest.raises(Refused) as error:
        sweeps.close(closed, "sun", "再关一次", NOW)
    assert error.value.reason == "SWEEP_CLOSED"


def test_the_case_of_a_task_is_always_the_same() -> None:
    task_id = new_id()
    assert sweeps.found_case_id(task_id) == sweeps.found_case_id(task_id)
    assert sweeps.found_case_id(task_id) != sweeps.found_case_id(new_id())


def test_parts_are_one_whole() -> None:
    here, there = part(3), replace(part(1), site_id="gucheng")
    there = answer(there, 0, Finding.FIXED, time=NOW + timedelta(hours=1))
    assert sweeps.progress([here, there], NOW) == sweeps.Progress(1, 4, False, False)
    here = sweeps.close(here, "sun", "已知", NOW)
    assert sweeps.progress([here, there], NOW) == sweeps.Progress(
        1, 4, True, False, NOW + timedelta(hours=1)
    )


# What a task may be answered with, by what it was answered with and whether its part is open.
ALLOWED: dict[tuple[Finding | None, bool], frozenset[Finding]] = {
    (None, True): frozenset(Finding),
    (None, False): frozenset(),
    (Finding.NONE, True): frozenset(),
    (Finding.NONE, False): frozenset(),
    (Finding.FIXED, True): frozenset(),
    (Finding.FIXED, False): frozenset(),
    (Finding.FOUND, True): frozenset(Finding),
    (Finding.FOUND, False): frozenset({Finding.FIXED}),
    (Finding.PLANNED, True): frozenset(Finding),
    (Finding.PLANNED, False): frozenset({Finding.FIXED}),
}


def finding_of(task: SweepTask) -> Finding | None:
    return task.answer.finding if task.answer else None


steps = st.lists(
    st.one_of(st.just("close"), st.tuples(st.integers(0, 2), st.sampled_from(Finding))), max_size=25
)


@given(steps)
def test_whatever_is_said_a_task_keeps_its_rules(said: list[str | tuple[int, Finding]]) -> None:
    sweep, time = part(3), NOW
    for step in said:
        time += timedelta(hours=1)
        before = sweep
        if isinstance(step, str):
            if before.open:
                sweep = sweeps.close(before, "sun", "已知", time)
            continue
        index, finding = step
        task = before.tasks[index]
        day = sweep.today(time) + timedelta(days=1) if finding is Finding.PLANNED else None
        said_now = say(finding, day)
        allowed = finding in ALLOWED[finding_of(task), before.open]
        if not allowed:
            with pytest.raises(Refused) as error:
                sweeps.answer_task(before, task.task_id, said_now, "wang", time)
            assert error.value.reason == ("SWEEP_TASK_ANSWERED" if task.final else "SWEEP_CLOSED")
            continue
        sweep = sweeps.answer_task(before, task.task_id, said_now, "wang", time)
        assert sweep.tasks[index].answer == said_now
        # The others are as they were, and nothing that was answered is owed again.
        assert [one for n, one in enumerate(sweep.tasks) if n != index] == [
            one for n, one in enumerate(before.tasks) if n != index
        ]
        assert sweep.owed_count <= before.owed_count
        if not before.open:
            assert (sweep.close_time, sweep.close_reason) == (
                before.close_time,
                before.close_reason,
            )
    if sweep.close_reason == "":
        assert sweep.open == (sweep.owed_count > 0)
