"""Whoever may call about a closed case reads which samples wait; a list counts what came."""

from typing import Any

from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_service_pb2 as rpc
from tests.integration.intake.test_shifts import close, draw
from tests.integration.intake.window import Window


async def waiting(window: Window, case_id: str, role: str, **how: Any) -> list[str]:
    reply = await window.ask(rpc.GetCaseRequest(case_id=case_id), role, **how)
    listed = "RecordCallback" in reply.case.allowed_actions
    ids = list(reply.case.sample_ids)
    assert listed or not ids
    return ids


def call(case_id: str, sample_id: str, **fields: Any) -> rpc.RecordCallbackRequest:
    return rpc.RecordCallbackRequest(case_id=case_id, sample_id=sample_id, **fields)


async def test_whoever_may_call_reads_for_which_samples(window: Window) -> None:
    case_id = (await window.resolved()).case.case_id
    await close(window, case_id)
    assert await waiting(window, case_id, "DISPATCHER") == []
    samples = [(await window.ask(draw(seed=seed), "DIRECTOR")).sample.sample_id for seed in (1, 2)]
    newest_first = samples[::-1]
    assert await waiting(window, case_id, "DISPATCHER") == newest_first
    assert await waiting(window, case_id, "SUPPORT") == newest_first
    # Not for those who may not call, nor for a hand in the case.
    for role in ("DIRECTOR", "STEWARD", "LEADER"):
        assert await waiting(window, case_id, role) == []
    assert await waiting(window, case_id, "DISPATCHER", subject="c-1") == []
    # One in vain is made again; one that reached the reporter isn't waited for any more.
    await window.ask(call(case_id, samples[0], reached=False, words="无人接听"), "SUPPORT")
    assert await waiting(window, case_id, "DISPATCHER") == newest_first
    reached = call(case_id, samples[0], reached=True, grade=pb.GRADE_SATISFIED)
    await window.ask(reached, "SUPPORT")
    assert await waiting(window, case_id, "DISPATCHER") == [samples[1]]
    await window.ask(call(case_id, samples[1], reached=True), "SUPPORT")
    assert await waiting(window, case_id, "DISPATCHER") == []
    assert await window.findings() == []


async def test_a_list_counts_as_each_sample_does(window: Window) -> None:
    ids = [(await window.resolved()).case.case_id for _ in range(4)]
    about = (await window.resolved(about_persons=["c-1"], subject="c-9")).case.case_id
    for case_id in (*ids, about):
        await close(window, case_id)
    sample = (await window.ask(draw(), "DIRECTOR")).sample
    (idle,) = [(await window.ask(draw(1, seed=9), "DIRECTOR")).sample]
    assert len(sample.cases) == 5
    grades = {
        ids[0]: pb.GRADE_SATISFIED,
        ids[1]: pb.GRADE_DISSATISFIED,
        # Reached, and not asked how satisfied they are.
        ids[2]: pb.GRADE_UNSPECIFIED,
        about: pb.GRADE_SATISFIED,
    }
    for case_id, grade in grades.items():
        await window.ask(call(case_id, sample.sample_id, reached=True, grade=grade), "SUPPORT")
    await window.ask(call(ids[3], sample.sample_id, reached=False, words="无人接听"), "SUPPORT")
    # A second call in vain takes nothing back.
    await window.ask(call(ids[0], sample.sample_id, reached=False, words="无人接听"), "SUPPORT")

    async def counted(**how: Any) -> dict[str, tuple[int, int]]:
        listing = life.ListCallbackSamplesRequest(site_id="yuwu")
        found = {}
        for one in (await window.ask(listing, "LEADER", **how)).samples:
            get = life.GetCallbackSampleRequest(sample_id=one.sample_id)
            alone = (await window.ask(get, "LEADER", **how)).sample
            found[one.sample_id] = (one.reached_count, one.agreeing_count)
            assert found[one.sample_id] == (alone.reached_count, alone.agreeing_count)
        return found

    assert await counted() == {sample.sample_id: (4, 2), idle.sample_id: (0, 0)}
    # Of a case about the caller nothing is counted.
    assert await counted(subject="c-1") == {sample.sample_id: (3, 1), idle.sample_id: (0, 0)}
