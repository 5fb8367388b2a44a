"""Whoever asks for confidentiality after a split has it for every matter that was one appeal."""

from typing import Any

from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.ids import new_id
from tests.integration.intake.ties import made, tie
from tests.integration.intake.window import Window

NAMED = pb.CONFIDENTIALITY_NAMED
HIDDEN = pb.CONFIDENTIALITY_CONFIDENTIAL


def reporter(confidentiality: Any) -> pb.Reporter:
    return pb.Reporter(name="样例丙", person_code="w-7", confidentiality=confidentiality)


def look(case_id: str) -> rpc.UnsealReporterRequest:
    return rpc.UnsealReporterRequest(case_id=case_id, reason="回访", request_id=new_id())


async def split(window: Window, case_id: str) -> str:
    request = life.SplitCaseRequest(case_id=case_id, text="食堂早饭太凉", reason="两件事")
    return str((await window.ask(request, "DISPATCHER")).new_case.case_id)


async def hide(window: Window, case_id: str) -> None:
    request = life.AmendCaseRequest(case_id=case_id, reason="要求保密", reporter=reporter(HIDDEN))
    await window.ask(request, "DISPATCHER")


async def test_the_name_behind_one_is_not_read_off_the_other(window: Window) -> None:
    old = await made(window, reporter=reporter(NAMED))
    second, third = await split(window, old), await split(window, old)
    # Split off what was split off before.
    last = await split(window, third)
    other = await made(window, reporter=reporter(NAMED))
    await window.ask(tie(other, old), "DISPATCHER")
    family = (old, second, third, last)
    looks = {case_id: look(case_id) for case_id in family}
    for one in looks.values():
        assert (await window.ask(one, "DISPATCHER")).reporter.name == "样例丙"
    await hide(window, second)
    for case_id, one in looks.items():
        for role in ("DISPATCHER", "STEWARD"):
            assert (await window.refused(look(case_id), role)).reason == "CASE_CONFIDENTIAL"
        # Nor by the same request again.
        assert (await window.refused(one, "DISPATCHER")).reason == "CASE_CONFIDENTIAL"
        for role in ("DIRECTOR", "SUPPORT"):
            assert (await window.ask(look(case_id), role)).reporter.name == "样例丙"
    # A tie of another kind doesn't make it the same appeal.
    assert (await window.ask(look(other), "DISPATCHER")).reporter.name == "样例丙"
    assert await window.findings() == []


async def test_so_it_is_when_the_old_one_is_made_confidential(window: Window) -> None:
    old = await made(window, reporter=reporter(NAMED))
    new = await split(window, old)
    await hide(window, old)
    assert (await window.refused(look(new), "DISPATCHER")).reason == "CASE_CONFIDENTIAL"
