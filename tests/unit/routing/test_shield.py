"""Who may not have a case in hand (回避), and when stewards are at work."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from services.routing.domain.assignment import in_hours
from services.routing.domain.days import Days
from services.routing.domain.directory import Person, Window
from services.routing.domain.shield import NO_SHIELD, Shield, shield

PARENTS = {"mine": "", "part": "mine", "shop": "part", "apart": "mine"}
PEOPLE = [
    Person("chief", "", "mine"),
    Person("boss", "", "part"),
    Person("hand", "", "shop"),
    Person("other", "", "apart"),
]
LADDER = [{"duty", "off"}, {"director"}, {"manager", "duty"}]


def of(*about: str, recused: tuple[str, ...] = (), heads: dict[str, str] | None = None) -> Shield:
    return shield(
        about,
        recused,
        ladder=LADDER,
        heads={"part": "boss"} if heads is None else heads,
        parents=PARENTS,
        people=PEOPLE,
    )


def test_a_case_about_nobody_shields_nobody() -> None:
    assert not NO_SHIELD
    assert not of()
    assert not any(of().covers(person.person_id, level) for person in PEOPLE for level in range(4))


def test_a_head_shields_their_unit_and_those_below_it() -> None:
    found = of("boss")
    covered = {person.person_id for person in PEOPLE if found.covers(person.person_id)}
    assert covered == {"boss", "hand"}
    assert found.level == 0
    # Whoever is recused heads nothing that matters.
    recused = of(recused=("boss",))
    assert {person.person_id for person in PEOPLE if recused.covers_alone(person.person_id)} == {
        "boss"
    }


def test_a_level_shields_everybody_below_it() -> None:
    found = of("director")
    assert found.level == 2
    assert found.covers("anybody", 0) and found.covers("anybody", 1)
    assert not found.covers("anybody", 2)
    assert found.covers("director", 3)
    # Outside of the ladder only who holds a lower level, on duty or not, is their subordinate.
    assert found.covers_alone("off")
    assert not found.covers_alone("duty"), "holds a level above the director as well"
    assert not found.covers_alone("anybody")


def test_the_highest_level_that_an_accused_holds_counts() -> None:
    assert of("duty").level == 3
    assert of("off", "director").level == 2
    assert of("hand").level == 0


WORK = Window(8 * 3600, 18 * 3600, frozenset({0, 1, 2, 3, 4}))
NIGHT = Window(22 * 3600, 6 * 3600, frozenset({4}), Days(date(2026, 11, 1), date(2026, 11, 20)))


@pytest.mark.parametrize(
    ("window", "day", "clock", "inside"),
    [
        (WORK, 20, "08:00:00", True),
        (WORK, 20, "17:59:59", True),
        (WORK, 20, "18:00:00", False),
        (WORK, 20, "07:59:00", False),
        (WORK, 21, "09:00:00", False),
        # The night of a Friday ends on its Saturday.
        (NIGHT, 20, "22:00:00", True),
        (NIGHT, 21, "05:59:00", True),
        (NIGHT, 21, "06:00:00", False),
        (NIGHT, 21, "22:00:00", False),
        (NIGHT, 20, "05:00:00", False),
        # The window's days are those of its start.
        (NIGHT, 27, "22:00:00", False),
        # From six to six is a whole day.
        (Window(6 * 3600, 6 * 3600), 22, "03:00:00", True),
    ],
)
def test_hours_are_those_of_the_day_on_which_they_begin(
    window: Window, day: int, clock: str, inside: bool
) -> None:
    local = datetime.combine(
        date(2026, 11, day), time.fromisoformat(clock), ZoneInfo("Asia/Shanghai")
    )
    assert in_hours([window], local) is inside


def test_no_hours_hold_no_time() -> None:
    assert not in_hours([], datetime(2026, 11, 20, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai")))
