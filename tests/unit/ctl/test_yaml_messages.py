"""What people write into a file becomes the message they meant, or is refused by file and place."""

from pathlib import Path
from typing import Any

import pytest
from google.type.date_pb2 import Date
from google.type.dayofweek_pb2 import FRIDAY, MONDAY
from google.type.timeofday_pb2 import TimeOfDay

from backstop.intake.v1 import intake_pb2
from backstop.routing.v1 import routing_organisation_pb2
from backstop.sla.v1 import sla_calendar_pb2, sla_pb2, sla_policy_pb2
from ctl.failures import Problem
from ctl.yaml_messages import fill, read_yaml

SAMPLES = Path(__file__).parents[3] / "deploy" / "samples"


def _read(tmp_path: Path, message: Any, text: str) -> Any:
    path = tmp_path / "one.yaml"
    path.write_text(text, encoding="utf-8")
    return fill(message, read_yaml(path), path)


def test_a_calendar(tmp_path: Path) -> None:
    text = """
        site_id: yuwu
        week:
          - {days: [MONDAY, 周五], start_time: 08:00, end_time: 24:00}
        closures: [{name: 停工, start_date: 2026-12-01}]
    """
    calendar = _read(tmp_path, sla_calendar_pb2.Calendar(), text)
    (window,) = calendar.week
    assert list(window.days) == [MONDAY, FRIDAY]
    assert window.start_time == TimeOfDay(hours=8)
    assert window.end_time == TimeOfDay(hours=24)
    assert calendar.closures[0].start_date == Date(year=2026, month=12, day=1)
    assert not calendar.closures[0].HasField("end_date")


def test_a_policy(tmp_path: Path) -> None:
    text = """
        site_id: yuwu
        detached: 是
        rules:
          - name: 紧急
            scope: {urgencies: [urgent], kinds: [合理化建议], categories: [DINING]}
            clocks:
              - {clock: first-reply, same_day: {floor: 1h30m}, warnings: [{share: 0.5}]}
              - {clock: PLAN, working_time: 16h, on_breach: LADDER, not_pausable: true}
    """
    policy = _read(tmp_path, sla_policy_pb2.Policy(), text)
    assert policy.detached
    (rule,) = policy.rules
    assert list(rule.scope.urgencies) == [intake_pb2.URGENCY_URGENT]
    assert list(rule.scope.kinds) == [intake_pb2.CASE_KIND_SUGGESTION]
    reply, plan = rule.clocks
    assert reply.clock == sla_pb2.CLOCK_KIND_FIRST_REPLY
    assert reply.same_day.floor.seconds == 5400
    assert reply.warnings[0].share == 0.5
    assert plan.working_time.seconds == 16 * 3600
    assert plan.on_breach == sla_pb2.CONSEQUENCE_LADDER
    assert plan.not_pausable


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("nonsense: 1", "nonsense"),
        ("rules: 3", "rules"),
        ("rules: [{name: a, clocks: [{clock: TEA}]}]", "rules[1].clocks[1].clock"),
        ("rules: [{name: a, clocks: [{clock: PLAN, off: perhaps}]}]", "rules[1].clocks[1].off"),
        ("rules: [{name: a, clocks: [{same_day: {floor: soon}}]}]", "same_day.floor"),
        ("rules: [3]", "rules[1]"),
        ("rules: [{name: a, clocks: [{working_days: 2, calendar_days: 3}]}]", ".calendar_days"),
        ("rules: [{name: a, clocks: [{working_days: few}]}]", "clocks[1].working_days"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(Problem) as caught:
        _read(tmp_path, sla_policy_pb2.Policy(), text)
    assert "one.yaml" in caught.value.field
    assert place in caught.value.field


@pytest.mark.parametrize("day", ["2026-02-30", "tomorrow", "26-1-1"])
def test_a_day_that_is_none(tmp_path: Path, day: str) -> None:
    with pytest.raises(Problem, match=r"."):
        _read(tmp_path, sla_calendar_pb2.CalendarYear(), f'makeup_dates: ["{day}"]')


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(Problem):
        read_yaml(tmp_path / "none.yaml")
    for content in (b"[1, 2]", b"a: [", b"\xff\xfe\x00"):
        path = tmp_path / "bad.yaml"
        path.write_bytes(content)
        with pytest.raises(Problem):
            read_yaml(path)


@pytest.mark.parametrize("path", sorted((SAMPLES / "notices").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_sample_notices(path: Path) -> None:
    year = fill(sla_calendar_pb2.CalendarYear(), read_yaml(path), path)
    assert str(year.year) == path.stem
    assert year.holidays
    assert year.makeup_dates


def test_the_samples_template_can_be_read() -> None:
    path = SAMPLES / "group.yaml"
    template = fill(routing_organisation_pb2.GroupTemplate(), read_yaml(path), path)
    positions = {position.position_id: position for position in template.positions}
    assert {level.position_id for level in template.ladder} <= positions.keys()
    assert all(positions[one].outside for one in template.rules.alternate_chain)
    yuwu = read_yaml(SAMPLES / "yuwu" / "directory.yaml")
    counted = {category["group_category_id"] for category in yuwu["categories"]}
    assert counted <= {category.category_id for category in template.categories}
