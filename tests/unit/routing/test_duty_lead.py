"""Whether a site has a duty lead: by position, deputy or roster, at every instant."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.domain.absences import Absence
from services.routing.domain.days import ALWAYS, Days
from services.routing.domain.duty_lead import DutyLead, is_held, is_lost
from services.routing.domain.roster import Attendance, Shift, Swap, on_duty, stints

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 2)
# Ten in the morning.
NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)


def day(ahead: int) -> date:
    return TODAY + timedelta(days=ahead)


def away(person: str, first: int, last: int, deputy: str = "") -> Absence:
    return Absence(f"{person}{first}", "yuwu", person, day(first), day(last), deputy)


def shift(person: str, first: int, last: int, start: int = 0, end: int = 24) -> Shift:
    return Shift("", "DUTY_LEAD", person, day(first), day(last), start * 3600, end * 3600)


def lead(
    *absences: Absence, holder: str = "sun", shifts: Sequence[Shift] = (), **until: int
) -> DutyLead:
    """Three people at the site, some of them until a day only."""
    people = dict.fromkeys(("sun", "zhou", "wu"), ALWAYS)
    people |= {person: Days(None, day(ahead)) for person, ahead in until.items()}
    return DutyLead(holder, people, absences, shifts)


FULL = (shift("wu", -1, 13),)

HELD = {
    "standing": lead(),
    "an absence with a deputy": lead(away("sun", 0, 3, "zhou")),
    "a deputy away on other days": lead(away("sun", 0, 3, "zhou"), away("zhou", 4, 5)),
    "a roster": lead(holder="", shifts=[shift("wu", -1, 30)]),
    "a roster while the holder is away": lead(away("sun", 2, 3), shifts=[shift("wu", 2, 3)]),
    "a night that began yesterday": lead(holder="", shifts=[shift("wu", -1, 30, 20, 20)]),
    "the standing holder while the roster's person is away": lead(
        away("wu", 1, 1), shifts=[shift("wu", -1, 30)]
    ),
}

NOT_HELD = {
    "nobody": lead(holder=""),
    "a stranger": lead(holder="li"),
    "an absence without a deputy": lead(away("sun", 3, 3)),
    "a deputy who is away too": lead(away("sun", 0, 3, "zhou"), away("zhou", 3, 5)),
    "a deputy who leaves": lead(away("sun", 0, 3, "zhou"), zhou=2),
    "a deputy of one who has left": lead(away("sun", 0, 9, "zhou"), sun=2),
    "a holder who leaves": lead(sun=5),
    "a roster with a hole": lead(holder="", shifts=[shift("wu", -1, 4), shift("wu", 6, 30)]),
    "a roster's person who is away": lead(
        away("wu", 5, 5, "sun"), holder="", shifts=[shift("wu", -1, 30)]
    ),
    "a roster's person who leaves": lead(holder="", shifts=[shift("wu", -1, 30)], wu=5),
}


@pytest.mark.parametrize("how", HELD)
def test_somebody_is_duty_lead(how: str) -> None:
    assert is_held(HELD[how], ZONE, NOW, NOW + timedelta(days=14))


@pytest.mark.parametrize("how", NOT_HELD)
def test_nobody_is_duty_lead_at_some_instant(how: str) -> None:
    assert not is_held(NOT_HELD[how], ZONE, NOW, NOW + timedelta(days=14))


def test_who_was_never_there_cannot_be_lost() -> None:
    for before in (lead(holder=""), lead(holder="li"), DutyLead()):
        for after in NOT_HELD.values():
            if not after.shifts:
                assert not is_lost(before, replace(after, holder=before.holder), ZONE, NOW)
    assert not is_lost(lead(sun=5), lead(sun=5), ZONE, NOW)
    assert not is_lost(lead(sun=5), lead(sun=9), ZONE, NOW)


LOST = {
    "the position": (lead(), DutyLead()),
    "the holder's end, years ahead": (lead(), lead(sun=1000)),
    "an earlier end": (lead(sun=1000), lead(sun=999)),
    "the deputy's absence": (
        lead(away("sun", 0, 3, "zhou")),
        lead(away("sun", 0, 3, "zhou"), away("zhou", 1, 1)),
    ),
    "the deputy": (lead(away("sun", 40, 43, "zhou")), lead(away("sun", 40, 43, "zhou"), zhou=42)),
    "an absence that the roster covers but for a day": (
        lead(shifts=FULL),
        lead(away("sun", 0, 14), shifts=FULL),
    ),
    "an absence between others that only the roster covers": (
        lead(away("sun", 18, 19), away("sun", 31, 32), shifts=[shift("wu", 17, 33)]),
        lead(
            away("sun", 16, 17),
            away("sun", 18, 19),
            away("sun", 31, 32),
            shifts=[shift("wu", 17, 33)],
        ),
    ),
    "a successor who is away": (lead(), lead(away("zhou", 7, 8), holder="zhou")),
    "a holder with a roster too short": (
        lead(shifts=[shift("wu", -1, 10)]),
        lead(holder="", shifts=[shift("wu", -1, 10)]),
    ),
    "a holder who leaves where the roster ends": (lead(shifts=FULL), lead(shifts=FULL, sun=5)),
    "the roster's person": (
        lead(holder="", shifts=FULL),
        lead(away("wu", 3, 3), holder="", shifts=FULL),
    ),
    "the roster's person, far ahead": (
        lead(holder="", shifts=[shift("wu", -1, 60)]),
        lead(holder="", shifts=[shift("wu", -1, 60)], wu=50),
    ),
    "the roster": (lead(holder="", shifts=FULL), lead(holder="")),
    "the roster on which an absence relies": (
        lead(away("sun", 5, 6), shifts=FULL),
        lead(away("sun", 5, 6)),
    ),
}

KEPT = {
    "a successor": (lead(), lead(holder="zhou", sun=-1)),
    "an absence with a deputy": (lead(), lead(away("sun", 0, 3, "zhou"))),
    "an absence that the roster covers": (
        lead(shifts=FULL),
        lead(away("sun", 0, 13), shifts=FULL),
    ),
    "a roster for two weeks instead of a holder": (
        lead(shifts=[shift("wu", -1, 14)]),
        lead(holder="", shifts=[shift("wu", -1, 14)]),
    ),
    "a roster for two weeks instead of a holder who would leave": (
        lead(shifts=[shift("wu", -1, 14)], sun=30),
        lead(holder="", shifts=[shift("wu", -1, 14)]),
    ),
    "a roster for two weeks from when the holder leaves": (
        lead(shifts=[shift("wu", 6, 20)]),
        lead(shifts=[shift("wu", 6, 20)], sun=5),
    ),
    "the absence of another": (lead(), lead(away("wu", 0, 9))),
    "nights only": (
        lead(holder="", shifts=[shift("wu", -1, 30, 20, 6)]),
        lead(holder="", shifts=[shift("wu", -1, 30, 22, 6)]),
    ),
}


@pytest.mark.parametrize("what", LOST)
def test_a_duty_lead_would_be_lost(what: str) -> None:
    assert is_lost(*LOST[what], ZONE, NOW)
    before, after = LOST[what]
    assert not is_lost(after, before, ZONE, NOW)


@pytest.mark.parametrize("what", KEPT)
def test_a_duty_lead_is_kept(what: str) -> None:
    assert not is_lost(*KEPT[what], ZONE, NOW)


def test_only_so_much_of_a_roster_counts_as_is_asked_for() -> None:
    before = lead(holder="", shifts=[shift("wu", -1, 60)])
    after = replace(before, shifts=[shift("wu", -1, 14)])
    assert not is_lost(before, after, ZONE, NOW, timedelta(days=14))
    assert is_lost(before, after, ZONE, NOW, timedelta(days=20))


def test_a_swap_counts() -> None:
    swap = Swap("s", "", "DUTY_LEAD", day(3), 0, "wu", "zhou", "", "li", NOW)
    swapped = replace(lead(holder="", shifts=FULL), swaps=(swap,))
    assert not is_lost(swapped, replace(swapped, absences=(away("wu", 3, 3),)), ZONE, NOW)
    assert is_lost(swapped, replace(swapped, absences=(away("zhou", 3, 3),)), ZONE, NOW)


PEOPLE = st.sampled_from(["sun", "zhou", "wu"])
DAYS = st.integers(-2, 8)


@st.composite
def leads(draw: st.DrawFn) -> DutyLead:
    absences = []
    for person in draw(st.sets(PEOPLE)):
        first = draw(DAYS)
        absences.append(
            away(
                person,
                first,
                first + draw(st.integers(0, 4)),
                draw(st.sampled_from(["", *({"sun", "zhou", "wu"} - {person})])),
            )
        )
    shifts = [
        shift(draw(PEOPLE), first := draw(DAYS), first + draw(st.integers(0, 6)), *hours)
        for hours in draw(st.lists(st.sampled_from([(0, 24), (0, 8), (8, 20), (20, 8)])))
    ]
    until = {person: draw(DAYS) for person in draw(st.sets(PEOPLE))}
    return lead(*absences, holder=draw(st.sampled_from(["", "sun"])), shifts=shifts, **until)


def holds(lead: DutyLead, moment: datetime) -> bool:
    """The same by looking at one instant, as `store/roster.load_duty` does."""
    today = moment.astimezone(ZONE).date()
    absences = {
        person: [Days(a.start_date, a.end_date) for a in lead.absences if a.person_id == person]
        for person in lead.people
    }
    attendance = Attendance(lead.people, absences)
    found = stints(lead.shifts, lead.swaps, ZONE, today - timedelta(days=1), today)
    if on_duty(found, attendance, ZONE, moment):
        return True
    holder = lead.holder
    if holder and not attendance.there(holder, today) and lead.people[holder].holds(today):
        covering = (a.deputy for a in lead.absences if a.person_id == holder and a.holds(today))
        holder = next(covering, "")
    return bool(holder) and attendance.there(holder, today)


@given(leads(), leads())
def test_what_is_held_and_lost_is_so_at_each_instant(before: DutyLead, after: DutyLead) -> None:
    # All changes are at whole local hours but for the ends of the time that is looked at.
    hours = [NOW + timedelta(hours=number) for number in range(14 * 24)]
    had = [holds(before, moment) for moment in hours]
    assert is_held(before, ZONE, NOW, NOW + timedelta(days=14)) == all(had)
    if is_lost(before, after, ZONE, NOW):
        return
    # Nobody who was lead all day leaves a hole in it, but two weeks after going for good.
    days: dict[date, list[bool]] = {}
    holes: dict[date, list[bool]] = {}
    for moment, there in zip(hours, had, strict=True):
        local = moment.astimezone(ZONE).date()
        days.setdefault(local, []).append(there)
        holes.setdefault(local, []).append(holds(after, moment))
    for local, all_day in days.items():
        assert not all(all_day) or all(holes[local]), local
