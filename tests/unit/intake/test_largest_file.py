"""That no case file, handover or set of measures outgrows a message, whatever is added."""

from dataclasses import replace
from datetime import timedelta

import pytest

from backstop.intake.v1.intake_measures_pb2 import GetMeasuresResponse
from chassis.errors import Refused
from chassis.server import LARGEST_MESSAGE_BYTES
from services.intake.convert.measures import definitions, figure_sets
from services.intake.convert.replies import case_file
from services.intake.convert.shifts import handover_message
from services.intake.domain.actions import NAMES
from services.intake.domain.amending import AmendCase, amend
from services.intake.domain.handover import LINES_SHOWN, Change, Entry, reckon
from services.intake.domain.marks import Flag, FlagKind, Pause
from services.intake.domain.measures import DEFINITIONS, Figure, FigureSet, Group
from services.intake.domain.room import (
    CLOCKS_SHOWN,
    PERSONS_LIMIT,
    TASK_TEXT_SHOWN,
    WORK_ORDERS_SHOWN,
    clocks_shown,
    work_orders_shown,
)
from services.intake.domain.values import CaseFile, CaseState, Clock, WorkOrder
from services.intake.rpc.measures import MOST_GROUPS
from services.intake.store.handover import Handover, Line
from services.intake.store.samples import WAITING_SHOWN
from tests.unit.intake.examples import ACT, NOW, REPORTER, file
from tests.unit.intake.test_room import WIDE, full

# As many people as a site's directory takes, and the longest of their codes.
PEOPLE = tuple(f"p{at:039d}" for at in range(10_000))
ID = "0190a5d0-0000-7000-8000-{:012d}"


def order(at: int, *, task: str = "换阀", state: str = "COMPLETED") -> WorkOrder:
    dispatched = NOW + timedelta(minutes=at)
    return WorkOrder(ID.format(at), "u" * 40, True, task, dispatched, dispatched, state)


def clock(at: int, *, state: str = "CANCELLED", cycle: int = 1) -> Clock:
    start = NOW + timedelta(minutes=at)
    return Clock(
        ID.format(at), "FIRST_REPLY", cycle, ID.format(at), start, start, state, True, True, True
    )


def largest() -> CaseFile:
    """The fullest file, with more tasks and clocks than any has, and everybody recused."""
    there = full()
    flag = Flag(FlagKind.HAZARD, WIDE * 500, "p" * 40, "p" * 40, NOW)
    case = replace(
        there.case,
        about_persons=tuple(f"{WIDE * 36}{at:04d}" for at in range(PERSONS_LIMIT)),
        recused_persons=PEOPLE,
        flags=(flag, replace(flag, kind=FlagKind.LONG_STANDING)),
        pause=Pause("WAITING_FOR_OUTAGE_WINDOW", WIDE * 500, "p" * 40, NOW, NOW),
        external_system="s" * 200,
        external_ref=WIDE * 100,
    )
    return replace(
        there,
        case=case,
        answers=tuple(
            replace(one, answer_id=ID.format(at)) for at, one in enumerate(there.answers)
        ),
        feedbacks=tuple(
            replace(one, answer_id=ID.format(at)) if one.answer_id else one
            for at, one in enumerate(there.feedbacks)
        ),
        work_orders=tuple(order(at, task=WIDE * 2_000) for at in range(400))
        + tuple(order(at, task="x") for at in range(400, 800)),
        clocks=tuple(clock(at) for at in range(2_000)),
    )


def test_the_largest_file_fits_into_a_message() -> None:
    message = case_file(largest())
    message.allowed_actions.extend(NAMES)
    message.sample_ids.extend(ID.format(at) for at in range(WAITING_SHOWN))
    assert len(message.result_feedbacks) == 200
    # Beside a new case, as an answer to SplitCase is, too.
    second = replace(file(), case=replace(largest().case, flags=()))
    assert message.ByteSize() > 3_000_000
    assert message.ByteSize() + case_file(second).ByteSize() < LARGEST_MESSAGE_BYTES


def test_what_is_left_off_is_counted() -> None:
    there = largest()
    message = case_file(there)
    assert len(message.clocks) == CLOCKS_SHOWN
    assert message.clocks_left_off == len(there.clocks) - CLOCKS_SHOWN
    assert 0 < len(message.work_orders) <= WORK_ORDERS_SHOWN
    assert message.work_orders_left_off == len(there.work_orders) - len(message.work_orders)
    small = case_file(replace(file(), work_orders=(order(1),), clocks=(clock(1),)))
    assert (len(small.work_orders), small.work_orders_left_off) == (1, 0)
    assert (len(small.clocks), small.clocks_left_off) == (1, 0)


