"""What waits for the reporter goes on waiting: nothing ends by itself, and silence is no yes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from backstop.intake.v1 import intake_measures_pb2
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from backstop.sla.v1 import sla_facts_pb2, sla_pb2
from chassis.clock import set_offset
from chassis.convert import to_date_message, to_timestamp
from services.intake.domain.times import local_day
from tests.integration.conftest import DatabaseFor
from tests.integration.intake.ends import close, lacks, set_back, struck_off
from tests.integration.intake.window import Window

ANONYMOUS = pb.Reporter(confidentiality=pb.CONFIDENTIALITY_ANONYMOUS)
NAMED = pb.Reporter(name="样例", person_code="w-7")


@pytest.fixture
def database_for(database_for: DatabaseFor) -> DatabaseFor:
    """Databases with a clock that can be put forward."""

    async def open_one(service: str, **how: Any) -> Any:
        return await database_for(service, **how | {"demonstration": True})

    return open_one


@pytest.mark.parametrize(
    ("reporter", "kind", "unproven"),
    [
        (NAMED, sla_pb2.CLOCK_KIND_CONFIRMATION, ["SOLVED", "UNCONFIRMED"]),
        # Half a year of silence is enough to be struck off, by the dispatch room and not before.
        (ANONYMOUS, sla_pb2.CLOCK_KIND_SILENCE, ["SOLVED"]),
    ],
)
async def test_silence_alone_closes_nothing(
    window: Window, reporter: pb.Reporter, kind: sla_pb2.ClockKind.ValueType, unproven: list[str]
) -> None:
    case_id = (await window.resolved(reporter=reporter)).case.case_id
    await set_offset(window.database.worker, timedelta(days=180))
    now = datetime.now(UTC) + timedelta(days=180)
    due = to_timestamp(now - timedelta(days=170))
    clock = sla_pb2.Clock(
        clock_id="waits",
        kind=kind,
        cycle=1,
        start_time=due,
        due_time=due,
        state=sla_pb2.CLOCK_STATE_BREACHED,
        breach_time=due,
    )
    breached = sla_facts_pb2.ClockBreached(case_id=case_id, clock=clock)
    await window.tell("sla", case_id, "yuwu", breached, record_time=now)
    case = await window.case(case_id)
    assert (case.state, case.outcome) == (pb.CASE_STATE_RESOLVED, pb.OUTCOME_UNSPECIFIED)
    assert case.accountable
    assert await window.facts(case_id) == ["CaseRegistered", "CaseResolved"]
    for outcome in unproven:
        await lacks(window, case_id, outcome)


async def test_what_ended_unconfirmed_is_counted_as_confirmed_by_nothing(window: Window) -> None:
    case_id = (await window.resolved(reporter=ANONYMOUS)).case.case_id
    # Reported by a handler, which is nobody's word but theirs.
    said = rpc.ConfirmCaseRequest(case_id=case_id, grade=pb.GRADE_SATISFIED)
    assert (await window.ask(said, "STEWARD")).basis == pb.CONFIRMATION_BASIS_REPORTED
    await set_back(window, case_id, "resolve_record_time", 15.1)
    await struck_off(window, case_id, "UNCONFIRMED")
    (row,) = await window.rows("SELECT confirmed FROM cases WHERE case_id = $1", case_id)
    assert row["confirmed"] is False
    # Midnight may have come meanwhile.
    today = local_day(datetime.now(UTC), ZoneInfo("Asia/Shanghai"))
    ask = intake_measures_pb2.GetMeasuresRequest(
        site_ids=["yuwu"],
        start_date=to_date_message(today - timedelta(days=1)),
        end_date=to_date_message(today),
    )
    (found,) = (await window.ask(ask, "DIRECTOR")).sets
    shares = {one.measure: (one.numerator, one.denominator) for one in found.measures}
    assert shares["RESOLUTION_RATE"] == (0, 1)
    assert shares["ANSWERED_SHARE"][0] == 0


async def test_a_hazard_stays_open_until_its_end_is_proven_as_any_case_does(
    window: Window,
) -> None:
    case_id = (await window.register(hazard=True)).case.case_id
    phoned = rpc.AnswerCaseRequest(
        case_id=case_id,
        kind=pb.ANSWER_KIND_FIRST_REPLY,
        text="已电话通知调度室",
        feedback=pb.Feedback(way=pb.FEEDBACK_WAY_TOLD),
    )
    await window.ask(phoned, "CLERK")
    off = rpc.FlagCaseRequest(
        case_id=case_id, flag=pb.CASE_FLAG_HAZARD, remove=True, reason="已排除"
    )
    for _ in range(2):
        for outcome, missing in (
            ("REFERRED", "result_of_the_other_body"),
            ("WITHDRAWN", "withdrawal"),
        ):
            assert await lacks(window, case_id, outcome) == missing
        assert (await window.refused(close(case_id, "SOLVED"), "DISPATCHER")).reason == (
            "WRONG_STATE"
        )
        case = await window.case(case_id)
        assert case.state == pb.CASE_STATE_IN_PROGRESS
        assert case.accountable and case.HasField("next_wake_time")
        # Nor does it end by the mark's being taken off.
        await window.ask(off, "DISPATCHER")
