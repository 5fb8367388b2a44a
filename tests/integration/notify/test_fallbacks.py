"""A case that a position has for want of a steward is rejected: the position hears of it, once."""

from backstop.intake.v1 import intake_facts_pb2 as intake
from backstop.routing.v1 import routing_facts_pb2 as routing
from backstop.routing.v1 import routing_pb2
from tests.integration.notify.conftest import Notify
from tests.integration.notify.stream import Stream
from tests.integration.notify.test_facts import told
from tests.integration.notify.test_sending import take

OFFICE = "position:GROUP_OFFICE"


async def test_the_holder_of_a_rejected_case_is_told_once(notify: Notify) -> None:
    stream = Stream()
    registered = stream.registered()
    case_id = registered.subject_id
    assigned = routing.CaseAssigned(
        case_id=case_id,
        accountable=OFFICE,
        rule=routing_pb2.ASSIGNMENT_RULE_RESPONSIBILITY,
    )
    await take(notify, registered, stream.fact("routing", case_id, assigned))
    climbed = routing.CaseEscalated(case_id=case_id, accountable="lead1", to_level=1, cycle=1)
    await take(notify, stream.fact("routing", case_id, climbed))
    before = len(await told(notify, case_id))
    rejected = intake.CaseRejected(case_id=case_id, new_cycle=2, reopen_count=1)
    await take(notify, stream.fact("intake", case_id, rejected))
    assigned.previous = OFFICE
    await take(notify, stream.fact("routing", case_id, assigned))
    found = (await told(notify, case_id))[before:]
    assert [one[:2] for one in found] == [
        (OFFICE, "case_rejected"),
        ("position:DUTY_LEAD", "case_rejected"),
    ]
