"""What comes, goes and stands open, and with which result, as the measures count it."""

from datetime import timedelta

import pytest

from tests.integration.intake import measured_month
from tests.integration.intake.measured_month import EXPECTED, Expected
from tests.integration.intake.past import DAY, END, HOUR, OCTOBER, Ledger, figures, share
from tests.integration.intake.window import Window


async def test_what_comes_and_goes_is_counted_by_the_days_of_the_mine(
    window: Window, ledger: Ledger
) -> None:
    await ledger.case(OCTOBER, late_entry=True)
    await ledger.case(OCTOBER - timedelta(seconds=1))
    await ledger.case(END - timedelta(seconds=1), level=7, accountable="position:DISPATCH_ROOM")
    await ledger.case(END)
    closed = {"state": "CLOSED", "resolve_time": OCTOBER + 30 * HOUR, "confirmed": True}
    await ledger.case(OCTOBER + 20 * HOUR, close_time=OCTOBER + 50 * HOUR, **closed)
    # Closed after the month's end: still open at it, and resolved in it.
    await ledger.case(OCTOBER + 10 * DAY, close_time=END, **closed | {"resolve_time": END - HOUR})
    found = (await figures(window))[""]
    assert found["REGISTERED"].value == 4
    assert share(found["LATE_ENTRIES"]) == (1, 4)
    assert found["RESOLVED_COUNT"].value == 2
    assert found["CLOSED_COUNT"].value == found["SOLVED_COUNT"].value == 1
    assert found["OPEN"].value == 4
    bands = [found[f"AGEING_{band}"].value for band in ("0_3", "4_7", "8_15", "16_30", "OVER_30")]
    # 31 October is the day itself, 21, 30 and 31 days after the appeals.
    assert bands == [1, 0, 0, 2, 1]
    assert found["LEVEL_5"].value == found["FALLBACK"].value == 1
    assert found["MEDIAN_CLOSE"].value == 30
    assert found["MEDIAN_RESOLUTION"].value == (10 + (21 * 24 - 1)) / 2


async def test_rates_of_the_results(window: Window, ledger: Ledger) -> None:
    done = {"resolve_time": OCTOBER + DAY, "close_time": OCTOBER + 2 * DAY, "state": "CLOSED"}
    solved = done | {"confirmed": True}
    await ledger.case(OCTOBER, grade="SATISFIED", **solved)
    await ledger.case(OCTOBER, grade="MOSTLY_SATISFIED", **solved)
    # Resolved and confirmed, to be struck off yet.
    await ledger.case(
        OCTOBER,
        state="RESOLVED",
        proposed_outcome="SOLVED",
        grade="DISSATISFIED",
        confirmed=True,
        resolve_time=OCTOBER + DAY,
    )
    # What is only reported counts for nothing.
    await ledger.case(OCTOBER, grade="SATISFIED", outcome="UNCONFIRMED", **done)
    await ledger.case(OCTOBER, outcome="EXPLAINED_NOT_ACCEPTED", **done)
    await ledger.case(OCTOBER, kind="SUGGESTION", outcome="EXPLAINED", **solved)
    for outcome in ("DUPLICATE", "WITHDRAWN"):
        await ledger.case(OCTOBER, outcome=outcome, **done)
    found = (await figures(window))[""]
    assert share(found["RESOLUTION_RATE"]) == (3, 5)
    assert found["RESOLUTION_RATE"].value == 60
    assert share(found["ANSWERED_SHARE"]) == (4, 6)
    assert share(found["SATISFIED_SHARE"]) == share(found["MOSTLY_SATISFIED_SHARE"]) == (1, 4)
    assert share(found["DISSATISFIED_SHARE"]) == (2, 4)


async def test_repeats_recurrences_and_suggestions(window: Window, ledger: Ledger) -> None:
    first = await ledger.case(OCTOBER - 60 * DAY)
    second = await ledger.case(OCTOBER + DAY, suggestion="ACCEPTED")
    third = await ledger.case(OCTOBER + 2 * DAY, suggestion="OVERRULED")
    # A hundred days apart, each within reach of the month.
    old = await ledger.case(OCTOBER - 80 * DAY)
    late = await ledger.case(OCTOBER + 20 * DAY)
    for case_id, person in (
        (first, b"w-7"),
        (second, b"w-7"),
        (third, b"w-7"),
        (old, b"w-8"),
        (late, b"w-8"),
    ):
        await ledger.put(
            "reporters",
            case_id=case_id,
            site_id="yuwu",
            key_id="k",
            nonce=b"0",
            ciphertext=b"0",
            person_hash=person,
        )
    await ledger.put(
        "links", case_id=second, linked_case_id=first, relation="RECURRENCE_OF", site_id="yuwu"
    )
    for accepted, other in ((True, first), (False, old)):
        await ledger.put(
            "duplicate_suggestions",
            case_id=third,
            suggested_case_id=other,
            site_id="yuwu",
            accepted=accepted,
        )
    found = (await figures(window))[""]
    assert found["REPEAT_REPORTERS"].value == 1
    assert share(found["RECURRENCE"]) == (1, 3)
    assert share(found["SUGGESTIONS_ACCEPTED"]) == (1, 2)
    assert share(found["SUGGESTIONS_OVERRULED"]) == (1, 2)
    assert share(found["DUPLICATES_ACCEPTED"]) == (1, 2)


async def test_every_measure_has_the_value_of_its_definition(
    window: Window, ledger: Ledger
) -> None:
    await measured_month.make(ledger)
    found = (await figures(window))[""]
    told = {
        name: Expected(figure.value, figure.numerator, figure.denominator)
        if EXPECTED[name].denominator
        else Expected(figure.value)
        for name, figure in found.items()
    }
    assert told == {name: pytest.approx(one) for name, one in EXPECTED.items()}
