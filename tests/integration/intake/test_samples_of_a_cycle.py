"""A sample asks about the result it was drawn for: a cycle that is over is called about no more."""

from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from tests.integration.intake.test_samples_shown import call, waiting
from tests.integration.intake.test_shifts import close, draw
from tests.integration.intake.window import Window


async def counted(window: Window, sample_id: str) -> tuple[int, int]:
    get = life.GetCallbackSampleRequest(sample_id=sample_id)
    sample = (await window.ask(get, "LEADER")).sample
    return sample.reached_count, sample.agreeing_count


async def explained_again(window: Window, case_id: str) -> None:
    """Reopens a case, and closes it with another declaration."""
    await window.ask(life.ReopenCaseRequest(case_id=case_id, reason="又坏了"), "DISPATCHER")
    resolve = rpc.ResolveCaseRequest(
        case_id=case_id,
        resolution="已说明原因",
        outcome=pb.OUTCOME_EXPLAINED,
        feedback=pb.Feedback(way=pb.FEEDBACK_WAY_TOLD),
    )
    await window.ask(resolve, "STEWARD")
    confirm = rpc.ConfirmCaseRequest(case_id=case_id, grade=pb.GRADE_DISSATISFIED)
    await window.ask(confirm, "SUPPORT")
    end = rpc.CloseCaseRequest(case_id=case_id, outcome=pb.OUTCOME_EXPLAINED)
    await window.ask(end, "DISPATCHER")


async def test_a_sample_of_a_cycle_that_is_over_waits_no_more(window: Window) -> None:
    case_id = (await window.resolved()).case.case_id
    await close(window, case_id)
    old = (await window.ask(draw(seed=1), "DIRECTOR")).sample.sample_id
    assert await waiting(window, case_id, "SUPPORT") == [old]
    await explained_again(window, case_id)
    # No sample holds the case as it is now: there is nothing to call about.
    listed = await window.ask(rpc.GetCaseRequest(case_id=case_id), "SUPPORT")
    assert "RecordCallback" not in listed.case.allowed_actions
    assert await waiting(window, case_id, "SUPPORT") == []
    content = {"reached": True, "grade": pb.GRADE_SATISFIED}
    refusal = await window.refused(call(case_id, old, **content), "SUPPORT")
    assert refusal.reason == "SAMPLE_NOT_FOUND"
    new = (await window.ask(draw(seed=2), "DIRECTOR")).sample.sample_id
    assert await waiting(window, case_id, "SUPPORT") == [new]
    unhappy = call(case_id, new, reached=True, grade=pb.GRADE_DISSATISFIED)
    await window.ask(unhappy, "SUPPORT")
    assert await waiting(window, case_id, "SUPPORT") == []
    assert (await counted(window, old), await counted(window, new)) == ((0, 0), (1, 1))
    assert await window.findings() == []


async def test_what_a_sample_has_heard_stays_when_its_cycle_is_over(window: Window) -> None:
    case_id = (await window.resolved()).case.case_id
    await close(window, case_id)
    old = (await window.ask(draw(), "DIRECTOR")).sample.sample_id
    await window.ask(call(case_id, old, reached=True, grade=pb.GRADE_SATISFIED), "SUPPORT")
    assert await counted(window, old) == (1, 1)
    await explained_again(window, case_id)
    assert await counted(window, old) == (1, 1)
    assert await waiting(window, case_id, "SUPPORT") == []
