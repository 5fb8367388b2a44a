"""The sample site as an organisation: covered at every moment, and what moves when people do."""

import asyncio
import csv
import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from backstop.intake.v1 import intake_pb2, intake_service_pb2
from backstop.notify.v1 import notify_service_pb2
from backstop.routing.v1 import routing_organisation_pb2 as lists_pb
from backstop.routing.v1 import routing_pb2, routing_sweeps_pb2
from backstop.routing.v1 import routing_service_pb2 as rpc
from deploy.local.layout import Instance
from tests.harness import SITE, Caller, Inspector, refusal, until

ROOT = Path(__file__).resolve().parents[2]
TOLD = intake_pb2.Feedback(way=intake_pb2.FEEDBACK_WAY_TOLD)


async def _today(caller: Caller, days: int = 0) -> Date:
    now: Timestamp = (await caller.flow("routing")).decision_time
    day = (now.ToDatetime() + timedelta(hours=8, days=days)).date()
    return Date(year=day.year, month=day.month, day=day.day)


async def test_every_unit_of_the_sample_is_answered_for_on_every_day_of_a_year(
    caller: Caller,
) -> None:
    request = rpc.GetCoverageRequest(
        site_id=SITE, start_date=await _today(caller), end_date=await _today(caller, 365)
    )
    coverage = await caller.ask(caller.routing.GetCoverage, request, "support")
    assert not coverage.gaps
    assert len(coverage.units) == 28
    assert (coverage.leading_office, coverage.supporting_office) == ("调度室", "党建调度")
    # One steward has more units than the site thinks right, and that is told.
    assert coverage.span_limit == 12
    assert max(span.unit_count for span in coverage.spans) <= coverage.span_limit

    joint = await caller.ask(
        caller.routing.WhoAnswersFor,
        lists_pb.WhoAnswersForRequest(site_id=SITE, unit_id="joint-2"),
        "clerk",
    )
    held = {holder.role: holder.person_id for holder in joint.holders}
    assert held[routing_pb2.RESPONSIBILITY_ROLE_STEWARD] == "dd14"
    assert held[routing_pb2.RESPONSIBILITY_ROLE_INSTRUCTOR] == "zd02"
    # One technician for two teams.
    assert held[routing_pb2.RESPONSIBILITY_ROLE_TECHNICIAN] == "js01"
    assert not joint.missing


async def test_somebody_is_at_every_post_whenever_it_is_open(caller: Caller) -> None:
    directory = (
        await caller.ask(
            caller.routing.GetDirectory, rpc.GetDirectoryRequest(site_id=SITE), "clerk"
        )
    ).directory
    windows = {post.post_id: len(post.windows) for post in directory.posts}
    assert windows["canteen-central-east"] == 3  # three meal peaks
    assert windows["canteen-south-door"] == 3
    gaps = await caller.ask(
        caller.routing.GetRosterGaps, lists_pb.GetRosterGapsRequest(site_id=SITE), "clerk"
    )
    assert not gaps.gaps


async def test_a_case_goes_to_the_deputy_for_the_days_of_an_absence(
    caller: Caller, inside: Inspector
) -> None:
    case_id = (await caller.register("综采预备队的诉求", unit_id="mining-reserve")).case.case_id
    await caller.case_when(case_id, lambda case: case.steward == "dd11", "the steward")
    await inside.settle()
    request = lists_pb.RecordAbsenceRequest(
        site_id=SITE,
        person_id="dd11",
        start_date=await _today(caller),
        end_date=await _today(caller, 3),
        reason="培训",
    )
    absence = (await caller.ask(caller.routing.RecordAbsence, request, "dispatcher")).absence
    try:
        await caller.case_when(case_id, lambda case: case.steward == "dd12", "the deputy")
        explained = await caller.ask(
            caller.routing.ExplainRoute, rpc.ExplainRouteRequest(case_id=case_id), "dispatcher"
        )
        assert [one.accountable for one in explained.decisions] == ["dd11", "dd12"]
        assert explained.decisions[-1].handover_note

        async def told() -> bool:
            found = await caller.ask(
                caller.notify.ListDeliveries,
                notify_service_pb2.ListDeliveriesRequest(case_id=case_id),
                "dispatcher",
            )
            recipients = {one.recipient for one in found.deliveries}
            return "dd12" in recipients

        await until(told, "the deputy is told")
    finally:
        cancel = lists_pb.CancelAbsenceRequest(site_id=SITE, absence_id=absence.absence_id)
        await caller.ask(caller.routing.CancelAbsence, cancel, "dispatcher")
    await caller.case_when(case_id, lambda case: case.steward == "dd11", "the steward again")


