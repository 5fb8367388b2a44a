"""Who is given which measures, of which sites and periods, and what is kept back."""

from datetime import date
from typing import Any

import pytest
from google.type import date_pb2

from backstop.intake.v1 import intake_measures_pb2 as rpc
from services.intake.domain.measures import DEFINITIONS
from services.intake.rpc import measures
from tests.integration.intake import measured_month
from tests.integration.intake.measured_month import EXPECTED
from tests.integration.intake.past import END, OCTOBER, Ledger, day, figures, october
from tests.integration.intake.window import Window, directory


async def test_reporters_are_not_told_by_small_cells(window: Window, ledger: Ledger) -> None:
    for category, channel, confidentiality in (
        ("PAY", "DESK", "ANONYMOUS"),
        *[("BATHING", "DESK", "NAMED")] * 3,
        *[("FOOD", "PHONE", "CONFIDENTIAL")] * 5,
    ):
        await ledger.case(
            OCTOBER, category=category, channel=channel, confidentiality=confidentiality
        )
    found = await figures(window, group_by=rpc.MEASURE_GROUP_CATEGORY)
    assert found["PAY"]["REGISTERED"].suppressed
    assert not found["PAY"]["REGISTERED"].HasField("value")
    assert found["BATHING"]["REGISTERED"].suppressed
    assert found["FOOD"]["REGISTERED"].value == 5
    for group in (rpc.MEASURE_GROUP_STEWARD, rpc.MEASURE_GROUP_UNIT, rpc.MEASURE_GROUP_NONE):
        (one,) = (await figures(window, group_by=group)).values()
        assert one["REGISTERED"].value == 9


async def test_cases_about_the_caller_and_other_mines_are_not_in_it(
    window: Window, ledger: Ledger
) -> None:
    await ledger.case(OCTOBER, about_persons=["director"])
    await ledger.case(OCTOBER)
    await ledger.case(OCTOBER, site_id="other", number="OT-1")
    assert (await figures(window))[""]["REGISTERED"].value == 1
    both = await window.ask(
        october(site_ids=[], group_by=rpc.MEASURE_GROUP_UNIT),
        "LEADER",
        subject="l-1",
        sites=("yuwu", "other"),
    )
    assert [(one.value, one.name) for one in both.sets] == [
        ("other/bath", "样例矿 · 浴室队"),
        ("yuwu/bath", "样例矿 · 浴室队"),
    ]


async def test_groups_that_do_not_fit_into_one_answer_are_refused(
    window: Window, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measures, "MOST_GROUPS", 1)
    await ledger.case(OCTOBER, category="PAY")
    request = october(group_by=rpc.MEASURE_GROUP_CATEGORY)
    assert len((await window.ask(request, "DIRECTOR")).sets) == 1
    await ledger.case(OCTOBER, category="FOOD")
    answer = await window.refused(request, "DIRECTOR")
    assert answer.reason == "TOO_MANY_GROUPS"
    assert answer.metadata == {"groups": "2", "limit": "1"}


async def test_periods_are_compared_and_measures_explained(window: Window, ledger: Ledger) -> None:
    await ledger.case(OCTOBER)
    request = october(
        group_by=rpc.MEASURE_GROUP_CHANNEL,
        compared_start_date=day(date(2026, 9, 1)),
        compared_end_date=day(date(2026, 9, 30)),
    )
    reply = await window.ask(request, "DISPATCHER", language="en")
    assert [one.name for one in reply.sets] == ["desk"]
    assert list(reply.compared_sets) == []
    assert [one.measure for one in reply.definitions] == [one.measure for one in DEFINITIONS]
    assert reply.definitions[0].title == "Response rate"
    assert (await window.ask(request, "DISPATCHER")).definitions[0].title == "回复率"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"site_ids": ["nowhere"]}, "SITE_UNKNOWN"),
        ({"site_ids": ["other"]}, "SITE_UNKNOWN"),
        ({"end_date": day(date(2026, 9, 1))}, "PERIOD_INVALID"),
        ({"start_date": day(date(2000, 1, 1))}, "PERIOD_INVALID"),
        (
            {"start_date": day(date(2999, 1, 1)), "end_date": day(date(2999, 1, 2))},
            "PERIOD_INVALID",
        ),
        ({"compared_start_date": day(date(2026, 9, 1))}, "PERIOD_INVALID"),
        ({"start_date": date_pb2.Date(year=2026, month=13, day=1)}, "INVALID_FIELD"),
        ({"group_by": 99}, "INVALID_FIELD"),
    ],
)
async def test_bad_periods_and_sites(window: Window, fields: dict[str, Any], reason: str) -> None:
    assert (await window.refused(october(**fields), "DIRECTOR")).reason == reason


async def test_who_may_not_ask(window: Window) -> None:
    assert (await window.refused(october(), "CLERK")).reason == "PERMISSION_DENIED"
    assert (await window.refused(october(), "HANDLER")).reason == "PERMISSION_DENIED"


async def test_each_site_has_its_own_days(window: Window, ledger: Ledger) -> None:
    abroad = directory("other", "OT")
    abroad.directory.time_zone = "UTC"
    await window.tell("routing", "directory/other", "other", abroad)
    # 00:00 of the 1st at one mine, 16:00 of the 30th of September at the other; and so at its end.
    for number, came in enumerate((OCTOBER, END)):
        await ledger.case(came)
        await ledger.case(came, site_id="other", number=f"OT-{number}", level=3)

    async def asked(first: date, last: date) -> dict[str, float]:
        reply = await window.ask(
            october(
                site_ids=[],
                start_date=day(first),
                end_date=day(last),
                group_by=rpc.MEASURE_GROUP_SITE,
            ),
            "LEADER",
            sites=("yuwu", "other"),
        )
        return {
            one.value: figure.value
            for one in reply.sets
            for figure in one.measures
            if figure.measure == "REGISTERED"
        }

    assert await asked(date(2026, 10, 1), date(2026, 10, 1)) == {"other": 0, "yuwu": 1}
    assert await asked(date(2026, 9, 30), date(2026, 9, 30)) == {"other": 1}
    assert await asked(date(2026, 10, 31), date(2026, 10, 31)) == {"other": 1, "yuwu": 0}
    assert await asked(date(2026, 10, 1), date(2026, 10, 31)) == {"other": 1, "yuwu": 1}


async def test_days_add_up_to_their_month(window: Window, ledger: Ledger) -> None:
    await measured_month.make(ledger)
    flows = (
        *("REGISTERED", "RESOLVED_COUNT", "CLOSED_COUNT", "SOLVED_COUNT", "REOPENED"),
        *("PROMISE_MOVES", "EXCUSED_PLAN"),
    )
    sums = dict.fromkeys(flows, 0.0)
    for number in range(31):
        one = day(date(2026, 10, 1 + number))
        found = (await figures(window, start_date=one, end_date=one))[""]
        for name in flows:
            sums[name] += found[name].value
    assert sums == {name: EXPECTED[name].value for name in flows}
