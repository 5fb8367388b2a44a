"""Who answered, reckoned again from the facts alone: what was in force when, and what was known."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.routing.domain.absences import Absence
from services.routing.domain.coverage import Held
from services.routing.domain.directory import Directory, Person, Unit
from services.routing.domain.matrix import Responsibility
from services.routing.domain.replay import Facts, version_at, who_answers
from services.routing.domain.roles import Role, UnitKind

# 08:00 at the site.
NOON = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def directory(*people: str, name: str = "一队") -> Directory:
    return Directory(
        site_id="yuwu",
        name="余吾",
        number_prefix="YW",
        time_zone="Asia/Shanghai",
        units=(Unit("team", name, UnitKind.TEAM),),
        people=tuple(Person(person, person.upper()) for person in people),
        positions=(),
        posts=(),
        categories=(),
        ladder=(),
    )


def rows(person: str, deputy: str = "") -> tuple[Responsibility, ...]:
    return (Responsibility("team", Role.STEWARD, person, date(2026, 1, 1), deputy=deputy),)


FACTS = Facts(
    directories=[(NOON, directory("p1", "p2")), (NOON + 4 * HOUR, directory("p1", "p2", "p3"))],
    matrices=[(NOON + HOUR, rows("p1", "p2")), (NOON + 5 * HOUR, rows("p3"))],
    absences=[
        Absence(
            "a",
            "yuwu",
            "p1",
            date(2026, 11, 23),
            date(2026, 11, 24),
            record_time=NOON + 2 * HOUR,
            cancel_time=NOON + 3 * HOUR,
        )
    ],
)


def steward(at: datetime, known: datetime) -> Held | None:
    found = who_answers(FACTS, "team", at, known)
    assert found is not None
    return next(iter(found.holders), None)


def test_the_last_list_published_by_then_counts_and_before_the_first_the_first() -> None:
    p1, p3 = Held(Role.STEWARD, "p1"), Held(Role.STEWARD, "p3")
    assert steward(NOON, NOON - DAY) == p1
    assert steward(NOON, NOON + HOUR) == p1
    assert steward(NOON, NOON + 5 * HOUR - timedelta(microseconds=1)) == p1
    assert steward(NOON, NOON + 5 * HOUR) == p3
    assert [version_at(FACTS.matrices, NOON + ahead * HOUR) for ahead in (0, 1, 5)] == [1, 1, 2]
    assert version_at([], NOON) == 0


def test_an_absence_counts_from_its_recording_until_it_is_cancelled() -> None:
    p1, p2 = Held(Role.STEWARD, "p1"), Held(Role.STEWARD, "p2", "p1")
    assert steward(NOON, NOON + 2 * HOUR - timedelta(microseconds=1)) == p1
    assert steward(NOON, NOON + 2 * HOUR) == p2
    assert steward(NOON + DAY, NOON + 2 * HOUR) == p2
    assert steward(NOON + 2 * DAY, NOON + 2 * HOUR) == p1
    assert steward(NOON, NOON + 3 * HOUR) == p1


def test_days_are_the_sites() -> None:
    # 16:00 UTC is midnight in Shanghai.
    midnight = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
    known = NOON + 2 * HOUR
    assert steward(midnight - timedelta(microseconds=1), known) == Held(Role.STEWARD, "p2", "p1")
    assert steward(midnight, known) == Held(Role.STEWARD, "p1")


def test_of_a_site_without_lists_nothing_is_known() -> None:
    assert who_answers(Facts([], []), "team", NOON, NOON) is None
    assert who_answers(FACTS, "gone", NOON, NOON) is None
    without = who_answers(Facts(FACTS.directories, []), "team", NOON, NOON)
    assert without is not None
    assert (without.holders, without.missing) == ((), (Role.STEWARD,))


@given(st.lists(st.integers(0, 20), max_size=8), st.integers(-1, 21))
def test_the_version_in_force_is_the_last_one_published_by_then(
    times: list[int], known: int
) -> None:
    published = [(NOON + ahead * HOUR, None) for ahead in times]
    version = version_at(published, NOON + known * HOUR)
    if not times:
        assert version == 0
    elif any(ahead <= known for ahead in times):
        assert times[version - 1] <= known
        assert all(ahead > known for ahead in times[version:])
    else:
        assert version == 1
