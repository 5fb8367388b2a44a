"""An assignment that leaves a case with whom it was is told as no new one, to nobody."""

import pytest

from backstop.routing.v1 import routing_facts_pb2, routing_pb2
from services.intake.domain.values import Step
from services.intake.sentences import Narrator, public
from tests.unit.intake.examples import NOW, ZONE

AGAIN = "诉求人不认可，重新办理，回到包保人员。"
KEPT = "诉求人不认可，重新办理，由 position:GROUP_OFFICE 代管。"


def step(**fields: object) -> Step:
    fact = routing_facts_pb2.CaseAssigned(
        rule=routing_pb2.ASSIGNMENT_RULE_RESPONSIBILITY,
        **fields,  # type: ignore[arg-type] # named as its fields are
    )
    payload = fact.SerializeToString()
    return Step("routing", 2, fact.DESCRIPTOR.full_name, NOW, NOW, "service:routing", "", payload)


def staff(told: Step, language: str) -> str:
    return Narrator([told], language, ZONE).tell({("person", "s-1"): "样例乙"})[0]


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"steward": "s-1", "accountable": "s-1"}, 1),
        ({"steward": "s-1", "accountable": "s-1", "previous": "s-2"}, 1),
        ({"steward": "s-1", "accountable": "s-1", "previous": "position:DISPATCH_ROOM"}, 1),
        # With whom it was, on a higher level as well.
        ({"steward": "s-1", "accountable": "s-1", "previous": "s-1"}, 0),
        ({"steward": "s-1", "accountable": "lead1", "previous": "s-1"}, 0),
        # A position has it, and no steward.
        ({"accountable": "position:DISPATCH_ROOM"}, 0),
        ({"accountable": "position:DISPATCH_ROOM", "previous": "s-1"}, 0),
    ],
)
def test_the_reporter_hears_of_a_steward_who_is_new(fields: dict[str, str], count: int) -> None:
    for language, sentence in (("zh-CN", "已明确包保责任人。"), ("en", "It was assigned.")):
        told = public.tell([step(**fields)], language)
        assert [one.sentence for one in told] == [sentence] * count


def test_the_staff_reads_why_it_stays_in_the_same_hands() -> None:
    same = step(steward="s-1", accountable="s-1", previous="s-1", reasons=[AGAIN])
    assert staff(same, "zh-CN") == AGAIN
    assert staff(same, "en") == f"It stays with 样例乙: {AGAIN}"
    queued = step(
        accountable="position:GROUP_OFFICE", previous="position:GROUP_OFFICE", reasons=[KEPT]
    )
    assert staff(queued, "zh-CN") == KEPT
    # While a level has it, the position at the foot is the one before.
    climbed = step(accountable="lead1", previous="position:GROUP_OFFICE", reasons=[KEPT])
    assert staff(climbed, "zh-CN") == KEPT


def test_all_that_is_noted_of_it_is_told() -> None:
    noted = ("登记内容已更正，重新核对后仍由原负责人办理。", "初步回复由 c-1 负责。")
    same = step(
        steward="s-1", accountable="s-1", previous="s-1", reasons=noted, first_reply_by="c-1"
    )
    assert staff(same, "zh-CN") == "".join(noted)


def test_other_hands_are_told_as_an_assignment() -> None:
    for told in (
        step(steward="s-1", accountable="s-1", reasons=["分工表"]),
        step(steward="s-1", accountable="s-1", previous="s-2", reasons=["分工表"]),
        # By hand, even to whom it was given before.
        step(steward="s-1", accountable="s-1", previous="s-1", reasons=["指派"], assigned_by="d-1"),
    ):
        assert staff(told, "zh-CN").startswith("分派给样例乙包保")
        assert staff(told, "en").startswith("Assigned to 样例乙")
