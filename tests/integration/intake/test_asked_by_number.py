"""A case asked for by a number that two sites gave, or none: told of the number that was asked."""

from datetime import UTC, datetime

import pytest

from backstop.intake.v1 import intake_service_pb2 as rpc
from chassis.convert import to_timestamp
from tests.integration.intake.window import Window, appeal, directory

BOTH = ("yuwu", "other")


async def test_a_number_that_two_sites_gave_is_for_a_caller_of_one(window: Window) -> None:
    await window.tell("routing", "directory/other", "other", directory("other", "YW"))
    here = (await window.ask(appeal(), "CLERK")).case
    there = (await window.ask(appeal(site_id="other"), "CLERK", sites=BOTH)).case
    assert (here.number, here.site_id) == (there.number, "yuwu")
    request = rpc.GetCaseRequest(number=here.number)
    answer = await window.refused(request, "LEADER", sites=BOTH)
    assert (answer.reason, answer.fields) == ("CASE_NOT_FOUND", ("number",))
    for site, case in (("yuwu", here), ("other", there)):
        found = (await window.ask(request, "LEADER", sites=(site,))).case
        assert found.case_id == case.case_id
    by_id = rpc.GetCaseRequest(case_id=there.case_id)
    assert (await window.ask(by_id, "LEADER", sites=BOTH)).case.site_id == "other"


@pytest.mark.parametrize("then", [False, True])
async def test_what_is_named_is_the_field_that_was_asked_by(window: Window, then: bool) -> None:
    case = (await window.register(about_persons=["s-1"])).case
    as_of = to_timestamp(datetime.now(UTC)) if then else None
    for number in ("YW-20261122-9999", case.number):
        request = rpc.GetCaseRequest(number=number, as_of_time=as_of)
        answer = await window.refused(request, "STEWARD", subject="s-1")
        assert (answer.reason, answer.fields) == ("CASE_NOT_FOUND", ("number",))
        assert number in answer.sentence
    by_id = await window.refused(rpc.GetCaseRequest(case_id=case.case_id), "STEWARD", subject="s-1")
    assert by_id.fields == ("case_id",)
