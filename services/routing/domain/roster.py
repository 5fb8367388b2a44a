"""The duty roster (值班表): who stands at a post or holds a position, at any instant.

A shift is the same span of local time on each day of a range. Seconds count from local midnight;
an end at or before the start means the next morning.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.routing.domain.faults import Fault

DAY_SECONDS = 86_400
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """Exactly one of `post_id` and `position_id` is set; days are local, both included."""

    post_id: str
    position_id: str
    person_id: str
    start_date: date
    end_date: date
    start_second: int
    end_second: int

    @property
    def length(self) -> int:
        """Seconds from start to end."""
        seconds = self.end_second - self.start_second
        return seconds if seconds > 0 else seconds + DAY_SECONDS

    @property
    def place(self) -> str:
        """What is staffed, for people."""
        return self.post_id or self.position_id

    def covers(self, local: datetime) -> bool:
        """Tells whether the shift is on at a local wall-clock time."""
        second = local.hour * 3600 + local.minute * 60 + local.second
        day = local.date()
        end = self.start_second + self.length
        if self.start_date <= day <= self.end_date and self.start_second <= second < end:
            return True
        yesterday = day - _DAY
        return self.start_date <= yesterday <= self.end_date and second + DAY_SECONDS < end


@dataclass(frozen=True, slots=True)
class Roster:
    site_id: str
    shifts: tuple[Shift, ...]


@dataclass(frozen=True, slots=True)
class Duty:
    """Who has a position or a post: by the roster, else as its standing holder."""

    person_id: str
    person_name: str
    by_roster: bool


def on_duty(shifts: Iterable[Shift], local: datetime) -> Shift | None:
    """Returns the shift that is on at a local wall-clock time, the first given of several."""
    return next((shift for shift in shifts if shift.covers(local)), None)


def check(
    shifts: Sequence[Shift],
    *,
    posts: Iterable[str],
    positions: Iterable[str],
    people: Iterable[str],
) -> list[Fault]:
    """Returns every shift that contradicts the directory or another shift.

    A position is held by one person at a time, and nobody stands at two posts at once; a post
    may be staffed by several.
    """
    known_posts, known_positions, known_people = set(posts), set(positions), set(people)
    faults: list[Fault] = []
    by_position: dict[str, list[int]] = defaultdict(list)
    at_posts: dict[str, list[int]] = defaultdict(list)
    for index, shift in enumerate(shifts):
        at = f"shifts[{index}]"
        if bool(shift.post_id) == bool(shift.position_id):
            faults.append(
                Fault(
                    at,
                    "值守点和岗位须填且只填一个",
                    "exactly one of post_id and position_id is set",
                )
            )
        if shift.post_id and shift.post_id not in known_posts:
            faults.append(
                Fault(f"{at}.post_id", f"没有值守点 {shift.post_id}", f"no post {shift.post_id}")
            )
        if shift.position_id and shift.position_id not in known_positions:
            faults.append(
                Fault(
                    f"{at}.position_id",
                    f"没有岗位 {shift.position_id}",
                    f"no position {shift.position_id}",
                )
            )
        if shift.person_id not in known_people:
            faults.append(
                Fault(
                    f"{at}.person_id",
                    f"没有人员 {shift.person_id}",
                    f"no person {shift.person_id}",
                )
            )
        if shift.end_date < shift.start_date:
            faults.append(
                Fault(
                    f"{at}.end_date",
                    f"止于 {shift.end_date}，早于起始 {shift.start_date}",
                    f"ends {shift.end_date}, before it starts {shift.start_date}",
                )
            )
            continue
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


def overlap(one: Shift, other: Shift) -> bool:
    """Tells whether two shifts are on at some same instant."""
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
