"""The play as text: readable, complete, about the sample site, and without anyone real."""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from backstop.sla.v1 import sla_pb2
from ctl import site_folder, times
from deploy.demo import story
from deploy.demo.actions import ACTIONS
from deploy.demo.month import Month
from deploy.demo.play import scenes
from deploy.demo.stage import is_grace, next_firing
from deploy.demo.story import Moment, Step, Story, StoryError
from deploy.demo.verdict import GRACE

SAMPLE = Path(__file__).resolve().parents[3] / "deploy" / "samples" / "yuwu"
STORIES = story.read_all()
MONTH = Month(date(2026, 11, 23), ZoneInfo("Asia/Shanghai"))


def _texts(value: Any) -> Iterator[dict[str, str]]:
    if isinstance(value, dict):
        if value.keys() == {"zh", "en"}:
            yield value
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def test_all_of_the_articles_cases_are_told() -> None:
    assert {one.key for one in STORIES} == {
        "bowls", "showers", "central-area", "piles", "sockets", "cake-card", "bus", "doors",
        "therapy",
    }  # fmt: skip


@pytest.mark.parametrize("one", STORIES, ids=lambda one: one.key)
def test_a_story_ends_and_says_how(one: Story) -> None:
    assert one.steps[-1].do == "close"
    wanted = {
        "state", "outcome", "steward", "level", "cycle", "reopened", "breached", "basis", "grade",
    }  # fmt: skip
    assert wanted <= one.expect.keys()


@pytest.mark.parametrize("one", STORIES, ids=lambda one: one.key)
def test_everything_is_said_in_both_languages(one: Story) -> None:
    for step in one.steps:
        for name in ("text", "findings", "result", "words", "note"):
            assert name not in step.data or step.data[name].keys() == {"zh", "en"}, step
        assert all(text["zh"] and text["en"] for text in _texts(dict(step.data)))


@pytest.mark.parametrize("one", STORIES, ids=lambda one: one.key)
def test_actors_units_and_days_exist(one: Story) -> None:
    tokens = yaml.safe_load((SAMPLE / "tokens.yaml").read_text())["tokens"]
    names = {token["name"] for token in tokens} | {"receipt"}
    directory = site_folder.read(SAMPLE).directory.directory
    units = {unit.unit_id for unit in directory.units}
    people = {person.person_id for person in directory.people}
    for step in one.steps:
        assert step.by in names, step
        assert step.data.get("unit", next(iter(units))) in units, step
        assert all(task["unit"] in units for task in step.data.get("tasks", ())), step
        MONTH.instant(step.moment)
    assert one.expect["steward"] in people


def test_reporters_are_marked_as_invented() -> None:
    # What a sweep has found was told by the unit that looked.
    told = [one for one in STORIES if one.steps[0].do == "register"]
    assert len(told) == len(STORIES) - 1
    for one in told:
        reporter = one.steps[0].data["reporter"]
        assert reporter.get("anonymous") == "true" or reporter["name"].startswith("样例·")
        assert reporter.get("phone", "1300000").startswith("1300000")


def test_every_action_can_be_done_and_every_step_is_one() -> None:
    assert ACTIONS.keys() == story.ACTIONS
    assert {step.do for one in STORIES for step in one.steps} <= ACTIONS.keys()


def test_the_play_shows_what_it_is_for() -> None:
    done = [step for one in STORIES for step in one.steps]
    assert any(step.do == "reject" for step in done)
    assert any(step.data.get("channel") == "SLIP" for step in done)
    assert any(step.refused for step in done)
    breached = {kind for one in STORIES for kind in one.expect["breached"]}
    assert {"PLAN", "WORK_ORDER", GRACE} <= breached


def _holds(position_id: str, at: time) -> str:
    """Who holds a position at that hour of any day of the play."""
    folder = site_folder.read(SAMPLE)
    for shift in folder.directory.roster.shifts:
        start, end = (time(t.hours % 24, t.minutes) for t in (shift.start_time, shift.end_time))
        inside = start <= at < end if start < end else at >= start or at < end
        if shift.position_id == position_id and inside:
            return shift.person_id
    positions = folder.directory.directory.positions
    return next(one.holder for one in positions if one.position_id == position_id)


def _token(step: Step) -> dict[str, Any]:
    tokens = yaml.safe_load((SAMPLE / "tokens.yaml").read_text())["tokens"]
    found: dict[str, Any] = next(one for one in tokens if one["name"] == step.by)
    return found


@pytest.mark.parametrize("one", STORIES, ids=lambda one: one.key)
def test_whoever_instructs_holds_the_level_then_or_one_above(one: Story) -> None:
    ladder = [level.position_id for level in site_folder.read(SAMPLE).directory.directory.ladder]
    for step in one.steps:
        if step.do == "instruct":
            above = ladder[int(one.expect["level"]) - 1 :]
            assert _token(step)["subject"] in {_holds(p, step.moment.at) for p in above}, step


@pytest.mark.parametrize("one", STORIES, ids=lambda one: one.key)
def test_the_steward_escalates_once_and_then_the_dispatch_room(one: Story) -> None:
    asked = [step for step in one.steps if step.do == "escalate"]
    for level, step in enumerate(asked):
        roles = set(_token(step)["roles"])
        accountable = level == 0 and _token(step)["subject"] == one.expect["steward"]
        assert accountable or roles & {"DISPATCHER", "DIRECTOR"}, step


def test_the_clock_stops_at_a_warning_first_and_then_at_the_deadline() -> None:
    warns = datetime(2026, 11, 27, 16, tzinfo=UTC)
    clock = sla_pb2.Clock(
        warn_time=times.stamp(warns), due_time=times.stamp(warns + timedelta(days=3))
    )
    assert next_firing(clock) == warns
    clock.warned_time.CopyFrom(clock.warn_time)
    assert next_firing(clock) == warns + timedelta(days=3)


def test_a_unit_has_a_day_of_grace_and_a_level_has_none() -> None:
    escalation = sla_pb2.CLOCK_KIND_ESCALATION
    assert is_grace(sla_pb2.Clock(kind=escalation, reference=str(uuid.uuid4())))
    assert not is_grace(sla_pb2.Clock(kind=escalation, reference="level:1"))
    work_order = sla_pb2.CLOCK_KIND_WORK_ORDER
    assert not is_grace(sla_pb2.Clock(kind=work_order, reference=str(uuid.uuid4())))


def test_scenes_are_in_order_and_few() -> None:
    found = scenes(STORIES)
    assert found == sorted(found)
    assert len(found) < 25


def test_days_skip_weekends() -> None:
    assert MONTH.day(0) == date(2026, 11, 23)
    assert MONTH.day(5) == date(2026, 11, 30)
    assert MONTH.end_of(4).isoformat() == "2026-11-28T00:00:00+08:00"
    assert MONTH.instant(Moment(1, time(9, 30))).isoformat() == "2026-11-24T09:30:00+08:00"
    with pytest.raises(ValueError, match="20"):
        MONTH.day(20)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("do: close", "do: vanish", "vanish"),
        ("at: 4 09:30, by: dispatcher", "at: 2 09:30, by: dispatcher", "order"),
        ("do: register", "do: verify", "register"),
        ("at: 1 10:00\n", "at: 1 25:00\n", "hour"),
    ],
)
def test_a_story_that_is_wrong_is_refused(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    text = (story.CASES / "1-bowls.yaml").read_text()
    assert old in text
    path = tmp_path / "1-bowls.yaml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(StoryError, match=complaint):
        story.read(path)
