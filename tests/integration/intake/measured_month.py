"""An invented October (样例) in which every measure has a value that could be another."""

from datetime import date, timedelta
from typing import NamedTuple

from tests.integration.intake.past import DAY, END, HOUR, OCTOBER, Ledger


class Expected(NamedTuple):
    """A share's counts with its percentage, else the value alone."""

    value: float
    numerator: int | None = None
    denominator: int | None = None


def share(numerator: int, denominator: int) -> Expected:
    return Expected(100 * numerator / denominator, numerator, denominator)


EXPECTED = {
    "RESPONSE_RATE": share(3, 5),
    "RESOLUTION_RATE": share(3, 5),
    "ANSWERED_SHARE": share(5, 6),
    "SATISFIED_SHARE": share(2, 5),
    "MOSTLY_SATISFIED_SHARE": share(1, 5),
    "DISSATISFIED_SHARE": share(2, 5),
    "KEPT_PROMISE_RATE": share(4, 6),
    "MEDIAN_PROMISE_DAYS": Expected(10),
    "PROMISE_MOVES": Expected(2),
    "ON_TIME_FIRST_REPLY": share(3, 4),
    "ON_TIME_PLAN": share(2, 3),
    "ON_TIME_PROGRESS": share(1, 3),
    "ON_TIME_RESOLUTION": share(4, 5),
    "ON_TIME_WORK_ORDER": share(1, 2),
    "ON_TIME_CONFIRMATION": share(3, 5),
    "EXCUSED_FIRST_REPLY": Expected(1),
    "EXCUSED_PLAN": Expected(2),
    "EXCUSED_PROGRESS": Expected(1),
    "EXCUSED_RESOLUTION": Expected(1),
    "EXCUSED_WORK_ORDER": Expected(3),
    "EXCUSED_CONFIRMATION": Expected(2),
    "MEDIAN_FIRST_REPLY": Expected(4),
    "MEDIAN_PLAN": Expected(15),
    "MEDIAN_RESOLUTION": Expected(35),
    "MEDIAN_CLOSE": Expected(80),
    "P90_FIRST_REPLY": Expected(10.4),
    "P90_PLAN": Expected(23),
    "P90_RESOLUTION": Expected(55),
    "P90_CLOSE": Expected(114),
    "REGISTERED": Expected(17),
    "RESOLVED_COUNT": Expected(6),
    "CLOSED_COUNT": Expected(7),
    "SOLVED_COUNT": Expected(3),
    "REOPENED": Expected(2),
    "OPEN": Expected(12),
    # Two by the deadline that runs, one by what was missed.
    "OVERDUE": Expected(3),
    "AGEING_0_3": Expected(2),
    "AGEING_4_7": Expected(3),
    "AGEING_8_15": Expected(1),
    "AGEING_16_30": Expected(4),
    "AGEING_OVER_30": Expected(2),
    "LEVEL_0": Expected(1),
    "LEVEL_1": Expected(2),
    "LEVEL_2": Expected(3),
    "LEVEL_3": Expected(1),
    "LEVEL_4": Expected(2),
    "LEVEL_5": Expected(3),
    "FALLBACK": Expected(2),
    "FALLBACK_OVERLONG": Expected(1),
    "REPEAT_REPORTERS": Expected(2),
    "RECURRENCE": share(2, 17),
    "LATE_ENTRIES": share(3, 17),
    "SUGGESTIONS_ACCEPTED": share(3, 4),
    "SUGGESTIONS_OVERRULED": share(1, 4),
    "DUPLICATES_ACCEPTED": share(1, 3),
}


async def make(ledger: Ledger) -> None:
    """Writes the month."""
    done = await _done(ledger)
    standing = await _standing(ledger)
    await _clocks(ledger, standing[7])
    await _promises(ledger, done)
    await _reporters(ledger, done, standing)
    for case_id, earlier in ((done[0], standing[10]), (standing[0], standing[11])):
        await ledger.put(
            "links",
            case_id=case_id,
            linked_case_id=earlier,
            relation="RECURRENCE_OF",
            site_id="yuwu",
        )
    for accepted, other in ((True, done[0]), (False, done[1]), (False, done[2])):
        await ledger.put(
            "duplicate_suggestions",
            case_id=done[5],
            suggested_case_id=other,
            site_id="yuwu",
            accepted=accepted,
        )


