"""A receipt's code opens its case until there is another, whoever the reporter is by now."""

from backstop.intake.v1 import intake_life_pb2 as life
from backstop.intake.v1 import intake_pb2 as pb
from backstop.intake.v1 import intake_registration_pb2 as registration
from backstop.intake.v1 import intake_service_pb2 as rpc
from tests.integration.intake.window import Window, appeal


async def test_another_reporter_does_not_make_the_code_another(window: Window) -> None:
    request = registration.BatchRegisterCasesRequest(appeals=[appeal(request_id="batch-0001")])
    (result,) = (await window.ask(request, "CLERK")).results
    code, case_id = result.registered.receipt_code, result.registered.case_id
    other = pb.Reporter(name="样例", person_code="w-9")
    amend = life.AmendCaseRequest(case_id=case_id, reason="登记有误", reporter=other)
    await window.ask(amend, "DISPATCHER")
    track = rpc.TrackCaseRequest(receipt_code=code)
    assert (await window.ask(track, nobody=True)).case_id == case_id
    # Repeated, the batch shows the code that still opens the case.
    (again,) = (await window.ask(request, "CLERK")).results
    assert (again.registered.replayed, again.registered.receipt_code) == (True, code)
    reissue = registration.ReissueReceiptCodeRequest(case_id=case_id, reason="换了诉求人")
    new = (await window.ask(reissue, "SUPPORT")).receipt_code
    assert (await window.refused(track, nobody=True)).reason == "CODE_WRONG"
    (again,) = (await window.ask(request, "CLERK")).results
    assert (again.registered.replayed, again.registered.receipt_code) == (True, "")
    track.receipt_code = new
    assert (await window.ask(track, nobody=True)).case_id == case_id