async def test_an_absence_without_a_deputy_is_refused(caller: Caller) -> None:
    # The technician's deputy goes first: then nobody would be left.
    away = lists_pb.RecordAbsenceRequest(
        site_id=SITE,
        person_id="jd01",
        start_date=await _today(caller, 40),
        end_date=await _today(caller, 44),
        reason="休假",
    )
    absence = (await caller.ask(caller.routing.RecordAbsence, away, "dispatcher")).absence
    try:
        second = lists_pb.RecordAbsenceRequest(
            site_id=SITE,
            person_id="js01",
            start_date=await _today(caller, 42),
            end_date=await _today(caller, 50),
            reason="休假",
        )
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await caller.ask(caller.routing.RecordAbsence, second, "dispatcher")
        assert refusal(caught.value) == (
            grpc.StatusCode.FAILED_PRECONDITION,
            "COVERAGE_HAS_GAPS",
        )
    finally:
        cancel = lists_pb.CancelAbsenceRequest(site_id=SITE, absence_id=absence.absence_id)
        await caller.ask(caller.routing.CancelAbsence, cancel, "dispatcher")


async def test_whom_a_case_is_about_neither_gets_it_nor_sees_it(
    caller: Caller, inside: Inspector
) -> None:
    registered = await caller.register("包保人员态度生硬", about_persons=["dd13"])
    case_id = registered.case.case_id
    route = await caller.route_when_known(case_id)
    assert route.steward != "dd13"
    assert route.accountable
    await inside.settle()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await caller.case(case_id, "steward-3")
    assert refusal(caught.value) == (grpc.StatusCode.NOT_FOUND, "CASE_NOT_FOUND")
    assert (await caller.case(case_id, "steward")).case_id == case_id
    # With the director accused nobody of the dispatch room is left: the alternate chain has it.
    registered = await caller.register("主任处事不公", about_persons=["dd00"])
    route = await caller.route_when_known(registered.case.case_id)
    assert route.rule == routing_pb2.ASSIGNMENT_RULE_ALTERNATE
    assert route.accountable == "jw01"


async def _solved(caller: Caller, inside: Inspector, **fields: Any) -> str:
    """Returns a case whose resolution every service has heard of."""
    case_id: str = (await caller.register("淋浴头损坏", category="BATHING", **fields)).case.case_id
    await caller.route_when_known(case_id)
    resolve = intake_service_pb2.ResolveCaseRequest(
        case_id=case_id,
        resolution="已更换",
        outcome=intake_pb2.OUTCOME_SOLVED,
        feedback=TOLD,
    )
    await caller.case_when(case_id, lambda case: bool(case.steward), "assigned")
    await caller.ask(caller.intake.ResolveCase, resolve, "steward-3")
    # Work orders are sealed before the resolution; only the fact tells routing that it is done.
    await inside.settle()
    return case_id