async def _done(ledger: Ledger) -> list[str]:
    """Seven that came with the month and were struck off in it, six of them resolved before."""
    ends = (
        ("SOLVED", 10, 20, {"grade": "SATISFIED", "confirmed": True, "suggestion": "ACCEPTED"}),
        ("SOLVED", 20, 40, {"grade": "MOSTLY_SATISFIED", "confirmed": True}),
        ("SOLVED", 30, 60, {"grade": "DISSATISFIED", "confirmed": True, "late_entry": True}),
        ("UNCONFIRMED", 40, 80, {"grade": "SATISFIED", "suggestion": "OVERRULED"}),
        ("EXPLAINED", 50, 100, {"grade": "SATISFIED", "confirmed": True, "kind": "SUGGESTION"}),
        ("DUPLICATE", None, 110, {"late_entry": True}),
        ("EXPLAINED_NOT_ACCEPTED", 60, 120, {"suggestion": "ACCEPTED"}),
    )
    return [
        await ledger.case(
            OCTOBER,
            state="CLOSED",
            outcome=outcome,
            resolve_time=None if resolved is None else OCTOBER + resolved * HOUR,
            close_time=OCTOBER + closed * HOUR,
            **more,
        )
        for outcome, resolved, closed, more in ends
    ]


async def _standing(ledger: Ledger) -> list[str]:
    """Twelve that are open, so many days old at the month's end, on such levels."""
    ages = (0, 1, 4, 5, 7, 8, 16, 20, 25, 30, 31, 60)
    levels = (0, 1, 1, 2, 2, 2, 3, 4, 4, 5, 6, 7)
    nobody = {"steward": "", "accountable": "position:DISPATCH_ROOM"}
    more: dict[int, dict[str, object]] = {
        0: nobody | {"late_entry": True},
        1: {"suggestion": "ACCEPTED"},
        # The last instant that is of the month, one before it, and one behind it.
        2: {"due_time": END},
        3: {"due_time": END - DAY},
        4: {"due_time": END + HOUR},
        # Begun anew in the month, in the month before, and again in its first instant.
        6: {"cycle": 2, "cycle_start_time": END - 5 * DAY},
        10: {"cycle": 2, "cycle_start_time": OCTOBER - HOUR} | nobody,
        11: {"cycle": 3, "cycle_start_time": OCTOBER},
    }
    cases = [
        await ledger.case(END - (age + 1) * DAY, level=level, **more.get(place, {}))
        for place, (age, level) in enumerate(zip(ages, levels, strict=True))
    ]
    for place, since in ((0, END - DAY), (10, END - 20 * DAY)):
        await ledger.clock(cases[place], "REMINDER", END + DAY, "RUNNING", start_time=since)
    return cases


async def _clocks(ledger: Ledger, case_id: str) -> None:
    """Clocks that fell due in the month: so many met, late, and late but excused."""
    for kind, met, late, excused in (
        ("FIRST_REPLY", 3, 1, 1),
        ("PLAN", 2, 1, 2),
        ("PROGRESS", 1, 2, 1),
        ("RESOLUTION", 4, 1, 1),
        ("WORK_ORDER", 1, 1, 3),
        ("CONFIRMATION", 3, 2, 2),
    ):
        states = ["MET"] * met + ["MET_LATE"] * late + ["BREACHED"] * excused
        for place, state in enumerate(states):
            await ledger.clock(
                case_id, kind, END - place * HOUR, state, excused=place >= met + late
            )


async def _promises(ledger: Ledger, cases: list[str]) -> None:
    """Three plans: for 10, 3 and 20 days; the first was moved twice."""
    first = date(2026, 10, 11)
    for case_id, told, planned, days in zip(
        cases[:3], (2, 4, 12), (5, 15, 25), (10, 3, 20), strict=True
    ):
        fed_back = OCTOBER + planned * HOUR
        promised = (fed_back + 8 * HOUR).date() + timedelta(days=days)
        await ledger.put(
            "answers",
            case_id=case_id,
            answer_id=f"plan-{case_id}",
            version=2,
            site_id="yuwu",
            cycle=1,
            kind="PLAN",
            text="样例",
            answered_by="s-1",
            promised_date=date(2026, 10, 15) if promised == first else promised,
            answer_time=fed_back,
            fed_back_time=fed_back,
        )
        for version, way, hours in ((3, "ATTEMPT", 1), (4, "TOLD", told), (5, "TOLD", planned)):
            await ledger.put(
                "feedbacks",
                case_id=case_id,
                version=version,
                site_id="yuwu",
                answer_id=f"plan-{case_id}",
                cycle=1,
                way=way,
                feedback_time=OCTOBER + hours * HOUR,
                note="",
                recorded_by="s-1",
            )
    for version, before, after in ((6, 11, 13), (7, 13, 15)):
        await ledger.put(
            "promise_moves",
            case_id=cases[0],
            version=version,
            site_id="yuwu",
            answer_id=f"plan-{cases[0]}",
            previous_date=date(2026, 10, before),
            promised_date=date(2026, 10, after),
            reason="样例",
            approved_by="d-1",
            move_time=OCTOBER + version * HOUR,
        )


async def _reporters(ledger: Ledger, done: list[str], standing: list[str]) -> None:
    """One who came twice in the month, one who had come before it, and one who came once."""
    for case_id, person in (
        (done[0], b"w-1"),
        (standing[0], b"w-1"),
        (standing[10], b"w-2"),
        (standing[1], b"w-2"),
        (standing[2], b"w-3"),
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
