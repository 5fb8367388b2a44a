"""A person who goes to another mine leaves nothing behind at the old one after the last day."""

import dataclasses
from datetime import date, timedelta

import pytest

from services.routing.domain.commands.lists import TransferPerson
from services.routing.domain.days import Days
from services.routing.domain.directory import Person
from services.routing.domain.matrix import Responsibility
from services.routing.domain.roles import Role
from services.routing.domain.transfer import check, joined, left, rows_after
from tests.unit.routing.test_directory import GOOD

TODAY = date(2026, 3, 1)
START = date(2026, 3, 10)
LAST = START - timedelta(days=1)
GO = TransferPerson("yuwu", "p1", "gucheng", START, "g1", "office")


def test_days_end_here_and_begin_there_under_one_code_of_the_group() -> None:
    old = left(GOOD, GO, TODAY)
    assert old.people[0] == Person("p1", "张三", days=Days(None, LAST), group_code="p1")
    new = joined(dataclasses.replace(GOOD, people=()), GO, GOOD.people[0])
    assert new.people == (Person("g1", "张三", "office", Days(START), "p1"),)


def test_positions_are_held_until_the_last_day() -> None:
    assert left(GOOD, GO, TODAY).positions == GOOD.positions
    at_once = left(GOOD, GO, START).positions
    assert [position.holder for position in at_once] == ["", "", ""]


def test_rows_end_with_the_person_and_given_ones_follow() -> None:
    past = Responsibility("a", Role.STEWARD, "p1", date(2026, 1, 1), date(2026, 1, 31))
    open_row = Responsibility("b", Role.STEWARD, "p1", date(2026, 1, 1))
    planned = Responsibility("c", Role.STEWARD, "p1", START)
    others = Responsibility("d", Role.STEWARD, "p2", date(2026, 1, 1))
    given = Responsibility("b", Role.STEWARD, "p2", START)
    go = dataclasses.replace(GO, responsibilities=(given,))
    assert rows_after([past, open_row, planned, others], go) == (
        given,
        past,
        dataclasses.replace(open_row, end_date=LAST),
        others,
    )


@pytest.mark.parametrize(
    ("go", "person", "field"),
    [
        (dataclasses.replace(GO, start_date=TODAY - timedelta(days=1)), {}, "start_date"),
        (GO, {"days": Days(START)}, "start_date"),
        (GO, {"days": Days(None, LAST - timedelta(days=1))}, "start_date"),
        (dataclasses.replace(GO, to_person_id="taken"), {}, "to_person_id"),
    ],
)
def test_transfers_without_sense_are_told(
    go: TransferPerson, person: dict[str, Days], field: str
) -> None:
    mover = dataclasses.replace(GOOD.people[0], **person)  # type: ignore[arg-type]
    faults = check(go, mover, [Person("taken", "某人")], TODAY)
    assert [fault.field for fault in faults] == [field]


def test_a_transfer_today_or_from_a_day_that_was_agreed_has_sense() -> None:
    assert check(dataclasses.replace(GO, start_date=TODAY), GOOD.people[0], [], TODAY) == []
    leaving = dataclasses.replace(GOOD.people[0], days=Days(None, LAST))
    assert check(GO, leaving, [], TODAY) == []
