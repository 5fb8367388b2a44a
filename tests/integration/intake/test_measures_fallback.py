"""Cases with a fallback owner, and for how many working days of the site's calendar."""

from datetime import date, datetime, timedelta
from typing import Any

from backstop.intake.v1 import intake_measures_pb2 as rpc
from tests.integration.intake.conftest import Peers
from tests.integration.intake.past import DAY, END, HOUR, Ledger, day, figures
from tests.integration.intake.window import Window

NOBODY = {"steward": "", "accountable": "position:DISPATCH_ROOM"}
# The month ends on a Saturday: Thursday the 29th and Friday the 30th are its last working days.
THURSDAY = END - 3 * DAY


async def fallen_back(ledger: Ledger, since: datetime, **fields: object) -> str:
    """A case of which sla has reminded daily from an instant on."""
    case_id = await ledger.case(since - 5 * DAY, **NOBODY | fields)
    await ledger.clock(case_id, "REMINDER", since + 40 * DAY, "RUNNING", start_time=since)
    return case_id


async def test_more_than_one_working_day_after_the_day_that_it_came(
    window: Window, ledger: Ledger, peers: Peers
) -> None:
    # Friday is its first working day, and no second one has come by Saturday's end.
    await fallen_back(ledger, THURSDAY)
    await fallen_back(ledger, THURSDAY + 23 * HOUR)
    found = (await figures(window))[""]
    assert (found["FALLBACK"].value, found["FALLBACK_OVERLONG"].value) == (2, 0)
    # Thursday and Friday are two.
    await fallen_back(ledger, THURSDAY - timedelta(seconds=1))
    assert (await figures(window))[""]["FALLBACK_OVERLONG"].value == 1
    # By Thursday's end there has been but one.
    before = await figures(window, end_date=day(date(2026, 10, 29)))
    assert before[""]["FALLBACK_OVERLONG"].value == 0
    # Nor are there two where Friday is a day of rest.
    peers.rest_days.add(date(2026, 10, 30))
    assert (await figures(window))[""]["FALLBACK_OVERLONG"].value == 0


async def test_only_who_is_there_still_and_reminded(window: Window, ledger: Ledger) -> None:
    long_ago = END - 20 * DAY
    await fallen_back(ledger, long_ago, accountable="s-1")
    assert (await figures(window))[""]["FALLBACK_OVERLONG"].value == 0
    unheard = await ledger.case(long_ago, **NOBODY)
    await ledger.clock(unheard, "REMINDER", END, "CANCELLED", start_time=long_ago)
    await ledger.clock(unheard, "PLAN", END, "RUNNING", start_time=long_ago)
    found = (await figures(window))[""]
    assert (found["FALLBACK"].value, found["FALLBACK_OVERLONG"].value) == (1, 0)


async def test_nothing_is_said_without_the_calendar(
    window: Window, ledger: Ledger, peers: Peers
) -> None:
    await fallen_back(ledger, THURSDAY - 5 * DAY)
    peers.has_calendar = False
    for by in (rpc.MEASURE_GROUP_NONE, rpc.MEASURE_GROUP_CATEGORY):
        (found,) = (await figures(window, group_by=by)).values()
        assert not found["FALLBACK_OVERLONG"].HasField("value")
        assert found["FALLBACK"].value == 1


async def test_each_site_by_its_own_calendar_and_the_periods_by_their_own_ends(
    window: Window, ledger: Ledger
) -> None:
    for days in (1, 3):
        await fallen_back(ledger, THURSDAY - days * DAY)
    await fallen_back(ledger, THURSDAY - DAY, site_id="other", number="OT-1")
    reply = await window.ask(
        rpc.GetMeasuresRequest(
            start_date=day(date(2026, 10, 1)),
            end_date=day(date(2026, 10, 31)),
            compared_start_date=day(date(2026, 10, 1)),
            compared_end_date=day(date(2026, 10, 29)),
            group_by=rpc.MEASURE_GROUP_SITE,
        ),
        "LEADER",
        sites=("yuwu", "other"),
    )

    def told(sets: Any) -> dict[str, float | None]:
        return {
            one.value: figure.value if figure.HasField("value") else None
            for one in sets
            for figure in one.measures
            if figure.measure == "FALLBACK_OVERLONG"
        }

    assert told(reply.sets) == {"other": 1, "yuwu": 2}
    assert told(reply.compared_sets) == {"other": 0, "yuwu": 1}
