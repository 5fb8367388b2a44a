"""Lets a random life go on by a step: an act of a caller, or a fact of another service."""

import grpc
from google.protobuf.message import Message

from backstop.intake.v1 import intake_pb2 as pb
from chassis.testing import read_refusal
from tests.integration.intake.replay_acts import ANY, CLOSED, IN_HAND, RESOLVED, review
from tests.integration.intake.replay_facts import FACTS
from tests.integration.intake.replay_life import Act, Life


async def step(it: Life) -> str:
    """Lets one thing happen; returns what it was, empty where it was refused."""
    case = await it.window.case(it.case_id)
    it.count += 1
    if it.random.random() < 0.4:
        source, message = _fact(it, case)
        await it.window.tell(source, it.case_id, "yuwu", message, actor="s-1")
        return message.DESCRIPTOR.name
    request, role, subject = _act(it, case)
    try:
        if role is None:
            await it.window.ask(request, nobody=True)
        else:
            await it.window.ask(request, role, subject=subject)
    except grpc.aio.AioRpcError as error:
        if error.code() in {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN}:
            raise
        it.refused[request.DESCRIPTOR.name] = read_refusal(error).reason
        return ""
    return request.DESCRIPTOR.name


def _act(it: Life, case: pb.Case) -> Act:
    acts = {pb.CASE_STATE_RESOLVED: RESOLVED, pb.CASE_STATE_CLOSED: CLOSED}.get(case.state, IN_HAND)
    if case.reopen_count > 1 and it.random.random() < 0.15:
        return review(it, case)
    # Whatever the state, anything may be tried.
    return it.random.choice(ANY if it.random.random() < 0.3 else acts)(it, case)


def _fact(it: Life, case: pb.Case) -> tuple[str, Message]:
    if not it.bag:
        # Each comes once before any comes again.
        it.bag = it.random.sample(FACTS, len(FACTS))
    message = it.bag.pop()(it, case)
    return message.DESCRIPTOR.full_name.split(".")[1], message
