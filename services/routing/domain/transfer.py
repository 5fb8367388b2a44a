"""A person goes from one mine to another: what that makes of both directories and of the rows."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from services.routing.domain.commands.lists import TransferPerson
from services.routing.domain.days import Days
from services.routing.domain.directory import Directory, Person
from services.routing.domain.faults import Fault
from services.routing.domain.matrix import Responsibility
from services.routing.domain.roster import Shift

_DAY = timedelta(days=1)


def check(
    transfer: TransferPerson, person: Person, there: Iterable[Person], today: date
) -> list[Fault]:
    """Returns why a transfer makes no sense; `there` are the people of the new site."""
    faults: list[Fault] = []
    start, days = transfer.start_date, person.days
    if start < today:
        faults.append(
            Fault(
                "start_date", f"{start} 已过去，今天是 {today}", f"{start} is over; it is {today}"
            )
        )
    if days.start is not None and start <= days.start:
        faults.append(
            Fault(
                "start_date",
                f"{person.person_id} 在原单位 {days.start} 才到任",
                f"{person.person_id} begins at the old site on {days.start} only",
            )
        )
    if days.end is not None and days.end < start - _DAY:
        faults.append(
            Fault(
                "start_date",
                f"{person.person_id} 在原单位 {days.end} 已离任",
                f"{person.person_id} leaves the old site on {days.end} already",
            )
        )
    if any(other.person_id == transfer.to_person_id for other in there):
        faults.append(
            Fault(
                "to_person_id",
                f"新单位已有人员代码 {transfer.to_person_id}",
                f"the new site has a person {transfer.to_person_id} already",
            )
        )
    return faults


def left(source: Directory, transfer: TransferPerson, today: date) -> Directory:
    """Returns the old site's directory: the person's days end, with a code of the group.

    Positions of somebody who leaves today become vacant; of a later day the person holds them
    until then.
    """
    end = transfer.start_date - _DAY
    leaving = transfer.person_id
    return replace(
        source,
        people=tuple(
            replace(person, days=Days(person.days.start, end), group_code=group_code(person))
            if person.person_id == leaving
            else person
            for person in source.people
        ),
        positions=tuple(
            replace(position, holder="")
            if position.holder == leaving and transfer.start_date <= today
            else position
            for position in source.positions
        ),
    )


def joined(source: Directory, transfer: TransferPerson, person: Person) -> Directory:
    """Returns the new site's directory with the person in it, from the day on."""
    newcomer = Person(
        transfer.to_person_id,
        person.name,
        transfer.to_unit_id,
        Days(transfer.start_date),
        group_code(person),
        person.contact_ref,
    )
    return replace(source, people=(*source.people, newcomer))


def group_code(person: Person) -> str:
    """Returns the code under which the group knows a person: at first that of their site."""
    return person.group_code or person.person_id


def shifts_after(shifts: Sequence[Shift], transfer: TransferPerson) -> tuple[Shift, ...]:
    """Returns the old site's shifts: those of the person until they leave."""
    end = transfer.start_date - _DAY
    kept: list[Shift] = []
    for shift in shifts:
        if shift.person_id != transfer.person_id or shift.end_date <= end:
            kept.append(shift)
        elif shift.start_date <= end:
            kept.append(replace(shift, end_date=end))
    return tuple(kept)


def rows_after(
    rows: Sequence[Responsibility], transfer: TransferPerson
) -> tuple[Responsibility, ...]:
    """Returns the old site's rows: the given ones first, those of the person until they leave."""
    end = transfer.start_date - _DAY
    kept: list[Responsibility] = []
    for row in rows:
        if row.person_id != transfer.person_id or (row.end_date and row.end_date <= end):
            kept.append(row)
        elif row.start_date <= end:
            kept.append(replace(row, end_date=end))
    return (*transfer.responsibilities, *kept)
