"""Whoever may say that a duplicate's reporter is content is told so: of the master's result."""

from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from tests.integration.intake.ties import made, merge, resolve
from tests.integration.intake.window import Window

WHO = [("CLERK", "c-1"), ("STEWARD", "s-1"), ("DISPATCHER", "d-1"), ("DIRECTOR", "e-1"),
       ("SUPPORT", "u-1")]  # fmt: skip


async def test_the_word_about_a_duplicate_is_offered_to_whom_it_is_taken_from(
    window: Window,
) -> None:
    duplicate, master = await made(window), await made(window)
    await window.ask(merge(duplicate, master), "DISPATCHER", subject="d-1")
    # A hand in it: what they say is only reported, and still taken.
    await window.ask(
        rpc.UnsealReporterRequest(case_id=duplicate, reason="回访"), "DISPATCHER", subject="d-1"
    )

    async def offered(role: str, subject: str) -> bool:
        get = rpc.GetCaseRequest(case_id=duplicate)
        reply = await window.ask(get, role, subject=subject)
        return "ConfirmCase" in reply.case.allowed_actions

    assert [await offered(*who) for who in WHO] == [False] * len(WHO)
    await resolve(window, master)
    assert [await offered(*who) for who in WHO] == [True] * len(WHO)
    for role, subject in WHO:
        word = rpc.ConfirmCaseRequest(case_id=duplicate, grade=pb.GRADE_SATISFIED)
        await window.ask(word, role, subject=subject)
    # Nor is it offered to those from whom it isn't taken.
    for role, subject in (("HANDLER", "h-1"), ("LEADER", "l-1")):
        assert not await offered(role, subject)
        word = rpc.ConfirmCaseRequest(case_id=duplicate, grade=pb.GRADE_SATISFIED)
        assert (await window.refused(word, role, subject=subject)).reason == "PERMISSION_DENIED"
    assert await window.findings() == []


async def test_it_is_offered_once_the_master_is_closed(window: Window) -> None:
    duplicate, master = await made(window), await made(window)
    await window.ask(merge(duplicate, master), "DISPATCHER")
    await resolve(window, master)
    word = rpc.ConfirmCaseRequest(case_id=master, grade=pb.GRADE_SATISFIED)
    await window.ask(word, "SUPPORT")
    await window.ask(rpc.CloseCaseRequest(case_id=master, outcome=pb.OUTCOME_SOLVED), "DISPATCHER")
    reply = await window.ask(rpc.GetCaseRequest(case_id=duplicate), "CLERK")
    assert "ConfirmCase" in reply.case.allowed_actions