def test_open_tasks_come_before_completed_and_new_before_old() -> None:
    old_open = order(0, state="ACCEPTED")
    many = (old_open, *(order(at) for at in range(1, WORK_ORDERS_SHOWN + 50)))
    shown = work_orders_shown(many)
    assert len(shown) == WORK_ORDERS_SHOWN
    assert shown[0] is old_open
    # The order is the file's.
    assert list(shown) == [one for one in many if one in shown]
    assert shown[1:] == many[-WORK_ORDERS_SHOWN + 1 :]
    long = [order(at, task="x" * 2_000) for at in range(WORK_ORDERS_SHOWN)]
    assert sum(len(one.task) for one in work_orders_shown(long)) == TASK_TEXT_SHOWN
    assert work_orders_shown(long)[-1] is long[-1]


def test_running_clocks_come_before_stopped_and_new_before_old() -> None:
    running = clock(0, state="RUNNING")
    many = (running, *(clock(at) for at in range(1, CLOCKS_SHOWN + 50)))
    shown = clocks_shown(many)
    assert shown[0] is running
    assert shown[1:] == many[-CLOCKS_SHOWN + 1 :]
    paused = (*many[1:], clock(9_999, state="PAUSED"))
    assert clocks_shown(paused)[-1].state == "PAUSED"


def test_a_case_is_about_a_bounded_number_of_persons() -> None:
    there = file(about_persons=tuple(f"p-{at}" for at in range(PERSONS_LIMIT - 1)))

    def add(*persons: str) -> AmendCase:
        return AmendCase(there.case.case_id, 0, "补充", add_about_persons=persons)

    roles = frozenset({"DISPATCHER"})
    amended = amend(there, add("q-1"), ACT, roles, REPORTER)
    assert len(amended.case.about_persons) == PERSONS_LIMIT
    with pytest.raises(Refused, match="TOO_MANY_ENTRIES") as caught:
        amend(there, add("q-1", "q-2"), ACT, roles, REPORTER)
    assert caught.value.metadata["limit"] == str(PERSONS_LIMIT)
    # Who is among them already takes no room, and nobody is kept from amending anything else.
    crowded = file(about_persons=tuple(f"p-{at}" for at in range(PERSONS_LIMIT)))
    known = AmendCase(there.case.case_id, 0, "补充", text="改", add_about_persons=("p-1",))
    assert amend(crowded, known, ACT, roles, REPORTER).case.text == "改"


def test_the_longest_handover_fits_into_a_message() -> None:
    made = Handover(
        handover_id=ID.format(0),
        site_id="s" * 40,
        sequence=2**40,
        outgoing="p" * 40,
        prepare_time=NOW,
        incoming="p" * 40,
        incoming_sign_time=NOW,
        note=WIDE * 2_000,
        incoming_note=WIDE * 2_000,
        reckoning=reckon({}, 0),
        at_risk=10**6,
        promised_today=10**6,
    )
    entry = Entry(
        ID.format(1), CaseState.IN_PROGRESS, Change.CARRIED, True, True, NOW, "position:" + "P" * 40
    )
    lines = [Line(entry, f"{'Y' * 8}-20261122-000001", WIDE * 80, WIDE * 40, "U" * 40)] * (
        LINES_SHOWN + 7
    )
    message = handover_message(made, lines)
    assert message.cases_left_off == 7
    assert 2_000_000 < message.ByteSize() < LARGEST_MESSAGE_BYTES


def test_as_many_measures_as_are_answered_at_once_fit_into_a_message() -> None:
    figures = {one.measure: Figure(one.measure, 10**6, 10**6, value=1234.5) for one in DEFINITIONS}
    group = FigureSet(f"{'s' * 40}/{'u' * 40}", figures)
    names = {group.value: WIDE * 80}
    sets = figure_sets([group] * MOST_GROUPS, Group.UNIT, names, "zh-CN")
    message = GetMeasuresResponse(sets=sets, definitions=definitions())
    assert LARGEST_MESSAGE_BYTES / 2 < message.ByteSize() < LARGEST_MESSAGE_BYTES
