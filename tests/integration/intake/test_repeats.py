"""How many other cases the same person has: counted for those whom it doesn't tell who they are."""

from datetime import UTC, datetime, timedelta
from typing import Any

from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_rules_pb2 as rules
from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.convert import to_timestamp
from tests.integration.intake.window import Window

NAMED = pb.CONFIDENTIALITY_NAMED
HIDDEN = pb.CONFIDENTIALITY_CONFIDENTIAL
NOBODY = pb.CONFIDENTIALITY_ANONYMOUS


def person(code: str = "w-3", confidentiality: Any = NAMED) -> pb.Reporter:
    return pb.Reporter(name="样例", person_code=code, confidentiality=confidentiality)


async def made(window: Window, reporter: pb.Reporter, **fields: Any) -> str:
    return str((await window.register(reporter=reporter, **fields)).case.case_id)


async def count(window: Window, case_id: str, *roles: str, **how: Any) -> int:
    request = rpc.GetCaseRequest(case_id=case_id)
    reply = await window.ask(request, *(roles or ("DISPATCHER",)), **how)
    return int(reply.case.repeat_count)


async def test_the_named_cases_of_a_person_are_counted(window: Window) -> None:
    first = await made(window, person())
    assert await count(window, first) == 0
    second = await window.register(reporter=person())
    assert second.case.repeat_count == 1
    await made(window, person("w-4"))
    await made(window, person(), site_id="other", sites=("other",), post_id="canteen")
    assert [await count(window, one) for one in (first, second.case.case_id)] == [1, 1]
    # Whoever reads what they raised themselves reads nothing new.
    assert await count(window, first, "REPORTER", subject="w-3") == 1
    # Of the past nothing is counted, and whoever has the code isn't told.
    then = rpc.GetCaseRequest(case_id=first, as_of_time=to_timestamp(datetime.now(UTC)))
    assert (await window.ask(then, "DISPATCHER")).case.repeat_count == 0
    word = life.CommentCaseRequest(
        case_id=second.case.case_id, text="谢谢", receipt_code=second.receipt_code
    )
    assert (await window.ask(word, nobody=True)).case.repeat_count == 0


async def test_what_would_tell_who_somebody_is_counts_nothing(window: Window) -> None:
    named = await made(window, person())
    hidden = await made(window, person(confidentiality=HIDDEN))
    nameless = await made(window, pb.Reporter(confidentiality=NOBODY))
    codeless = [await made(window, pb.Reporter(name="样例")) for _ in range(2)]
    for case_id in (named, hidden, nameless, *codeless):
        assert [await count(window, case_id, role) for role in ("DIRECTOR", "SUPPORT")] == [0, 0]
    # Who becomes confidential is counted no more, on either side.
    other = await made(window, person())
    assert await count(window, named) == 1
    amend = life.AmendCaseRequest(
        case_id=other, reason="要求保密", reporter=person(confidentiality=HIDDEN)
    )
    await window.ask(amend, "DISPATCHER")
    assert [await count(window, one) for one in (named, other)] == [0, 0]


async def test_a_case_about_the_caller_is_not_counted_for_them(window: Window) -> None:
    case_id = await made(window, person())
    await made(window, person(), about_persons=["s-1"])
    assert await count(window, case_id) == 1
    assert await count(window, case_id, "STEWARD", subject="s-1") == 0
    assert await count(window, case_id, "DIRECTOR", subject="d-1", acting_for="s-1") == 0
    # Nor is it when they have just handed one in.
    again = await window.register("STEWARD", reporter=person())
    assert again.case.repeat_count == 1


async def test_the_sites_rules_say_within_how_many_days(window: Window) -> None:
    now = datetime.now(UTC)
    case_id = await made(window, person())
    for days in (3, 20, 85):
        spoken = to_timestamp(now - timedelta(days=days))
        await made(window, person(), occurred_time=spoken)
    assert await count(window, case_id) == 3
    publish = rules.PublishWindowRulesRequest(
        site_id="yuwu", rules=rules.WindowRules(repeat_days=10)
    )
    await window.ask(publish, "DIRECTOR")
    assert await count(window, case_id) == 1
