"""What is told of a case calls others by their numbers, but only those that the reader sees."""

from typing import Any

from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from tests.integration.intake.test_watching import stamper, take, watch
from tests.integration.intake.ties import tie
from tests.integration.intake.window import Window

OTHERS = pb.Reporter(name="样例丁", person_code="w-9")


async def tied(window: Window) -> tuple[str, list[str]]:
    """Ties a case to three: another of its reporter's, somebody else's, and one about s-1."""
    case_id = (await window.register()).case.case_id
    kinds: list[dict[str, Any]] = [{}, {"reporter": OTHERS}, {"about_persons": ["s-1"]}]
    numbers = []
    for fields in kinds:
        other = (await window.register(**fields)).case
        await window.ask(tie(case_id, other.case_id), "DISPATCHER")
        numbers.append(other.number)
    return case_id, numbers


async def told(window: Window, case_id: str, role: str, subject: str) -> str:
    reply = await window.ask(rpc.GetTimelineRequest(case_id=case_id), role, subject=subject)
    return "\n".join(entry.sentence for entry in reply.entries)


async def test_a_history_numbers_the_cases_that_its_reader_sees(window: Window) -> None:
    case_id, numbers = await tied(window)
    shown = {
        (role, subject): [
            number in await told(window, case_id, role, subject) for number in numbers
        ]
        for role, subject in (("DISPATCHER", "d-1"), ("STEWARD", "s-1"), ("REPORTER", "w-7"))
    }
    assert shown == {
        ("DISPATCHER", "d-1"): [True, True, True],
        ("STEWARD", "s-1"): [True, True, False],
        # The last was raised by the same reporter, the one before by another.
        ("REPORTER", "w-7"): [True, False, True],
    }


async def test_so_does_the_feed(window: Window) -> None:
    _, numbers = await tied(window)
    async with stamper(window) as stamp:
        await stamp()
        for role, subject, expected in (("DISPATCHER", "d-1", 3), ("STEWARD", "s-1", 2)):
            stream = watch(window, role, subject)
            events = await take(stream, 7)
            stream.cancel()
            sentences = [one.sentence for one in events if one.type == "CaseLinked"]
            assert len(sentences) == 3
            named = [number for number in numbers if any(number in one for one in sentences)]
            assert named == numbers[:expected]
