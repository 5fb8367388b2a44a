"""Who is told of how a case ends and begins again, and of what hangs on it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from services.notify.domain import life_plans
from services.notify.domain.deliveries import REPORTER, Channel, Plan
from services.notify.rendering import LANGUAGES, render
from tests.unit.notify.examples import CASE

MASTER = "YW-20261123-0002"


def told(planned: Sequence[Plan]) -> list[tuple[str, str]]:
    return [(plan.recipient, plan.template) for plan in planned]


def text(plan: Plan, language: str = "zh") -> str:
    return render(
        plan.template,
        plan.context,
        language=language,
        time_zone="Asia/Shanghai",
        recipient=plan.recipient,
        channel=Channel.PHONE,
    ).body


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_duplicates_reporter_hears_the_masters_number_and_nobody_else_does(
    language: str,
) -> None:
    to_reporter, to_steward = life_plans.closed(CASE, outcome="DUPLICATE", master=MASTER)
    assert MASTER in text(to_reporter, language)
    assert MASTER not in str(to_steward.context)
    # Of a master whose number isn't given nothing is said.
    (bare, _) = life_plans.closed(CASE, outcome="DUPLICATE")
    assert "None" not in text(bare, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_did_not_accept_hears_how_to_turn_to_the_group(language: str) -> None:
    plan, _ = life_plans.closed(CASE, outcome="EXPLAINED_NOT_ACCEPTED", appeal="集团信访办 0000")
    assert "集团信访办 0000" in text(plan, language)
    other, _ = life_plans.closed(CASE, outcome="SOLVED", appeal="集团信访办 0000")
    assert "集团信访办" not in text(other, language)


def test_a_message_planned_by_an_older_release_is_still_told() -> None:
    plan, _ = life_plans.closed(CASE, outcome="DUPLICATE", master=MASTER)
    old = {k: v for k, v in plan.context.items() if k not in ("master", "appeal")}
    for outcome in ("DUPLICATE", "EXPLAINED_NOT_ACCEPTED"):
        assert text(replace(plan, context={**old, "outcome": outcome}))


def test_reopening_tells_the_reporter_and_whoever_must_move() -> None:
    planned = life_plans.reopened(CASE, outcome="SOLVED", reopen_count=1)
    assert told(planned) == [
        (REPORTER, "case_reopened"),
        ("dd01", "case_reopened_staff"),
        ("position:DUTY_LEAD", "case_reopened_staff"),
    ]
    assert "已解决" in text(planned[1])


def test_a_referral_tells_where_and_what_came_of_it() -> None:
    (sent,) = life_plans.referred(CASE, body="区住建局", their_reference="JS-17")
    assert sent.recipient == REPORTER
    assert "JS-17" in text(sent)
    (back,) = life_plans.referral_resulted(CASE, body="区住建局", result="已更换水泵")
    assert "已更换水泵" in text(back, "en")


def test_the_staffs_words_go_to_the_reporter_and_the_reporters_to_nobody() -> None:
    (plan,) = life_plans.commented(CASE, by_reporter=False, text="明日上门")
    assert plan.recipient == REPORTER
    assert "明日上门" in text(plan)
    climbed = replace(CASE, accountable="lead1")
    planned = life_plans.commented(climbed, by_reporter=True, text="家里没人")
    assert [one.recipient for one in planned] == ["dd01", "lead1"]
    assert all("家里没人" not in str(one.context) for one in planned)


def test_a_meeting_is_only_told_with_its_next_date() -> None:
    assert life_plans.met(CASE, chaired_by="dd00", next_date="") == ()
    planned = life_plans.met(
        replace(CASE, leader="leader1"), chaired_by="dd00", next_date="2026-12-03"
    )
    assert [one.recipient for one in planned] == ["dd01", "dd00", "leader1"]
    assert "2026年12月3日" in text(planned[0])


@pytest.mark.parametrize(
    ("state", "asked"), [("RESOLVED", True), ("CLOSED", False), ("IN_PROGRESS", False)]
)
def test_a_followers_reporter_is_asked_of_a_result_alone(state: str, asked: bool) -> None:
    (plan,) = life_plans.master_moved(
        CASE, master=MASTER, state=state, resolution="已更换", outcome="SOLVED"
    )
    assert plan.recipient == REPORTER
    assert ("是否满意" in text(plan)) is asked
    assert ("已更换" in text(plan)) is asked


def test_nobody_shielded_hears_of_a_review_or_a_reopening() -> None:
    about = replace(CASE, shielded=frozenset({"dd01"}))
    for planned in (
        life_plans.reviewed(about, decision="UPHELD", findings="x", reviewed_by="dd00"),
        life_plans.reopened(about, outcome="SOLVED", reopen_count=1),
        life_plans.commented(about, by_reporter=True, text=""),
        life_plans.met(about, chaired_by="dd01", next_date="2026-12-03"),
        life_plans.closed(about, outcome="SOLVED"),
    ):
        assert "dd01" not in [plan.recipient for plan in planned]


def test_who_takes_a_shift_over_is_told() -> None:
    (plan,) = life_plans.handed_over(
        sequence=7, outgoing="dd00", incoming="dd02", open_count=12, at_risk_count=2
    )
    assert plan.recipient == "dd02"
    assert "在办 12 件" in text(plan)
    assert (
        life_plans.handed_over(
            sequence=7, outgoing="dd00", incoming="", open_count=1, at_risk_count=0
        )
        == ()
    )
