"""What is wrong with a roster, and what makes it another than the one before."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from services.routing.domain.directory import Person
from services.routing.domain.faults import Fault
from services.routing.domain.roster import (
    DAY_SECONDS,
    Attendance,
    Shift,
    Stint,
    is_shown,
    touched_days,
)


def check(
    shifts: Sequence[Shift],
    *,
    posts: Iterable[str],
    positions: Iterable[str],
    people: Iterable[Person],
    zone: ZoneInfo,
) -> list[Fault]:
    """Returns every shift that contradicts the directory, the clock or another shift.

    A position is held by one person at a time, and nobody stands at two posts at once; a post
    may be staffed by several. Nobody has a shift on a day before they come or after they leave.
    """
    known_posts, known_positions = set(posts), set(positions)
    known_people = {person.person_id: person for person in people}
    faults: list[Fault] = []
    by_position: dict[str, list[int]] = defaultdict(list)
    at_posts: dict[str, list[int]] = defaultdict(list)
    for index, shift in enumerate(shifts):
        at = f"shifts[{index}]"
        faults += _names(at, shift, known_posts, known_positions)
        if shift.end_date < shift.start_date:
            faults.append(
                Fault(
                    f"{at}.end_date",
                    f"止于 {shift.end_date}，早于起始 {shift.start_date}",
                    f"ends {shift.end_date}, before it starts {shift.start_date}",
                )
            )
            continue
        faults += _person(at, shift, known_people.get(shift.person_id))
        faults += _clock(at, shift, zone)
        if shift.position_id:
            by_position[shift.position_id].append(index)
        else:
            at_posts[shift.person_id].append(index)
    for position_id, group in by_position.items():
        faults += _overlaps(
            shifts,
            group,
            f"岗位 {position_id} 同时有两人",
            f"two people hold {position_id} at once",
        )
    for person_id, group in at_posts.items():
        faults += _overlaps(
            shifts, group, f"{person_id} 同时在两处", f"{person_id} is in two places at once"
        )
    return faults


def check_taker(
    taken: Stint, others: Iterable[Stint], attendance: Attendance, zone: ZoneInfo
) -> list[Fault]:
    """Returns why who takes a stint can't: another stint of theirs meanwhile, or days away."""
    person_id = taken.person_id
    faults = [
        Fault(
            "to_person_id",
            f"{person_id} 当时在 {other.post_id or other.position_id} 值班",
            f"{person_id} has a shift at {other.post_id or other.position_id} then",
        )
        for other in others
        if other.person_id == person_id and other.start < taken.end and taken.start < other.end
    ]
    faults += [
        Fault("to_person_id", f"{person_id} {day} 不在岗", f"{person_id} is away on {day}")
        for day in touched_days(taken, zone)
        if not attendance.there(person_id, day)
    ]
    return faults


def overlap(one: Shift, other: Shift) -> bool:
    """Tells whether two shifts are on at some same time of some same day.

    As the clock shows it, which is the same for instants but where clocks go forward over both.
    """
    for days in (-1, 0, 1):
        # `other` of a day against `one` of a day `days` earlier.
        start = other.start_second + days * DAY_SECONDS
        if start >= one.start_second + one.length or one.start_second >= start + other.length:
            continue
        first = max(one.start_date.toordinal(), other.start_date.toordinal() - days)
        last = min(one.end_date.toordinal(), other.end_date.toordinal() - days)
        if first <= last:
            return True
    return False


def _names(
    at: str, shift: Shift, known_posts: set[str], known_positions: set[str]
) -> Iterable[Fault]:
    if bool(shift.post_id) == bool(shift.position_id):
        yield Fault(
            at, "值守点和岗位须填且只填一个", "exactly one of post_id and position_id is set"
        )
    if shift.post_id and shift.post_id not in known_posts:
        yield Fault(f"{at}.post_id", f"没有值守点 {shift.post_id}", f"no post {shift.post_id}")
    if shift.position_id and shift.position_id not in known_positions:
        yield Fault(
            f"{at}.position_id",
            f"没有岗位 {shift.position_id}",
            f"no position {shift.position_id}",
        )


def _person(at: str, shift: Shift, person: Person | None) -> Iterable[Fault]:
    field = f"{at}.person_id"
    if person is None:
        yield Fault(field, f"没有人员 {shift.person_id}", f"no person {shift.person_id}")
        return
    start, end = person.days.start, person.days.end
    if start is not None and shift.start_date < start:
        yield Fault(
            field,
            f"{shift.person_id} 自 {start} 起才在岗",
            f"{shift.person_id} begins on {start} only",
        )
    if end is not None and end < shift.end_date:
        yield Fault(
            field,
            f"{shift.person_id} 只到 {end} 在岗",
            f"{shift.person_id} is there until {end} only",
        )


def _clock(at: str, shift: Shift, zone: ZoneInfo) -> Iterable[Fault]:
    """Shifts of one day are meant as they stand; those of many days bear a change of the clocks."""
    if shift.start_date != shift.end_date:
        return
    day = shift.start_date
    if not is_shown(zone, day, shift.start_second):
        yield Fault(
            f"{at}.start_time",
            f"{day} 时钟拨快，没有这一时刻",
            f"clocks go forward on {day}, they never show that time",
        )
    end_second = shift.start_second + shift.length
    if not is_shown(zone, day, end_second) and end_second != DAY_SECONDS:
        yield Fault(
            f"{at}.end_time",
            f"{day} 时钟拨快，没有这一时刻",
            f"clocks go forward on {day}, they never show that time",
        )


def _overlaps(shifts: Sequence[Shift], group: Sequence[int], zh: str, en: str) -> Iterable[Fault]:
    """Sweeps a group by its first days, so that only shifts of common days meet."""
    current: list[int] = []
    for index in sorted(group, key=lambda i: (shifts[i].start_date, shifts[i].start_second)):
        shift = shifts[index]
        # A night shift reaches into the day after its last.
        eve = shift.start_date.toordinal() - 1
        current = [other for other in current if shifts[other].end_date.toordinal() >= eve]
        for other in current:
            if overlap(shifts[other], shift):
                yield Fault(
                    f"shifts[{index}]",
                    f"{zh}(与第 {other + 1} 行)",
                    f"{en} (see row {other + 1})",
                )
                break
        current.append(index)