async def test_a_sweep_finds_the_same_elsewhere_and_a_case_follows_it(
    caller: Caller, inside: Inspector
) -> None:
    case_id = await _solved(caller, inside, place="南风井澡堂")
    opened = await caller.ask(
        caller.routing.OpenSweep,
        routing_sweeps_pb2.OpenSweepRequest(
            case_id=case_id,
            defect="淋浴头、管路老化",
            targets=[
                routing_sweeps_pb2.SweepTarget(unit_id="bathhouse", place="中央区澡堂"),
                routing_sweeps_pb2.SweepTarget(unit_id="apartment"),
            ],
            due_date=await _today(caller, 7),
        ),
        "dispatcher",
    )
    sweep_id = opened.sweep.sweep_id
    tasks = {task.unit_id: task.task_id for task in opened.sweep.tasks}
    for unit, who, finding in (
        ("apartment", "handler-apartment", routing_sweeps_pb2.SWEEP_FINDING_NONE),
        ("bathhouse", "handler-bathhouse", routing_sweeps_pb2.SWEEP_FINDING_FOUND),
    ):
        answer = routing_sweeps_pb2.AnswerSweepTaskRequest(
            sweep_id=sweep_id, task_id=tasks[unit], finding=finding, words="看过了"
        )
        await caller.ask(caller.routing.AnswerSweepTask, answer, who)

    async def registered() -> str:
        sweep = (
            await caller.ask(
                caller.routing.GetSweep,
                routing_sweeps_pb2.GetSweepRequest(sweep_id=sweep_id),
                "dispatcher",
            )
        ).sweep
        return next((task.found_case_id for task in sweep.tasks if task.found_case_id), "")

    found_id = await until(registered, "the case that was found")
    assert found_id
    found = await caller.case_when(found_id, lambda case: bool(case.steward), "assigned")
    assert [(link.case_id, link.relation) for link in found.links] == [
        (case_id, intake_pb2.RELATION_FOUND_BY_SWEEP)
    ]
    assert (found.unit_id, found.place, found.category) == ("bathhouse", "中央区澡堂", "BATHING")
    await inside.settle()
    count = await inside.value("SELECT count(*) FROM intake.cases WHERE case_id = $1", found_id)
    assert count == 1
    # All have answered: it has ended by itself.
    done = await caller.ask(
        caller.routing.GetSweep, routing_sweeps_pb2.GetSweepRequest(sweep_id=sweep_id), "dispatcher"
    )
    assert done.sweep.state == routing_sweeps_pb2.SWEEP_STATE_CLOSED
    assert (done.sweep.answered_count, done.sweep.task_count) == (2, 2)


async def run_ctl(instance: Instance, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ctl",
        "--instance",
        instance.name,
        *arguments,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}", "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_lists_go_out_and_come_in_again_and_one_bad_row_keeps_all_out(
    caller: Caller, instance: Instance, tmp_path: Path
) -> None:
    administrator = ("--as", "administrator", "--site", SITE)
    code, _, err = await run_ctl(
        instance, *administrator, "directory", "export", str(tmp_path), "--format", "csv"
    )
    assert code == 0, err
    # What was written is what is in force.
    code, out, err = await run_ctl(
        instance, *administrator, "--json", "directory", "import", str(tmp_path), "--dry-run"
    )
    assert code == 0, err
    assert not json.loads(out).get("changes")

    before = await caller.ask(
        caller.routing.GetDirectory, rpc.GetDirectoryRequest(site_id=SITE), "clerk"
    )
    people = tmp_path / "people.csv"
    with people.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    unit = rows[0].index("unit_id")
    for number in range(9_900):
        row = [f"x{number:05}", f"样例·{number}", *[""] * (len(rows[0]) - 2)]
        row[unit] = "nowhere" if number == 7_000 else "heading-1"
        rows.append(row)
    with people.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    line = next(n for n, row in enumerate(rows, 1) if row[unit] == "nowhere")
    code, out, err = await run_ctl(instance, *administrator, "directory", "import", str(tmp_path))
    assert code == 1, err
    assert f"people.csv:{line}" in out
    after = await caller.ask(
        caller.routing.GetDirectory, rpc.GetDirectoryRequest(site_id=SITE), "clerk"
    )
    assert after.version == before.version
    assert len(after.directory.people) == len(before.directory.people)
