"""What waits for others, and what goes out together as one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.notify.domain import cases
from services.notify.domain.deliveries import Channel, Delivery
from services.notify.domain.digests import (
    MOST_LINES,
    TEMPLATE,
    Digesting,
    Held,
    alone,
    context_of,
    in_order,
    latest,
    together,
)
from services.notify.rendering import render
from services.notify.settings import Settings
from tests.unit.notify.examples import CASE, MIDNIGHT, URGENT, clock, delivery, escalation

HOURS = timedelta(hours=3)


@pytest.mark.parametrize(
    ("late", "held"),
    [
        (timedelta(minutes=5), True),
        (timedelta(days=2), True),
        (timedelta(minutes=5) - timedelta(microseconds=1), False),
        (timedelta(0), False),
    ],
)
def test_what_was_noticed_five_minutes_late_waits_for_others(late: timedelta, held: bool) -> None:
    expected = Held(timedelta(seconds=60), late) if held else None
    assert Digesting().held(CASE, late) == expected
    assert Digesting().held_clock(CASE, clock("PLAN"), late) == expected


def test_an_urgent_case_waits_for_nothing() -> None:
    assert Digesting().held(URGENT, HOURS) is None
    late = cases.miss_late(URGENT, HOURS, MIDNIGHT)
    assert Digesting().held_escalation(late, "BREACH", MIDNIGHT - HOURS) is None


def test_what_was_entered_late_is_no_outage() -> None:
    assert Digesting().held_clock(CASE, clock("PLAN", born_breached=True), HOURS) is None


@pytest.mark.parametrize(
    ("consequence", "cause", "after", "held"),
    [
        ("LADDER", "BREACH", timedelta(minutes=10) - timedelta(microseconds=1), True),
        ("LADDER", "DWELL", timedelta(0), True),
        ("LADDER", "BREACH", timedelta(minutes=10), False),
        # By hand; a deadline that leads to no level.
        ("LADDER", "MANUAL", timedelta(0), False),
        ("REMINDER", "BREACH", timedelta(0), False),
    ],
)
def test_what_a_late_deadline_leads_to_within_ten_minutes_is_late_too(
    consequence: str, cause: str, after: timedelta, held: bool
) -> None:
    digesting = Digesting()
    late = digesting.missed(CASE, consequence, digesting.held(CASE, HOURS), MIDNIGHT)
    expected = Held(timedelta(seconds=60), HOURS) if held else None
    assert digesting.held_escalation(late, cause, MIDNIGHT + after) == expected


def test_what_a_deadline_noticed_in_time_leads_to_is_not_late() -> None:
    digesting = Digesting()
    assert digesting.missed(CASE, "LADDER", None, MIDNIGHT) == CASE
    assert digesting.held_escalation(CASE, "BREACH", MIDNIGHT) is None


def test_the_settings_begin_with_five_minutes_and_one() -> None:
    settings = Settings.model_validate({})
    assert Digesting() == Digesting(
        late=timedelta(seconds=settings.digest_late_seconds),
        hold=timedelta(seconds=settings.digest_hold_seconds),
    )


def test_a_message_that_goes_alone_is_its_own_bundle() -> None:
    one = delivery(1, digest=False)
    bundle = alone(one)
    assert (bundle.message_id, bundle.digest_id, bundle.deliveries) == ("d0001", "", (one,))


def test_a_digest_has_an_id_of_its_own_whatever_is_in_it() -> None:
    bundle = together([delivery(2, urgent=True), delivery(1)], "g1")
    assert (bundle.message_id, bundle.digest_id) == ("g1", "g1")
    assert [one.delivery_id for one in bundle.deliveries] == ["d0001", "d0002"]
    assert bundle.urgent
    assert bundle.plan_time == MIDNIGHT + timedelta(seconds=1)


def test_urgent_bundles_go_first_then_the_oldest() -> None:
    urgent = together([delivery(7), delivery(8, urgent=True)], "g1")
    bundles = [alone(delivery(5)), together([delivery(6), delivery(3)], "g2"), urgent]
    assert [one.message_id for one in in_order(bundles)] == ["g1", "g2", "d0005"]


def test_the_lines_are_what_came_up_and_then_the_oldest_deadlines() -> None:
    context = context_of([delivery(3), delivery(1), escalation(2)])
    assert [item["number"][-1] for item in context["items"]] == ["2", "1", "3"]
    assert (context["count"], context["more"]) == (3, 0)


def test_of_each_clock_the_latest_news_is_told() -> None:
    warned = [delivery(n, template="clock_due_soon") for n in (1, 2)]
    same = [replace(one, subject_id="c", reference="clock-1") for one in (*warned, delivery(3))]
    told = together([same[2], delivery(4), same[0], same[1]], "g1").told
    assert [(one.reference, one.template) for one in told] == [
        ("clock-1", "clock_breached"), ("clock-4", "clock_breached"),
    ]  # fmt: skip
    # Planned in the same instant: by their ids.
    at_once = [replace(one, plan_time=MIDNIGHT) for one in same]
    assert [one.template for one in latest(reversed(at_once))] == ["clock_breached"]


def test_of_each_case_the_level_that_has_it_now_is_told_beside_its_clocks() -> None:
    climbed = [replace(escalation(n), subject_id="c0001") for n in (2, 3)]
    told = latest([delivery(1), *climbed])
    assert [(one.delivery_id, one.template) for one in told] == [
        ("d0001", "clock_breached"), ("d0003", "case_escalated"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("count", "lines", "more"), [(2, 2, 0), (MOST_LINES, MOST_LINES, 0), (140, MOST_LINES, 40)]
)
def test_a_digest_has_at_most_a_hundred_lines_and_says_what_is_left_out(
    count: int, lines: int, more: int
) -> None:
    context = context_of([delivery(number) for number in range(1, count + 1)])
    for language, left_out in (("zh", f"另有 {more} 项"), ("en", f"And {more} more")):
        text = render(
            TEMPLATE, context, language=language, time_zone="Asia/Shanghai",
            recipient="dd01", channel=Channel.PHONE,
        )  # fmt: skip
        assert str(count) in text.subject
        assert text.body.count("\n- ") == lines
        assert (left_out in text.body) is (more > 0)


def lines(told: list[Delivery], language: str) -> list[str]:
    """Returns the lines of a digest, without their dashes."""
    text = render(
        TEMPLATE, context_of(told), language=language, time_zone="Asia/Shanghai",
        recipient="dd01", channel=Channel.PHONE,
    )  # fmt: skip
    return [line[2:] for line in text.body.splitlines() if line.startswith("- ")]


def test_a_line_says_which_case_what_since_when_and_how_late_it_was_noticed() -> None:
    due = "2026年11月24日 24:00"
    expected = {
        "clock_breached": f"解决方案或处理进度说明期限 {due} 已过，尚未完成",
        "clock_due_soon": f"解决方案或处理进度说明期限 {due} 将到",
        "case_reminder": "仍在等您办理",
        "callback_due": f"至 {due} 未得到诉求人确认，请安排回访",
    }
    for template, line in expected.items():
        assert lines([replace(delivery(1), template=template)], "zh") == [
            f"诉求 YW-20261123-0001：{line}（晚 3 小时 20 分得知）"
        ]
    (english,) = lines([delivery(1)], "en")
    assert english.startswith("Case YW-20261123-0001: plan or progress explanation was due by")
    assert english.endswith(" and is still owed (noticed 3 h 20 min late)")


def test_a_line_of_an_escalation_asks_for_an_instruction_or_to_follow_it() -> None:
    told = [escalation(1), escalation(2, "case_escalated_on")]
    assert lines(told, "zh") == [
        "诉求 YW-20261123-0001：已上报到您这一级，请批示（晚 3 小时 20 分得知）",
        "诉求 YW-20261123-0002：已上报至第 2 级，请继续跟进至办结（晚 3 小时 20 分得知）",
    ]
    assert lines(told, "en") == [
        "Case YW-20261123-0001: has come up to you; please instruct (noticed 3 h 20 min late)",
        (
            "Case YW-20261123-0002: went up to level 2; please follow it to its end "
            "(noticed 3 h 20 min late)"
        ),
    ]


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (300, "5 分", "5 min"),
        (3_659, "1 小时", "1 h"),
        (183_900, "2 天 3 小时 5 分", "2 d 3 h 5 min"),
        (59, "0 分", "0 min"),
    ],
)
def test_a_lateness_is_told_in_days_hours_and_minutes(seconds: int, zh: str, en: str) -> None:
    one = delivery(1)
    late = replace(one, context={**one.context, "late_seconds": seconds})
    assert lines([late], "zh")[0].endswith(f"（晚 {zh}得知）")
    assert lines([late], "en")[0].endswith(f"(noticed {en} late)")
